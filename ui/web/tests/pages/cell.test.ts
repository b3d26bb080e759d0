import { expect, test } from "vitest";
import { layoutFor } from "../../pages/dashboard/cell";

test("cells are as large as they can be while all are in view, and scroll when that would say nothing", () => {
  const layouts = [1, 24, 90, 180, 1_000].map(count => layoutFor(count, 900, 560));
  expect(layouts.map(({ columns, cellHeight }) => [columns, cellHeight])).toEqual([[3, 120], [5, 88], [9, 48], [12, 36], [12, 36]]);
  expect(layouts.map(({ height }) => height <= 560)).toEqual([true, true, true, true, false]);
  for (const { columns, cellWidth } of layouts) expect(columns * cellWidth).toBeCloseTo(900);
});

test("a narrow box has one column, an empty one no height", () => {
  expect(layoutFor(3, 60, 500)).toMatchObject({ columns: 1, cellWidth: 60 });
  expect(layoutFor(0, 900, 560).height).toBe(0);
});
