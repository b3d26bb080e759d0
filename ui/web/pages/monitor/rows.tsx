// A table that stays quick with thousands of rows: only those in view exist, and each is written anew only where it changed. It can be sorted
// by each column; while somebody points at it or is in it with the keys, rows keep their places.

import { type Signal, signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { remembered } from "../../design/remembered";
import { type By, held, sorted } from "./order";

/** Heights of a row, in pixels: on a phone a name may need two lines. */
const [LOW, HIGH] = [36, 52];
const narrow = matchMedia("(max-width: 40rem)");
const rowPx = signal(narrow.matches ? HIGH : LOW);
narrow.addEventListener("change", ({ matches }) => (rowPx.value = matches ? HIGH : LOW));

/** Rows beyond what is in view, on either side. */
const SPARE = 4;

/** Figures, which are written to the right; or words. */
export type Kind = "figure" | "words";

export interface Column<T> {
  readonly key: string;
  readonly label: string;
  readonly kind: Kind;
  /** In rem; the one without takes what is left. */
  readonly width?: number;
  /** Shown where there is room: 1 always, 2 from a tablet on, 3 on a desk. */
  readonly rank: 1 | 2 | 3;
  readonly by?: By<T>;
  readonly cell: (row: T) => ComponentChildren;
}

interface Sort {
  readonly key: string;
  readonly isFalling: boolean;
}

/** What a table is sorted by, also after a reload. Nothing: as the monitor sorted it, the busiest first. */
export const sorting = (name: string): Signal<Sort | undefined> =>
  remembered<Sort | undefined>(`monitor.${name}`, undefined, text => {
    const [, key, direction] = /^([a-z0-9_]+) (up|down)$/.exec(text) ?? [];
    return key === undefined ? undefined : { key, isFalling: direction === "down" };
  }, sort => sort && `${sort.key} ${sort.isFalling ? "down" : "up"}`);

/** A table that nobody sorts. */
export const unsorted = (): Signal<Sort | undefined> => signal<Sort | undefined>(undefined);

/** Clicked: by this column, figures from the most down and words from A on; once more, the other way; and then as it was. */
function next<T>(now: Sort | undefined, { key, kind }: Column<T>): Sort | undefined {
  const first = kind === "figure";
  if (now?.key !== key) return { key, isFalling: first };
  return now.isFalling === first ? { key, isFalling: !first } : undefined;
}

function Head<T>({ column, sort }: { column: Column<T>; sort: Signal<Sort | undefined> }) {
  const { key, label, kind, rank, by } = column;
  const now = sort.value?.key === key ? sort.value : undefined;
  return (
    <th scope="col" class={`${kind} rank-${rank}`} aria-sort={now && (now.isFalling ? "descending" : "ascending")}>
      {by ? (
        <button type="button" class="sort" onClick={() => (sort.value = next(sort.peek(), column))}>
          {label}{now && <span aria-hidden="true"> {now.isFalling ? "▼" : "▲"}</span>}
        </button>
      ) : label}
    </th>
  );
}

export function Rows<T>(props: {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  keyOf: (row: T) => string;
  sort: Signal<Sort | undefined>;
  /** Whether the figures of a row are not of now. */
  isOld?: (row: T) => boolean;
  /** Every column is shown on every screen, and what has no room is scrolled to: for rows that lead to no place with the rest of their figures. */
  isWhole?: boolean;
}) {
  const { label, columns, keyOf, sort, isOld, isWhole } = props;
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const isOver = useSignal(false);
  const isIn = useSignal(false);
  const places = useRef<ReadonlyMap<string, number>>(new Map());
  const sortedBy = useRef<Sort>(undefined);
  const column = columns.find(({ key }) => key === sort.value?.key);
  const isHeld = (isOver.value || isIn.value) && sortedBy.current === sort.value;
  const rows = isHeld ? held(props.rows, keyOf, places.current) : sorted(props.rows, column?.by, sort.value?.isFalling ?? false);
  places.current = new Map(rows.map((row, place) => [keyOf(row), place]));
  sortedBy.current = sort.value;
  const row = rowPx.value;
  const height = box.current?.clientHeight || 20 * row;
  const most = Math.max(0, rows.length - Math.floor(height / row));
  const first = Math.max(0, Math.min(Math.floor(top.value / row), most) - SPARE);
  const end = Math.min(rows.length, first + Math.ceil(height / row) + 2 * SPARE);
  const gap = (count: number) => count > 0 && <tr aria-hidden="true" class="gap" style={{ height: `${count * row}px` }}><td /></tr>;
  return (
    <div
      ref={box}
      class={`rows ${isWhole ? "whole" : ""}`}
      tabIndex={0}
      role="region"
      aria-label={label}
      onScroll={event => (top.value = event.currentTarget.scrollTop)}
      onPointerEnter={() => (isOver.value = true)}
      onPointerLeave={() => (isOver.value = false)}
      onFocusIn={({ target }) => (isIn.value = (target as Element).closest("tbody") !== null)}
      onFocusOut={() => (isIn.value = false)}
    >
      <table aria-rowcount={rows.length + 1}>
        <colgroup>
          {columns.map(({ key, width, rank }) => <col key={key} class={`rank-${rank}`} style={width === undefined ? {} : { width: `${width}rem` }} />)}
        </colgroup>
        <thead><tr aria-rowindex={1}>{columns.map(column => <Head key={column.key} column={column} sort={sort} />)}</tr></thead>
        <tbody>
          {gap(first)}
          {rows.slice(first, end).map((one, at) => (
            <tr key={keyOf(one)} class={isOld?.(one) ? "old" : ""} aria-rowindex={first + at + 2} style={{ height: `${row}px` }}>
              {columns.map(({ key, kind, rank, cell }, place) => place === 0
                ? <th key={key} scope="row" class={`${kind} rank-${rank}`}>{cell(one)}</th>
                : <td key={key} class={`${kind} rank-${rank}`}>{cell(one)}</td>)}
            </tr>
          ))}
          {gap(rows.length - end)}
        </tbody>
      </table>
    </div>
  );
}
