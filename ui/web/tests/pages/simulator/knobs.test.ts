import { expect, test } from "vitest";
import { BODY, CROWD, FAULTS, type Knob, mixOf, partsOf, patchOf, readNumber, sliderOf, together, valueAt, valueOf } from "../../../pages/simulator/knobs";

const all = [...CROWD, ...BODY, ...FAULTS];
const knob = (key: string): Knob => all.find(one => one.key === key)!;
const devices = knob("devices"), rate = knob("rate_hz"), silent = knob("faults.silent"), missing = knob("radio.missing");

test("what a knob stands at is read from the definition, shares in per cent", () => {
  const definition = { rate_hz: 20, taps: { per_second: 0.1 }, radio: { missing: 0.25 }, faults: { silent: 5, malformed: "12.5%", flapping: 0.2 } };
  expect(valueOf(definition, devices, 50)).toBe(50);
  expect(valueOf(definition, rate, 50)).toBe(20);
  expect(valueOf(definition, knob("taps.per_second"), 50)).toBe(0.1);
  expect(valueOf(definition, missing, 50)).toBe(25);
  expect(["silent", "malformed", "flapping", "slow_links"].map(key => valueOf(definition, knob(`faults.${key}`), 50))).toEqual([10, 12.5, 20, 0]);
});

test("a change says what the simulator would read so, and several become one", () => {
  expect(patchOf(devices, 51)).toEqual({ devices: 51 });
  // Of JSON's numbers a whole one is so many devices, so a share is in per cent.
  expect(patchOf(silent, 100)).toEqual({ faults: { silent: "100%" } });
  expect(patchOf(missing, 50)).toEqual({ radio: { missing: 0.5 } });
  expect(together([{ devices: 1 }, { faults: { silent: "1%" } }, { faults: { flapping: "2%" } }, { devices: 2 }, { motion: { walk: 1 } }, { motion: "rest" }]))
    .toEqual({ devices: 2, faults: { silent: "1%", flapping: "2%" }, motion: "rest" });
});

test("a typed number is one, or it is said what it must be", () => {
  expect([readNumber(devices, " 70 "), readNumber(rate, "0,5"), readNumber(rate, "1e2")]).toEqual([70, 0.5, 100]);
  // As this page writes them, and others do.
  expect(["65,536", "2 000", "2’000", "1,000.0"].map(text => readNumber(devices, text))).toEqual([65_536, 2_000, 2_000, 1_000]);
  expect([readNumber(rate, "1,000"), readNumber(rate, "12,5"), readNumber(rate, "1,000.5")]).toEqual([1_000, 12.5, "It must be a number from 0.1 to 1,000."]);
  for (const text of ["2,00", "1,0000", "1,000,00", ",000"]) expect(readNumber(devices, text), text).toBeTypeOf("string");
  for (const text of ["", "x", "0", "1.5", "65537", "-3", "Infinity"]) expect(readNumber(devices, text)).toBe("It must be a whole number from 1 to 65,536.");
  expect(readNumber(rate, "0")).toBe("It must be a number from 0.1 to 1,000.");
});

test("every slider starts and ends where it says, goes up all the way, and comes back to where it was", () => {
  for (const one of all) {
    const { min, max, step } = sliderOf(one, 0);
    expect([valueAt(one, min), valueAt(one, max)], one.key).toEqual([one.slider.least, one.slider.most]);
    let before = -Infinity;
    for (let at = min; at <= max; at += step) {
      const value = valueAt(one, at);
      expect(value, one.key).toBeGreaterThanOrEqual(before);
      expect(typeof readNumber(one, String(value)), `${one.key} at ${value}`).toBe("number");
      before = value;
    }
  }
  // A person who drags devices to about fifty gets fifty.
  expect(valueAt(devices, sliderOf(devices, 50).at)).toBe(50);
  expect(sliderOf(devices, 60_000).at).toBe(sliderOf(devices, 5_000).at);
});

test("a mix is shown in parts of a hundred, whatever it was written in", () => {
  expect(mixOf("dance")).toEqual({ flock: 0, walk: 0, dance: 100, rest: 0, free: 0 });
  expect(partsOf(mixOf({ walk: 0.5, rest: 0.5 }))).toEqual({ flock: 0, walk: 50, dance: 0, rest: 50, free: 0 });
  expect(partsOf(mixOf({ walk: 30, rest: 60 }))).toMatchObject({ walk: 30, rest: 60 });
  expect(partsOf(mixOf({ walk: 3_000, rest: 1_000 }))).toMatchObject({ walk: 75, rest: 25 });
});
