// The shapes of the patterns at moments that the simulator's tests have too, and numbers as the firmware reads them.

import { expect, test } from "vitest";
import { Lights } from "../../device/lights";
import { LEDS, PATTERNS, type Pattern, STOCK_SPRING, light, parsePattern, springOf, swing } from "../../device/pattern";
import { color, hex, int, threeBytes } from "../../device/read";

const at = (pattern: Pattern, ms: number) => light(pattern, ms, STOCK_SPRING);
const first = (pattern: Pattern, ms: number) => at(pattern, ms)[0]!;

test("a breath goes up and down", () => {
  const [dark, half, bright, again] = [0, 1_000, 2_000, 3_000].map(ms => first("breathing", ms));
  expect(dark).toBeLessThan(0.01);
  expect(bright).toBeGreaterThan(0.99);
  expect(half).toBeCloseTo(0.5, 2);
  expect(again).toBeCloseTo(0.5, 2);
});

test("a heart beats twice and rests", () => {
  const [one, between, two, rest] = [100, 220, 350, 700].map(ms => first("heartbeat", ms));
  expect(one).toBeGreaterThan(0.99);
  expect(two).toBeCloseTo(0.6, 2);
  expect([between, rest]).toEqual([0, 0]);
});

test("a cycle lights one after another", () => {
  expect(at("cycle", 0)).toEqual([1, 0, 0, 0, 0, 0.25]);
  expect(at("cycle", 250)).toEqual([0.25, 1, 0, 0, 0, 0]);
  expect(at("cycle", 1_200)).toEqual(at("cycle", 0));
});

test("a spring swings out, and no parameters break it", () => {
  expect(first("spring", 0)).toBeGreaterThan(0.999);
  expect(first("spring", 653), "a quarter of a swing").toBeLessThan(0.01);
  expect(first("spring", 1_060)).toBeGreaterThan(0.2);
  expect(first("spring", 1_060), "half a swing, damped").toBeLessThan(0.8);
  expect(first("spring", 20_000)).toBeLessThan(0.001);
  // Far too damped it creeps back: e to the power of -time · constant / damping.
  expect(swing(springOf([1, 255, 0]), 60_000)).toBeCloseTo(Math.exp((-60 * 0.1) / 25.5), 3);
  for (const constant of [0, 1, 100, 255]) {
    for (const damping of [0, 1, 20, 255]) {
      for (const mass of [0, 10, 255]) {
        for (const seconds of [0, 1, 60, 1e6]) {
          expect(Math.abs(swing(springOf([constant, damping, mass]), seconds * 1_000))).toBeLessThan(1.01);
        }
      }
    }
  }
});

test("patterns have the names of the registry", () => {
  expect(PATTERNS.map(parsePattern)).toEqual([...PATTERNS]);
  for (const name of ["disco", "Solid", "", "toString"]) expect(parsePattern(name)).toBeUndefined();
});

test("who wants nothing to move sees a pattern that stands still", () => {
  const lights = new Lights();
  for (const pattern of PATTERNS) {
    lights.play(pattern, 500);
    expect(lights.still().map(hex)[0], pattern).toBe(pattern === "off" ? "000000" : "ffffff");
    expect(lights.still()).toHaveLength(LEDS);
  }
});

test("numbers are what can be read of them", () => {
  const given = ["12", " 12x", "-3", "+4", "", "x", "99999999999", "-99999999999", "1.9", "- 3"];
  expect(given.map(int)).toEqual([12, 12, -3, 4, 0, 0, 2_147_483_647, -2_147_483_647, 1, 0]);
});

test("colours are plain hex", () => {
  const given = ["ff8000", "FF8000", "ff", "#ff0000", "red", "0x102030", "12ff8000", "", " 00ff00 ", "00ff00zz", "-1", "f".repeat(500)];
  const expected = [
    "ff8000", "ff8000", "0000ff", "000000", "000000", "102030", "ff8000", "000000", "00ff00", "00ff00", "ffffff", "ffffff",
  ];
  expect(given.map(text => hex(color(text)))).toEqual(expected);
});

test("three bytes are six digits and nothing else", () => {
  expect(threeBytes("64140a")).toEqual([0x64, 0x14, 0x0a]);
  for (const text of ["64140", "64140a0", "#64140", "64140g", "-64140", "ééé", ""]) expect(threeBytes(text), text).toBeUndefined();
});
