// A device, whole: readings into frames of the wire, lines into outcomes.

import { expect, test } from "vitest";
import { FLAT, turned } from "../../device/attitude";
import { Body } from "../../device/body";
import { encodeFrame } from "../../library/wire";

const frame = (body: Body, nowMs = 0) => encodeFrame(body.reading(0x1a2b, nowMs));

test("one that nobody touches lies flat in the middle of the floor", () => {
  // 1 g is 191; the corners are 7.57 m away: -40 - 25 · log10(7.57) = -61.98 dBm, which is 162.
  expect(frame(new Body())).toBe("1a2b8080bfa2a2a2a200");
});

test("it is turned by hand, shaken, moved and tapped", () => {
  const body = new Body();
  body.lie(turned(FLAT, [1, 0, 0], Math.PI / 2));
  body.spot = { x: 0, y: 0 };
  body.tap.knock();
  expect(frame(body)).toMatch(/^1a2b80bf80ff.*ff$/);
  expect(frame(body)).toMatch(/00$/);
  body.lie(FLAT);
  body.shake(1_000);
  const pulled = Array.from({ length: 24 }, (_, step) => body.reading(1, 1_000 + step * 50).ax);
  expect(Math.max(...pulled)).toBeGreaterThan(200);
  expect(Math.min(...pulled)).toBeLessThan(55);
  expect(body.reading(1, 2_200)).toMatchObject({ ax: 128, ay: 128, az: 191 });
});

test("a phone's sensor goes before the hand, until the hand turns it", () => {
  const body = new Body();
  body.feel([0, 1.5, 0]);
  expect(body.reading(1, 0)).toMatchObject({ ax: 128, ay: 223, az: 128 });
  const [, , top] = body.force(0);
  expect(top).toBe(0);
  body.lie(body.attitude);
  expect(body.reading(1, 0), "it stays as it was held").toMatchObject({ ax: 128, ay: 191, az: 128 });
});

test("a line is obeyed at the next look; two within a look, and the first is lost", () => {
  const body = new Body();
  expect(body.hear("led:ff0000", 101)).toEqual([]);
  expect(body.lookMs).toBe(110);
  expect(body.look(105)).toEqual([]);
  expect(body.look(110)).toEqual([{ line: "led:ff0000", outcome: { kind: "done" } }]);
  body.hear("led:00ff00", 201);
  expect(body.hear("vibrate:100", 203)).toEqual([{ line: "led:00ff00", outcome: { kind: "lost" } }]);
  expect(body.hear("status:", 215)).toEqual([{ line: "vibrate:100", outcome: { kind: "done" } }]);
  expect(body.wearable.vibrating(220)).toBe(true);
  expect(body.wearable.lights.color, "the lost one changed nothing").toEqual([255, 0, 0]);
});
