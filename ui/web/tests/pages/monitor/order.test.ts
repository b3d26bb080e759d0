import { describe, expect, test } from "vitest";
import { held, matcher, sorted } from "../../../pages/monitor/order";

describe("rows", () => {
  const rows = [{ id: "a", n: 2 }, { id: "b", n: 9 }, { id: "c", n: 2 }];
  const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).join("");

  test("are sorted by what is asked for, else they stay", () => {
    expect([ids(sorted(rows, undefined, true)), ids(sorted(rows, ({ n }) => n, true)), ids(sorted(rows, ({ n }) => n, false)), ids(sorted(rows, ({ id }) => id, true))])
      .toEqual(["abc", "bac", "acb", "cba"]);
    expect(ids(sorted([{ id: "edge-10" }, { id: "edge-9" }], ({ id }) => id, false))).toBe("edge-9edge-10");
  });

  test("keep their places while they are held, and new ones come last", () => {
    expect(ids(held(rows, ({ id }) => id, new Map([["c", 0], ["a", 1]])))).toBe("cab");
  });

  test("are found by every word of a search", () => {
    const isFound = matcher(" Edge-1  tele ");
    expect([isFound(["gl.space.main.telemetry.edge-1"]), isFound(["telemetry", "edge-1"]), isFound(["telemetry", null]), matcher("")([])]).toEqual([true, true, false, true]);
  });
});
