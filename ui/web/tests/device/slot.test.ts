// The slot of the firmware, the beat of the frames, ids, and whose frames come back.

import { expect, test } from "vitest";
import { SteadyClock } from "../../device/clock";
import { Echo } from "../../device/echo";
import { anyId, parseId } from "../../device/id";
import { CommandSlot } from "../../device/slot";

test("the first of two within a look is lost", () => {
  const slot = new CommandSlot();
  expect(slot.put("led:ff0000", 1)).toEqual({ seen: undefined, lost: undefined });
  expect(slot.dueMs).toBe(10);
  expect(slot.put("vibrate:100", 9)).toEqual({ seen: undefined, lost: "led:ff0000" });
  expect([9, 10, 20].map(now => slot.take(now))).toEqual([undefined, "vibrate:100", undefined]);
  expect(slot.dueMs).toBeUndefined();
});

test("two with a look between are both seen", () => {
  const slot = new CommandSlot();
  slot.put("led:ff0000", 9);
  expect(slot.put("vibrate:100", 11)).toEqual({ seen: "led:ff0000", lost: undefined });
  expect(slot.take(20)).toBe("vibrate:100");
});

test("one in the very moment of a look waits for the next, and what is too long takes no memory", () => {
  const slot = new CommandSlot();
  slot.put("status:", 10);
  expect(slot.dueMs).toBe(20);
  expect(slot.put("x".repeat(4_097), 20)).toEqual({ seen: "status:", lost: `${"x".repeat(40)}…` });
  expect(slot.dueMs).toBeUndefined();
});

test("the beat does not drift, however late one looks", () => {
  const clock = new SteadyClock(1_000);
  let frames = 0;
  for (let now = 1_000; now <= 61_000; now += 16.7 + (now % 7)) frames += clock.due(now);
  expect(frames).toBeGreaterThanOrEqual(1_199);
  expect(frames).toBeLessThanOrEqual(1_200);
  expect(clock.skipped).toBe(0);
});

test("after a pause few frames are made up for, the rest is counted", () => {
  const clock = new SteadyClock(0);
  expect(clock.due(49)).toBe(0);
  expect(clock.waitMs(49)).toBe(1);
  expect(clock.due(150)).toBe(3);
  expect(clock.due(1_150)).toBe(3);
  expect(clock.skipped).toBe(17);
  expect(clock.due(1_199)).toBe(0);
  expect(clock.due(1_200)).toBe(1);
  expect(clock.due(NaN)).toBe(0);
});

test("ids are four hex digits", () => {
  expect(["1A2B", " 1a2b ", "00ff"].map(parseId)).toEqual(["1a2b", "1a2b", "00ff"]);
  for (const text of ["1a2", "1a2b3", "1a2g", "", "١٢٣٤", "0x1a"]) expect(parseId(text), text).toBeUndefined();
  const taken = Array.from({ length: 256 }, (_, id) => id.toString(16).padStart(4, "0"));
  for (let times = 0; times < 1_000; times++) {
    const id = anyId(taken);
    expect(parseId(id)).toBe(id);
    expect(taken).not.toContain(id);
  }
});

test("our own frames are ours, late, thinned out or on their way while listening begins", () => {
  const echo = new Echo();
  for (const frame of ["a", "b", "c"]) echo.sent(frame);
  echo.listen();
  expect(["c", "d"].map(frame => (echo.sent(frame), echo.heard(frame)))).toEqual([false, false]);
  for (let frame = 0; frame < 300; frame++) echo.sent(`${frame}`);
  for (let frame = 0; frame < 300; frame += 7) expect(echo.heard(`${frame}`)).toBe(false);
});

test("frames that we did not send are another's", () => {
  const echo = new Echo();
  echo.listen();
  echo.sent("ours");
  expect(["theirs", "ours", "theirs", "theirs", "theirs"].map(frame => echo.heard(frame))).toEqual([false, false, false, true, true]);
});

test("two that lie still look the same, but twice as many frames come back", () => {
  const echo = new Echo();
  // On a line that stood still: none of these came back.
  echo.listen();
  for (let frame = 0; frame < 200; frame++) echo.sent("still");
  echo.rest();
  echo.listen();
  let clash = false;
  for (let frame = 0; frame < 80; frame++) {
    echo.sent("still");
    echo.heard("still");
    clash ||= echo.heard("still");
  }
  expect(clash).toBe(true);
  const alone = new Echo();
  alone.listen();
  for (let frame = 0; frame < 5_000; frame++) {
    alone.sent("still");
    expect(alone.heard("still")).toBe(false);
  }
});
