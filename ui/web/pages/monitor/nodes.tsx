// Nodes: whether they are there, what they run, who is connected to them and what they lose.

import { ago } from "../../design/ago";
import { bytes, rate, took, whole } from "../../design/words";
import { type Column, Rows, sorting } from "./rows";
import { toNode } from "./route";
import { agedMs, isHearing } from "./state";
import type { Drop, Node, NodeState } from "./system";

/** How something is, in a word, and for how long. What is not known to be live was live. */
export function State({ state, ageMs, isKnown }: { state: NodeState | "away" | "left"; ageMs: number; isKnown: boolean }) {
  if (state !== "live") return <span class="state" data-state={state === "silent" || state === "left" ? "silent" : "gone"}>{state} {ago(agedMs(ageMs))}</span>;
  return isKnown ? <span class="state" data-state="live">live</span> : <span class="state" data-state="unknown">was live</span>;
}

/** Shares of a core. */
export const cores = (cores: number | null): string => (cores === null ? "–" : `${(cores * 100).toFixed(cores < 0.1 ? 1 : 0)} %`);

/** Why something was dropped, as people say it. */
export const reasonWords = (reason: string): string => reason.replaceAll("_", " ");

const dropped = (drops: readonly Drop[]): number => drops.reduce((sum, { per_s }) => sum + per_s, 0);

/** The rate of all reasons, and the reason that has most of it. */
function Drops({ drops }: { drops: readonly Drop[] }) {
  const all = dropped(drops);
  const most = drops.reduce<Drop | undefined>((most, one) => (one.per_s > (most?.per_s ?? 0) ? one : most), undefined);
  return <>{most && <span class="quiet">{reasonWords(most.reason)} </span>}{rate(all)}</>;
}

const figure = (key: string, label: string, width: number, rank: 1 | 2 | 3, of: (node: Node) => number | null, write: (value: number) => string = whole): Column<Node> => ({
  key, label, kind: "figure", width, rank,
  by: node => of(node) ?? -1,
  cell: node => {
    const value = of(node);
    return value === null ? "–" : write(value);
  },
});

const COLUMNS: readonly Column<Node>[] = [
  {
    key: "node", label: "Node", kind: "words", rank: 1, by: ({ node }) => node,
    cell: ({ node }) => <a class="mono name" href={toNode(node)}>{node}</a>,
  },
  { key: "role", label: "Role", kind: "words", width: 5.5, rank: 2, by: ({ role }) => role, cell: ({ role }) => role },
  { key: "state", label: "State", kind: "words", width: 7, rank: 1, by: ({ state, age_ms }) => (state === "live" ? 0 : age_ms), cell: ({ state, leaving, age_ms }) => <State state={state === "gone" && leaving ? "left" : state} ageMs={age_ms} isKnown={isHearing.value} /> },
  { key: "version", label: "Version", kind: "words", width: 5, rank: 3, by: ({ version }) => version, cell: ({ version }) => version },
  figure("connections", "Connections", 7.5, 3, one => one.connections),
  figure("devices", "Devices", 5, 1, one => one.devices),
  figure("viewers", "Viewers", 5, 2, one => one.viewers),
  figure("cpu", "CPU", 4.5, 2, one => one.cores, cores),
  figure("memory", "Memory", 5.5, 2, one => one.memory_bytes, bytes),
  figure("round", "Round trip", 6, 3, one => one.round_trip_us, took),
  { key: "drops", label: "Drops/s", kind: "figure", width: 9.5, rank: 3, by: ({ drops }) => dropped(drops), cell: ({ drops }) => <Drops drops={drops} /> },
];

const sort = sorting("nodes");
const keyOf = ({ node }: Node): string => node;
const isOld = ({ state }: Node): boolean => state !== "live";

export function Nodes({ rows }: { rows: readonly Node[] }) {
  return <Rows label="Table of nodes" rows={rows} columns={COLUMNS} keyOf={keyOf} sort={sort} isOld={isOld} />;
}
