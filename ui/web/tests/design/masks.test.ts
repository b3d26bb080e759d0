import { describe, expect, test } from "vitest";
import { Masks } from "../../design/floor/masks";
import { pixelOf, Raster } from "../../design/floor/raster";

const BLACK = pixelOf(0), WHITE = pixelOf(0xffffff);

/** Where the middle of all that is white on a raster is, and how much that is, in pixels. */
function weigh({ width, pixels }: Raster): { x: number; y: number; area: number } {
  let [x, y, area] = [0, 0, 0];
  pixels.forEach((pixel, at) => {
    const share = (pixel & 0xff) / 255;
    x += share * ((at % width) + 0.5);
    y += share * (Math.floor(at / width) + 0.5);
    area += share;
  });
  return { x: x / area, y: y / area, area };
}

const rasterOf = (pixel: number) => new Raster(200, 150, new Int32Array(200 * 150).fill(pixel));

function laid(ratio: number, lay: (masks: Masks) => void): { x: number; y: number; area: number } {
  const raster = rasterOf(BLACK);
  lay(new Masks(raster, ratio));
  const { x, y, area } = weigh(raster);
  return { x: x / ratio, y: y / ratio, area: area / ratio ** 2 };
}

/** Lays discs of this size beyond the raster, at so many places within a pixel each way. */
function layElsewhere(masks: Masks, radius: number, line: number): void {
  for (let at = 0; at < 256; at++) masks.disc(500 + (at % 16) / 16, 500 + Math.floor(at / 16) / 16, radius, line, WHITE, WHITE, 1);
}

describe.each([0.5, 0.8, 1, 1.25, 2, 3])("with %f pixels in each of the page", ratio => {
  test("a disc lies where it should, to about an eighth of a pixel, and is as large", () => {
    for (const [x, y] of [[20, 20], [20.3, 24.9], [23.55, 20.71]] as const) {
      const found = laid(ratio, masks => {
        layElsewhere(masks, 7, 2);
        masks.disc(x, y, 7, 2, WHITE, WHITE, 1);
      });
      const near = Math.max(1 / 8, 1 / 8 / ratio) + 0.05;
      expect(Math.abs(found.x - x)).toBeLessThan(near);
      expect(Math.abs(found.y - y)).toBeLessThan(near);
      expect(Math.abs(found.area / (Math.PI * 8 ** 2) - 1)).toBeLessThan(0.1);
    }
  });

  test("a ring is hollow, and not taken for the disc of its size", () => {
    const found = laid(ratio, masks => {
      layElsewhere(masks, 9, 2);
      masks.ring(20, 20, 9, 2, WHITE, 1);
    });
    expect(Math.abs(found.area / (Math.PI * (10 ** 2 - 8 ** 2)) - 1)).toBeLessThan(0.1);
    // In the colour of the ground it cannot be seen, and so nothing is within it either.
    const raster = rasterOf(WHITE);
    const masks = new Masks(raster, ratio);
    layElsewhere(masks, 9, 2);
    masks.ring(20, 20, 9, 2, WHITE, 1);
    expect([...new Set(raster.pixels)]).toEqual([WHITE]);
  });
});

test("more kinds than are kept are worked out anew, and look the same", () => {
  const found = laid(1, masks => {
    for (let radius = 0; radius < 60; radius += 0.5) for (let place = 0; place < 16; place++) masks.ring(500 + place / 16, 500, radius, 1, WHITE, 1);
    masks.disc(50, 50, 7, 2, WHITE, WHITE, 1);
  });
  expect(found.area / (Math.PI * 8 ** 2)).toBeCloseTo(1, 1);
});
