// Which rows of a table are shown, and in which order. Pure.

/** What rows are sorted by: a number or a text of each. */
export type By<T> = (row: T) => number | string;

const compare = (one: number | string, other: number | string): number =>
  typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true });

/** Sorted; as they came where nothing is said, and where two are the same. */
export function sorted<T>(rows: readonly T[], by: By<T> | undefined, isFalling: boolean): readonly T[] {
  if (!by) return rows;
  const sign = isFalling ? -1 : 1;
  return rows.map(row => ({ row, value: by(row) })).sort((one, other) => sign * compare(one.value, other.value)).map(({ row }) => row);
}

/** In the order that they had, those that are new last: while somebody points at a row, none moves away under the pointer. */
export function held<T>(rows: readonly T[], keyOf: (row: T) => string, before: ReadonlyMap<string, number>): readonly T[] {
  return sorted(rows, row => before.get(keyOf(row)) ?? Infinity, false);
}

/** The words of a search: every one must be somewhere in a row. */
export function matcher(find: string): (texts: readonly (string | null)[]) => boolean {
  const words = find.toLowerCase().split(/\s+/).filter(word => word !== "");
  return texts => words.every(word => texts.some(text => text?.toLowerCase().includes(word)));
}
