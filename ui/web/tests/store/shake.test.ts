import { expect, test } from "vitest";
import { shakeOf } from "../../store/shake";
import { HISTORY } from "../../store/swarm";

/** A device of which these samples came, in the second place. */
function device(samples: readonly number[]) {
  const history = new Uint8Array(2 * HISTORY).fill(255);
  samples.forEach((sample, at) => (history[HISTORY + (at % HISTORY)] = sample));
  return { frames: Uint32Array.of(500, samples.length), history };
}

test("a device at rest is not shaken, whichever way it lies", () => {
  expect(shakeOf(device(Array<number>(30).fill(64)), 1)).toBeCloseTo(0, 1);
});

test("one that is thrown about is, and the longer ago the less", () => {
  const thrown = Array.from({ length: 20 }, (_, at) => (at % 2 ? 230 : 5));
  expect(shakeOf(device(thrown), 1)).toBeGreaterThan(1.5);
  expect(shakeOf(device([...thrown, ...Array<number>(5).fill(64)]), 1)).toBeCloseTo(shakeOf(device(thrown), 1) / 2, 0);
  expect(shakeOf(device([...thrown, ...Array<number>(10).fill(64)]), 1)).toBeCloseTo(0, 1);
});

test("samples are a ring", () => {
  const long = Array.from({ length: HISTORY + 4 }, (_, at) => (at >= HISTORY - 6 ? 255 : 64));
  expect(shakeOf(device(long), 1)).toBeCloseTo((255 - 63.75) / 63.75, 5);
});

test("one blow is no shaking, and of a device that has just come nobody knows", () => {
  expect(shakeOf(device([...Array<number>(20).fill(64), 255, 64, 64]), 1)).toBeLessThan(0.4);
  expect(shakeOf(device([255, 0, 255]), 1)).toBe(0);
});
