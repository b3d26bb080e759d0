// Spaces, the busiest first: who is there, what they send, and how commands are answered.

import { bytes, rate, took, whole } from "../../design/words";
import { type Column, Rows, sorting } from "./rows";
import { toSpace } from "./route";
import type { Space } from "./system";

const figure = (key: string, label: string, width: number, rank: 1 | 2 | 3, of: (space: Space) => number, write = rate): Column<Space> =>
  ({ key, label, kind: "figure", width, rank, by: of, cell: space => write(of(space)) });

const latency = (key: "p50" | "p99"): Column<Space> => ({
  key, label: key, kind: "figure", width: 4.5, rank: key === "p50" ? 3 : 2,
  by: space => space.latency_us?.[key] ?? -1,
  cell: space => (space.latency_us ? took(space.latency_us[key]) : "–"),
});

const COLUMNS: readonly Column<Space>[] = [
  {
    key: "space", label: "Space", kind: "words", rank: 1, by: ({ space }) => space,
    cell: ({ space }) => <a class="mono name" href={toSpace(space)}>{space}</a>,
  },
  figure("devices", "Devices", 5, 1, one => one.devices, whole),
  figure("viewers", "Viewers", 5, 2, one => one.viewers, whole),
  figure("frames", "Frames/s", 5.5, 1, one => one.frames_per_s),
  figure("messages", "Messages/s", 6.5, 3, one => one.messages_per_s),
  figure("bytes", "Bytes/s", 5.5, 3, one => one.bytes_per_s, bytes),
  figure("commands", "Commands/s", 7, 2, one => one.commands_per_s),
  figure("success", "Success/s", 5.5, 3, one => one.answers.success),
  figure("failed", "Failed/s", 5, 2, one => one.answers.failed),
  figure("all", "To all/s", 5, 3, one => one.answers.sent_to_all),
  figure("error", "Errors/s", 5, 3, one => one.answers.error),
  latency("p50"),
  latency("p99"),
  figure("clashes", "Clashes", 5, 3, one => one.clashes, whole),
];

const sort = sorting("spaces");
const keyOf = ({ space }: Space): string => space;

export function Spaces({ rows }: { rows: readonly Space[] }) {
  return <Rows label="Table of spaces" rows={rows} columns={COLUMNS} keyOf={keyOf} sort={sort} />;
}
