import { expect, test } from "vitest";
import { MINUTE, pathOf } from "../../design/spark";

test("a line goes from zero to the most that there was, and ends at the right edge", () => {
  expect(pathOf([0, 10, 5], 59, 24)).toBe("M57.0 22.0L58.0 2.0L59.0 12.0");
  expect(pathOf(Array.from({ length: MINUTE }, () => 3), 59, 24)).toMatch(/^M0\.0 2\.0.*L59\.0 2\.0$/);
});

test("less than one a second stays near the ground, and nothing is no line", () => {
  expect(pathOf([0.5], 59, 24)).toBe("M59.0 12.0");
  expect(pathOf([], 59, 24)).toBe("");
});
