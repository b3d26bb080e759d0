// What lies under a click, in a box or in a loop. Pure.

import type { Plan } from "./plan";

/** Spots on a floor in shares of it; NaN is one that is not on the floor. */
export interface Spots {
  readonly count: number;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** A drag in pixels, from one corner to the other, in any direction. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly toX: number;
  readonly toY: number;
}

/** Corners of a closed loop in pixels: x, y of each. */
export type Loop = readonly number[];

/** The box around a loop. */
export function around(loop: Loop): Box {
  let [x, y, toX, toY] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at + 1 < loop.length; at += 2) {
    const [cornerX, cornerY] = [loop[at] ?? NaN, loop[at + 1] ?? NaN];
    [x, toX] = [Math.min(x, cornerX), Math.max(toX, cornerX)];
    [y, toY] = [Math.min(y, cornerY), Math.max(toY, cornerY)];
  }
  return { x, y, toX, toY };
}

/** The spots for which `fits` says so, given their place in pixels: their indices. */
function those({ count, x, y }: Spots, { left, top, width, depth }: Plan, fits: (x: number, y: number) => boolean): number[] {
  const found = [];
  for (let at = 0; at < count; at++) {
    if (fits(left + (x[at] ?? NaN) * width, top + (y[at] ?? NaN) * depth)) found.push(at);
  }
  return found;
}

/** The spots in a box, edges included. */
export function inBox(spots: Spots, plan: Plan, { x, y, toX, toY }: Box): number[] {
  const [west, east] = [Math.min(x, toX), Math.max(x, toX)];
  const [north, south] = [Math.min(y, toY), Math.max(y, toY)];
  return those(spots, plan, (x, y) => x >= west && x <= east && y >= north && y <= south);
}

/** How often a loop goes around a point; 0 is outside. A loop that crosses itself has no holes where it overlaps. */
function turns(loop: Loop, x: number, y: number): number {
  let turns = 0;
  let [fromX, fromY] = [loop.at(-2) ?? NaN, loop.at(-1) ?? NaN];
  for (let at = 0; at + 1 < loop.length; at += 2) {
    const [toX, toY] = [loop[at] ?? NaN, loop[at + 1] ?? NaN];
    if (fromY <= y !== toY <= y) {
      const side = (toX - fromX) * (y - fromY) - (x - fromX) * (toY - fromY);
      if (toY > fromY && side > 0) turns++;
      else if (toY < fromY && side < 0) turns--;
    }
    [fromX, fromY] = [toX, toY];
  }
  return turns;
}

/** The spots in a loop, which ends where it began. */
export function inLoop(spots: Spots, plan: Plan, loop: Loop): number[] {
  const { x: west, y: north, toX: east, toY: south } = around(loop);
  return those(spots, plan, (x, y) => x >= west && x <= east && y >= north && y <= south && turns(loop, x, y) !== 0);
}

/** The spot that is nearest to a point, if one is within `reach` pixels. */
export function nearest({ count, x, y }: Spots, { left, top, width, depth }: Plan, pointX: number, pointY: number, reach: number): number | undefined {
  let found: number | undefined;
  let least = reach;
  for (let at = 0; at < count; at++) {
    const distance = Math.hypot(left + (x[at] ?? NaN) * width - pointX, top + (y[at] ?? NaN) * depth - pointY);
    // Of two on one spot it is the later, which is drawn over the other.
    if (distance <= least) [found, least] = [at, distance];
  }
  return found;
}
