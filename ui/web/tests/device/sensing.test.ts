// Forces, beacons and taps on the scales of the wire, and what phones of either sign mean.

import { expect, test } from "vitest";
import { type Attitude, FLAT, attitudeUnder, forceOn, matrix, turned } from "../../device/attitude";
import { Jolt } from "../../device/jolt";
import { Phone } from "../../device/phone";
import { FLOOR, type Force, accelerationBytes, beaconBytes, dbm } from "../../device/reading";
import { Tap } from "../../device/tap";

const half = Math.SQRT1_2;

test("gravity is seen from the device", () => {
  const read = (attitude: Attitude, pull?: Force) => accelerationBytes(forceOn(attitude, pull));
  expect(read(FLAT), "flat").toEqual([128, 128, 191]);
  expect(read([0, 1, 0, 0]), "upside down").toEqual([128, 128, 64]);
  expect(read([half, half, 0, 0]), "its y axis up").toEqual([128, 191, 128]);
  expect(read([half, 0, half, 0]), "its x axis down").toEqual([64, 128, 128]);
  expect(read([half, 0, 0, half], [1, 0, 0]), "turned on the spot, pulled to the right").toEqual([128, 64, 191]);
  expect(read(FLAT, [5, -5, -1]), "clipped, and falling").toEqual([255, 0, 128]);
  expect(accelerationBytes([NaN, Infinity, -Infinity])).toEqual([0, 255, 0]);
});

test("an attitude is found again from its force", () => {
  const tilted = turned(turned(FLAT, [0, 1, 0], 0.7), [1, 0, 0], -2.1);
  for (const attitude of [FLAT, tilted, [0, 1, 0, 0] as const]) {
    const force = forceOn(attitude);
    forceOn(attitudeUnder(force)).forEach((part, axis) => expect(part).toBeCloseTo(force[axis]!, 9));
  }
  expect(attitudeUnder([0, 0, 0]), "in free fall").toEqual(FLAT);
});

test("many small turns leave a device in shape", () => {
  let attitude = FLAT;
  for (let turn = 0; turn < 10_000; turn++) attitude = turned(attitude, turn % 2 ? [1, 0, 0] : [0, 1, 0], 0.01);
  for (const axis of matrix(attitude)) expect(Math.hypot(...axis)).toBeCloseTo(1, 9);
});

test("beacons are those of the simulator's floor", () => {
  const along = Array.from({ length: FLOOR.widthM + 1 }, (_, metres) => beaconBytes({ x: metres / FLOOR.widthM, y: 0 })[0]);
  expect(along[0], "1 m under the beacon: -40 dBm").toBe(255);
  // 10 m: -40 - 25 · log10(10.05) = -65.05 dBm.
  expect(along[10]).toBe(149);
  expect(along).toEqual([...along].sort((near, far) => far - near));
  const corners = [[1, 1], [11, 1], [11, 8], [1, 8]].map(([x, y]) => beaconBytes({ x: x! / 12, y: y! / 9 }));
  corners.forEach((bytes, corner) => expect(bytes.indexOf(Math.max(...bytes))).toBe(corner));
  expect([0, 149, 255].map(dbm)).toEqual([-100, -65, -40]);
});

test("a tap shorter than a frame is in the next one, and two are two", () => {
  const tap = new Tap();
  const frames = (count: number) => Array.from({ length: count }, () => tap.next());
  expect(frames(1)).toEqual([false]);
  tap.knock();
  expect(frames(2)).toEqual([true, false]);
  tap.knock();
  tap.knock();
  expect(frames(4)).toEqual([true, false, true, false]);
  tap.press();
  tap.press();
  expect(frames(3)).toEqual([true, true, true]);
  tap.release();
  expect(frames(1)).toEqual([false]);
  tap.press();
  frames(1);
  tap.release();
  tap.press();
  expect(frames(3), "released and pressed again within a frame").toEqual([false, true, true]);
  tap.release();
  for (let times = 0; times < 100; times++) tap.knock();
  expect(frames(100).filter(Boolean).length, "bounded").toBeLessThanOrEqual(4);
});

const reading = (x: number, y: number, z: number) => ({ x: x * 9.80665, y: y * 9.80665, z: z * 9.80665 });

test("a phone that lies face up reads 1 g along z, whichever sign its browser has", () => {
  expect(new Phone(false).motion(reading(0, 0, 1))).toEqual([0, 0, 1]);
  expect(new Phone(true).motion(reading(0, 0, -1))).toEqual([0, 0, 1]);
  expect(accelerationBytes(new Phone(true).motion(reading(0, -1, 0))!), "upright").toEqual([128, 191, 128]);
});

test("a wrong guess about the sign is seen from the orientation", () => {
  for (const opposite of [false, true]) {
    const phone = new Phone(opposite);
    const sign = opposite ? 1 : -1;
    const poses: [beta: number, gamma: number, up: Force][] = [[0, 0, [0, 0, 1]], [90, 0, [0, 1, 0]], [0, 90, [-1, 0, 0]], [180, 0, [0, 0, -1]]];
    let force: Force | undefined;
    for (let time = 0; time < 12; time++) {
      const [beta, gamma, up] = poses[time % 4]!;
      phone.orientation(beta, gamma);
      force = phone.motion(reading(up[0] * sign, up[1] * sign, up[2] * sign));
      expect(phone.motion(reading(3, 0, 0)), "a blow says nothing").toBeDefined();
    }
    expect(accelerationBytes(force!)).toEqual([128, 128, 64]);
  }
});

test("a right guess stands, and events without a sensor are none", () => {
  const phone = new Phone(false);
  phone.orientation(null, null);
  expect(phone.motion({ x: null, y: null, z: null })).toBeUndefined();
  expect(phone.motion(null)).toBeUndefined();
  phone.orientation(0, 0);
  for (let time = 0; time < 30; time++) expect(phone.motion(reading(0, 0, 1))).toEqual([0, 0, 1]);
});

/** Knocks felt in a motion, sampled 60 times a second. */
function knocks(motion: (seconds: number) => number, blows: number[] = []): number {
  const jolt = new Jolt();
  return Array.from({ length: 180 }, (_, step) => {
    const force = motion(step / 60) + (blows.includes(step) ? 1.2 : 0);
    return jolt.felt([0, 0, force], (step * 1_000) / 60);
  }).filter(Boolean).length;
}

test("a knock is felt once; dancing and shaking are none", () => {
  expect(knocks(() => 1)).toBe(0);
  expect(knocks(() => 1, [60])).toBe(1);
  expect(knocks(() => 1, [60, 62, 66]), "it rings").toBe(1);
  expect(knocks(() => 1, [30, 90, 150])).toBe(3);
  expect(knocks(seconds => 1 + 2.5 * Math.sin(2 * Math.PI * 5 * seconds)), "shaken 5 times a second").toBe(0);
  const jolt = new Jolt();
  expect([1, 3, 1].map((z, step) => jolt.felt([0, 0, z], step * 500)), "readings too far apart").toEqual([false, false, false]);
});
