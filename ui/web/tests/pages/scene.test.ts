import { expect, test } from "vitest";
import { composed, resolved, targetWords } from "../../pages/control/scene";
import { freeId, idFor } from "../../pages/control/draft";
import type { Told } from "../../store/told";

const groups = new Map([
  ["front-row", { document: { title: "Front row", devices: ["1a2c", "1a2b"] } }],
  ["nobody", { document: { title: "Nobody", devices: [] } }],
]);

test("a scene comes to orders for those whom it names, and says who is not there", () => {
  const found = resolved([
    { target: "all", command: "led", parameters: ["ff8000"] },
    { target: { group: "front-row" }, command: "brightness", parameters: [9] },
    { target: { group: "back-row" }, command: "reset" },
    { target: { group: "nobody" }, command: "reset" },
    { target: ["1a2b", "beef"], command: "led_set", parameters: [0, "red"] },
  ], groups, id => id === "1a2b");
  expect(found).toEqual({
    orders: [
      { to: "all", command: "led", parameters: ["ff8000"] },
      { to: ["1a2c", "1a2b"], command: "brightness", parameters: ["9"] },
      { to: ["1a2b", "beef"], command: "led_set", parameters: ["0", "red"] },
    ],
    missing: ["back-row"],
    empty: ["Nobody"],
    away: ["1a2c", "beef"],
  });
});

test("what devices were told last becomes steps", () => {
  const told: Record<string, Told> = { "1a2b": { color: "ff0000", pattern: "cycle" }, "1a2c": { color: "ff0000" }, "1a2d": {} };
  expect(composed(["1a2b", "1a2c", "1a2d"], id => told[id] ?? {})).toEqual({
    steps: [
      { target: ["1a2b", "1a2c"], command: "led", parameters: ["ff0000"] },
      { target: ["1a2b"], command: "pattern", parameters: ["cycle"] },
    ],
    untold: ["1a2d"],
  });
});

test("whom a step is for, in words", () => {
  expect([targetWords("all", groups), targetWords({ group: "front-row" }, groups), targetWords({ group: "gone" }, groups), targetWords(["1a2b"], groups), targetWords(["1a2b", "1a2c"], groups)])
    .toEqual(["all devices", "Front row", "gone, which is not there", "1a2b", "2 devices"]);
});

test.each([["Front row", "front-row"], ["  Grün & Blau! ", "gru-n-blau"], ["日本", "untitled"], ["x".repeat(64), "x".repeat(48)]])("the id for %s", (title, id) => {
  expect(idFor(title)).toBe(id);
});

test("an id that is taken has a number", () => {
  expect(freeId("Front row", new Set(["front-row", "front-row-2"]))).toBe("front-row-3");
});
