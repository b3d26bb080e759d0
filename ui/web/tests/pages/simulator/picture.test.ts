import { expect, test } from "vitest";
import { idOf, LED_BYTES, Picture, PRESENT, TAPPED } from "../../../pages/simulator/picture";

interface Record {
  readonly id: number;
  readonly flags?: number;
  readonly x?: number;
  readonly leds?: readonly number[];
}

/** A message as docs/simulator.md has it; `more` are bytes that a later version may add to the header and to each record. */
function message(records: readonly Record[], more = 0): ArrayBuffer {
  const [header, size] = [24 + more, 28 + more];
  const view = new DataView(new ArrayBuffer(header + records.length * size));
  [1, header, size, 0].forEach((byte, at) => view.setUint8(at, byte));
  view.setUint32(4, 1_234, true);
  view.setFloat32(8, 12, true);
  view.setFloat32(12, 9, true);
  view.setUint32(16, 70_000, true);
  view.setUint32(20, records.length, true);
  records.forEach(({ id, flags = PRESENT, x = 0, leds = [] }, place) => {
    const at = header + place * size;
    view.setUint16(at, id, true);
    view.setUint8(at + 2, flags);
    view.setUint8(at + 3, 2);
    view.setUint16(at + 4, x, true);
    view.setUint16(at + 6, 65_535, true);
    view.setInt16(at + 8, -500, true);
    leds.forEach((byte, led) => view.setUint8(at + 10 + led, byte));
  });
  return view.buffer as ArrayBuffer;
}

test.each([0, 4])("a picture is read as it is documented, with %i bytes more than are known", more => {
  const picture = new Picture();
  const leds = [255, 0, 0, ...Array<number>(LED_BYTES - 3).fill(0)];
  expect(picture.take(message([{ id: 0x1a2b, x: 13_107, leds }, { id: 7, flags: TAPPED }], more), 100)).toBe(true);
  expect([picture.count, picture.devices, picture.atMs, picture.widthM, picture.depthM]).toEqual([2, 70_000, 1_234, 12, 9]);
  expect([...picture.ids.subarray(0, 2)].map(idOf)).toEqual(["1a2b", "0007"]);
  expect([picture.x[0], picture.y[0], picture.lift[0]]).toEqual([expect.closeTo(0.2), 1, -0.5]);
  expect([...picture.tappedMs.subarray(0, 2)]).toEqual([-Infinity, 100]);
});

test("what is no picture changes nothing", () => {
  const picture = new Picture();
  picture.take(message([{ id: 1 }]), 0);
  const short = message([{ id: 2 }]).slice(0, 40);
  const [claims, version] = [message([{ id: 2 }]), message([{ id: 2 }])];
  new DataView(claims).setUint32(20, 4_000_000, true);
  new DataView(version).setUint8(0, 2);
  for (const wrong of [new ArrayBuffer(0), short, claims, version]) expect(picture.take(wrong, 1)).toBe(false);
  expect([picture.count, picture.ids[0]]).toEqual([1, 1]);
});

test("a device goes from where it was to where it is, and one that is new stands where it is", () => {
  const picture = new Picture();
  picture.take(message([{ id: 1, x: 0 }]), 1_000);
  picture.take(message([{ id: 1, x: 65_535 }]), 1_040);
  expect([1_040, 1_050, 1_080, 1_500].map(now => picture.xAt(0, picture.progress(now)))).toEqual([0, 0.25, 1, 1]);
  picture.take(message([{ id: 1, x: 0 }, { id: 2, x: 65_535 }]), 1_080);
  expect([picture.xAt(0, 0), picture.xAt(1, 0)]).toEqual([0, 1]);
});

test("a device shines in the colour of the LEDs that are lit", () => {
  const picture = new Picture();
  const two = [255, 0, 0, 0, 0, 255, ...Array<number>(LED_BYTES - 6).fill(0)];
  picture.take(message([{ id: 1, leds: two }, { id: 2 }]), 0);
  expect([picture.shineOf(0), picture.shineOf(1)]).toEqual([0x800080, 0]);
});
