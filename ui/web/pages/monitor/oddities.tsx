// Devices with which something is wrong: ids that two have, ids that come and go, and devices that are there and say nothing.

import { ago } from "../../design/ago";
import { Card } from "../../design/parts";
import { count } from "../../design/words";
import { Aged, agedClass } from "./aged";
import { type Column, Rows, unsorted } from "./rows";
import { toDevice, toNode } from "./route";
import { agedMs, isHearing, sinceMs, system } from "./state";

interface Odd {
  readonly what: "clash" | "flapping" | "silent";
  readonly space: string;
  readonly device: string;
  readonly words: preact.ComponentChildren;
}

/** All of them, the worst first. */
function odd(): readonly Odd[] {
  const { clashes = [], flapping = [], silent = [] } = system.value?.devices ?? {};
  return [
    ...clashes.map(({ space, device, nodes, since }): Odd => ({
      what: "clash", space, device,
      words: <>two send under this id, {nodes.length > 1 ? "on " : "both on "}{nodes.map((node, place) => <span key={node}>{place > 0 && " and "}<a class="mono" href={toNode(node)}>{node}</a></span>)}, for {ago(sinceMs(since))}</>,
    })),
    ...flapping.map(({ space, device, times, within_s }): Odd => ({ what: "flapping", space, device, words: <>came and went {count(times, "time")} within {ago(within_s * 1_000)}</> })),
    ...silent.map(({ space, device, node, silent_ms }): Odd => ({
      what: "silent", space, device,
      words: <>is connected to <a class="mono" href={toNode(node)}>{node}</a>, and has sent nothing for {ago(agedMs(silent_ms))}</>,
    })),
  ];
}

const COLUMNS: readonly Column<Odd>[] = [
  { key: "device", label: "Device", kind: "words", width: 6, rank: 1, cell: ({ space, device }) => <a class="mono name" href={toDevice(space, device)}>{device}</a> },
  { key: "space", label: "Space", kind: "words", width: 9, rank: 2, cell: ({ space }) => <span class="mono">{space}</span> },
  { key: "what", label: "What", kind: "words", rank: 1, cell: ({ words }) => words },
];

const sort = unsorted();
const keyOf = ({ what, space, device }: Odd): string => `${what} ${space} ${device}`;

/** What is odd about one device. */
export const oddWith = (space: string, device: string): readonly Odd[] => odd().filter(one => one.space === space && one.device === device);

export function Oddities() {
  const rows = odd();
  return (
    <Card title={<>Clashes, flapping and silent devices <span class="quiet">{rows.length === 0 ? "" : rows.length}</span></>} aside={<Aged />} class={agedClass()}>
      {rows.length === 0 ? <p class="quiet">{isHearing.value ? "None: every device has an id of its own, stays, and sends." : "None that is known of."}</p>
        : <Rows label="Table of clashes, flapping and silent devices" rows={rows} columns={COLUMNS} keyOf={keyOf} sort={sort} />}
    </Card>
  );
}
