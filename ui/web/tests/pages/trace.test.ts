import { expect, test } from "vitest";
import { copied, FRAMES, GAPS, SAMPLES, Trace } from "../../pages/control/inspector/trace";

const at = new Date(0);
const digits = (ax = "80", tap = "00") => `1a2b${ax}80bf00112233${tap}`;

/** A trace of frames with these gaps between them, in milliseconds. */
function traced(...gaps: readonly number[]): { trace: Trace; now: number } {
  const trace = new Trace();
  let now = 1_000;
  trace.take(digits(), now, at);
  for (const gap of gaps) trace.take(digits(), (now += gap), at);
  return { trace, now };
}

test("the newest values, taps, and when they came", () => {
  const { trace } = traced();
  for (const [ax, tap] of [["00", "ff"], ["01", "ff"], ["02", "00"], ["ff", "ff"]] as const) trace.take(digits(ax, tap), 2_000 + parseInt(ax, 16), at);
  expect(trace.reading).toMatchObject({ id: 0x1a2b, ax: 255, ay: 128, az: 191, dSW: 51, tap: true });
  expect([trace.count, trace.taps, trace.tappedMs, trace.cameMs]).toEqual([5, 2, 2_255, 2_255]);
  trace.take("no frame", 9_000, at);
  expect([trace.count, trace.cameMs, trace.reading.ax]).toEqual([5, 2_255, 255]);
  expect([...trace.samples.slice(0, 15)].filter((_, place) => place % 3 === 0)).toEqual([128, 0, 1, 2, 255]);
});

test("jitter is that of the last gaps", () => {
  expect(traced(50).trace.jitter()).toBeUndefined();
  const { trace } = traced(...Array.from({ length: 98 }, () => 50), 10, 170);
  expect(trace.jitter()).toEqual({ median: 50, p99: 50, most: 170, count: 100 });
  const skewed = traced(...Array.from({ length: 97 }, () => 50), 90, 80, 70).trace;
  expect(skewed.jitter()).toEqual({ median: 50, p99: 80, most: 90, count: 100 });
});

test("an absence is no jitter", () => {
  const { trace } = traced(50, 50, 6_000, 50);
  expect(trace.jitter()).toEqual({ median: 50, p99: 50, most: 50, count: 3 });
});

test("the rate falls when it is silent", () => {
  const { trace, now } = traced(50, 50, 50, 50);
  expect(new Trace().rate(0)).toBe(0);
  expect([now, now + 100, now + 200, now + 5_000].map(time => Math.round(trace.rate(time)))).toEqual([20, 20, 10, 0]);
});

test("only the last ones are kept", () => {
  const { trace } = traced(...Array.from({ length: 1_000 }, (_, count) => (count < 500 ? 9 : 20)));
  expect(trace.frames()).toHaveLength(FRAMES);
  expect(trace.frames().map(({ number }) => number).slice(0, 2)).toEqual([1_000, 999]);
  expect([trace.jitter()?.count, trace.jitter()?.median, trace.samples.length]).toEqual([GAPS, 20, SAMPLES * 3]);
});

test("what is copied is in the order in which it came", () => {
  const trace = new Trace();
  trace.take(digits("00"), 0, at);
  trace.take(digits("01"), 50, at);
  expect(copied(trace.frames())).toBe(`${digits("00")}\n${digits("01")}\n`);
});
