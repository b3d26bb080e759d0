import { expect, test } from "vitest";
import { flashLeft, hex, layoutFor, opacity } from "../../pages/dashboard/cell";

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

test("a colour is written with all its digits", () => {
  expect([0, 0xff, 0xff8000].map(hex)).toEqual(["#000000", "#0000ff", "#ff8000"]);
});

test("a device that says nothing fades step by step, and can still be seen", () => {
  const steps = [0, 999, 1_000, 2_500, 4_000, 60_000].map(opacity);
  expect(steps).toEqual([1, 1, 0.7, 0.55, 0.35, 0.35]);
});

test("a flash goes from all to nothing, also when the tap is newer than the picture", () => {
  expect([flashLeft(1_000, 990), flashLeft(1_000, 1_000), flashLeft(1_000, 1_100), flashLeft(1_000, 5_000)]).toEqual([1, 1, 0.75, 0]);
  expect(flashLeft(-Infinity, 0)).toBe(0);
});
