// Subjects, the busiest first, each with its last minute.

import { Spark } from "../../design/figures";
import { bytes, rate } from "../../design/words";
import { type Column, Rows, sorting } from "./rows";
import { toNode, toSpace, toTap } from "./route";
import { history, system } from "./state";
import type { Subject } from "./system";

const COLUMNS: readonly Column<Subject>[] = [
  {
    key: "subject", label: "Subject", kind: "words", rank: 1, by: ({ subject }) => subject,
    cell: ({ subject }) => <a class="mono name" href={toTap(subject)} title={`See what is said on ${subject}`}>{subject}</a>,
  },
  { key: "kind", label: "Kind", kind: "words", width: 6, rank: 3, by: ({ kind }) => kind, cell: ({ kind }) => kind },
  {
    key: "space", label: "Space", kind: "words", width: 9, rank: 3, by: ({ space }) => space ?? "",
    cell: ({ space }) => (space === null ? "–" : <a class="mono name" href={toSpace(space)}>{space}</a>),
  },
  {
    key: "node", label: "Node", kind: "words", width: 11, rank: 3, by: ({ node }) => node ?? "",
    cell: ({ node }) => (node === null ? "–" : <a class="mono name" href={toNode(node)}>{node}</a>),
  },
  { key: "messages", label: "Messages/s", kind: "figure", width: 6.5, rank: 1, by: one => one.messages_per_s, cell: one => rate(one.messages_per_s) },
  { key: "bytes", label: "Bytes/s", kind: "figure", width: 6, rank: 2, by: one => one.bytes_per_s, cell: one => bytes(one.bytes_per_s) },
  { key: "minute", label: "Last minute", kind: "words", width: 9, rank: 2, cell: one => <Spark values={history.of(one.subject)} label="Messages a second in the last minute" /> },
];

const sort = sorting("subjects");
const keyOf = ({ subject }: Subject): string => subject;

/** A node that is silent sends nothing that is known: what its subjects had is not of now. */
function isOld({ node }: Subject): boolean {
  return node !== null && system.value?.nodes.some(one => one.node === node && one.state !== "live") === true;
}

/** `without` a column that has the same in each row. */
export function Subjects({ rows, label = "Table of subjects", without }: { rows: readonly Subject[]; label?: string; without?: "space" | "node" }) {
  return <Rows label={label} rows={rows} columns={COLUMNS.filter(({ key }) => key !== without)} keyOf={keyOf} sort={sort} isOld={isOld} />;
}
