import { expect, test } from "vitest";
import { flashLeft, hex, opacity } from "../../design/looks";

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
