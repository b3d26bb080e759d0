import { describe, expect, test } from "vitest";
import { locate, USUAL_FLOOR } from "../../store/floor";

const HEIGHT = 1;

/** What beacons in the corners of a floor, 1 m over it, give at a place: NW, NE, SE, SW. */
function heard(x: number, y: number, { widthM, depthM } = USUAL_FLOOR): number[] {
  const squares = [x * x + y * y, (widthM - x) ** 2 + y * y, (widthM - x) ** 2 + (depthM - y) ** 2, x * x + (depthM - y) ** 2];
  // -40 dBm at 1 m, exponent 2.5, 255 units for 60 dB.
  return squares.map(square => Math.round(255 - 12.5 * Math.log10(square + HEIGHT) * (255 / 60)));
}

const PLACES = [[0, 0], [12, 9], [6, 0.5], [0.5, 4.5], [11.5, 8.5], [6, 4.5], [3, 7]] as const;

function found(readings: readonly number[], floor = USUAL_FLOOR): [x: number, y: number] | undefined {
  const spot = { x: NaN, y: NaN };
  return locate([9, ...readings], 1, floor, spot) ? [spot.x * floor.widthM, spot.y * floor.depthM] : undefined;
}

describe("where a device is", () => {
  test.each(PLACES)("at %f m east and %f m south, within 20 cm, edges and corners included", (x, y) => {
    const [east, south] = found(heard(x, y)) ?? [NaN, NaN];
    expect(Math.hypot(east - x, south - y)).toBeLessThan(0.2);
  });

  test("on a floor of another size", () => {
    const floor = { widthM: 40, depthM: 6 };
    const [east, south] = found(heard(31, 2, floor), floor) ?? [NaN, NaN];
    expect(Math.hypot(east - 31, south - 2)).toBeLessThan(0.6);
  });

  test.each([0, 1, 2, 3])("without beacon %i the other three do", missing => {
    for (const [x, y] of PLACES) {
      const [east, south] = found(heard(x, y).map((reading, corner) => (corner === missing ? 0 : reading))) ?? [NaN, NaN];
      expect(Math.hypot(east - x, south - y), `${x}, ${y}`).toBeLessThan(0.6);
    }
  });

  test("with fewer it is nearer to what is heard better, and never off the floor", () => {
    expect(found([200, 0, 0, 0])).toEqual([0, 0]);
    expect(found([0, 0, 200, 0])).toEqual([12, 9]);
    expect(found([200, 0, 200, 0])).toEqual([6, 4.5]);
    const [east, south] = found([240, 0, 200, 0]) ?? [NaN, NaN];
    expect(east).toBeLessThan(3);
    expect(south).toBeLessThan(3);
    expect(found([255, 1, 1, 255])?.[0]).toBe(0);
    expect(found([1, 255, 255, 1])?.[0]).toBe(12);
  });

  test("is not known when no beacon is heard", () => {
    expect(found([0, 0, 0, 0])).toBeUndefined();
  });
});
