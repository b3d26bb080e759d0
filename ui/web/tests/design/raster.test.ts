import { describe, expect, test } from "vitest";
import { discMask, type Mask, maskOf, pixelOf, Raster } from "../../design/floor/raster";

const STRIDE = 40;
const disc = (more: Partial<Parameters<typeof discMask>[1]> = {}) => discMask(STRIDE, { radius: 7, line: 2, isFilled: true, x: 0.5, y: 0.5, ...more });
const sum = (shares: Int32Array) => shares.reduce((sum, share) => sum + share, 0) / 256;
const WHITE = pixelOf(0xffffff), BLACK = pixelOf(0), RED = pixelOf(0xff0000), BLUE = pixelOf(0x0000ff);

/** A pixel as it is in a picture: red, green, blue, alpha. */
const bytes = (pixel: number | undefined) => [...new Uint8Array(new Int32Array([pixel ?? 0]).buffer)];

/** How much of a mask is west and how much is east of the middle of its box. */
function sides({ width, offset, fill, edge }: Mask): [west: number, east: number] {
  const sides: [number, number] = [0, 0];
  offset.forEach((at, index) => {
    const column = at % STRIDE;
    if (column !== width >> 1) sides[column < width >> 1 ? 0 : 1] += (fill[index] ?? 0) + (edge[index] ?? 0);
  });
  return sides;
}

test("a colour is a pixel with its bytes in the order of a picture", () => {
  expect(bytes(pixelOf(0x12ab9f))).toEqual([0x12, 0xab, 0x9f, 0xff]);
});

describe("a mask", () => {
  test.each([[4, 1.5], [7, 3], [21, 9]])("of a disc with radius %f and line %f covers what these come to", (radius, line) => {
    const { fill, edge } = disc({ radius, line });
    const [inner, outer] = [Math.PI * (radius - line / 2) ** 2, Math.PI * (radius + line / 2) ** 2];
    expect(sum(fill) / inner).toBeCloseTo(1, 1);
    expect(sum(edge) / (outer - inner)).toBeCloseTo(1, 1);
  });

  test("of a ring has nothing in it", () => {
    expect(sum(disc({ isFilled: false }).fill)).toBe(0);
    expect(sum(disc({ isFilled: false }).edge)).toBe(sum(disc().edge));
  });

  test("has no more than a whole of each pixel, and no pixel with nothing", () => {
    for (const x of [0.125, 0.375, 0.625, 0.875]) {
      const { fill, edge } = disc({ x });
      const shares = [...fill].map((share, at) => share + (edge[at] ?? 0));
      expect([Math.min(...shares) > 0, Math.max(...shares)]).toEqual([true, 256]);
    }
  });

  test("lies where its middle is in the pixel", () => {
    const [evenWest, evenEast] = sides(disc());
    expect(evenWest).toBe(evenEast);
    const [west, east] = sides(disc({ x: 0.875 }));
    expect(east - west).toBeGreaterThan(256 * 7);
  });

  test("begins with its pixels of one colour", () => {
    const { filled, edged, fill, edge } = disc({ radius: 12, line: 4 });
    expect([...fill.slice(0, filled)].every(share => share === 256)).toBe(true);
    expect([...edge.slice(filled, edged)].every(share => share === 256)).toBe(true);
    expect(filled).toBeGreaterThan(200);
    expect(edged - filled).toBeGreaterThan(100);
    expect([...fill.slice(edged), ...edge.slice(edged)]).not.toContain(256);
  });

  test("of a picture is its opacity, whatever its colours", () => {
    const data = new Uint8ClampedArray([9, 9, 9, 255, 0, 0, 0, 0, 255, 255, 255, 51]);
    const { offset, edge, fill } = maskOf(STRIDE, { width: 3, height: 1, data });
    expect([[...offset], [...edge], [...fill]]).toEqual([[0, 2], [256, 51], [0, 0]]);
  });
});

describe("on a raster", () => {
  const middle = 20 * STRIDE + 20;
  const raster = (ground: number) => new Raster(STRIDE, STRIDE, new Int32Array(STRIDE * STRIDE).fill(ground));

  test("a disc has its colours, and what is around it keeps its own", () => {
    const on = raster(WHITE);
    const mask = disc();
    on.lay(mask, 20 - (mask.width >> 1), 20 - (mask.width >> 1), RED, BLUE, 1);
    const { pixels } = on;
    expect([pixels[middle], pixels[middle + 7], pixels[middle + 9], pixels[middle - 9 * STRIDE]]).toEqual([RED, BLUE, WHITE, WHITE]);
    expect(pixels.every(pixel => bytes(pixel)[3] === 255)).toBe(true);
  });

  test("half of its opacity is half of its colours", () => {
    const on = raster(BLACK);
    const mask = disc();
    on.lay(mask, 20 - (mask.width >> 1), 20 - (mask.width >> 1), pixelOf(0xfe8040), BLUE, 0.5);
    expect([bytes(on.pixels[middle]), bytes(on.pixels[middle + 7])]).toEqual([[0x7f, 0x40, 0x20, 0xff], [0, 0, 0x7f, 0xff]]);
  });

  test("what is laid on its own colour changes nothing, so that no channel runs into another", () => {
    for (const color of [WHITE, pixelOf(0xff00ff), pixelOf(0x00ff00), pixelOf(0x010203)]) {
      for (const opacity of [0.2, 0.5, 1]) {
        const on = raster(color);
        on.lay(disc({ x: 0.2 }), 5, 5, color, color, opacity);
        expect([...new Set(on.pixels)]).toEqual([color]);
      }
    }
  });

  test("what is not wholly on it is left out", () => {
    const on = raster(WHITE);
    const { width } = disc();
    for (const [x, y] of [[-1, 5], [5, -1], [STRIDE - width + 1, 5], [5, STRIDE - width + 1]] as const) on.lay(disc(), x, y, RED, RED, 1);
    expect([...new Set(on.pixels)]).toEqual([WHITE]);
    on.lay(disc(), STRIDE - width, STRIDE - width, RED, RED, 1);
    expect(on.pixels.includes(RED)).toBe(true);
  });
});
