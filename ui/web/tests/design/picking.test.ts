import { describe, expect, test } from "vitest";
import { around, inBox, inLoop, nearest } from "../../design/floor/picking";
import { planOf } from "../../design/floor/plan";

/** A hundredth is 10 pixels to the east and 5 to the south, from 100, 50 on. */
const plan = { left: 100, top: 50, width: 1_000, depth: 500 };

function spotsAt(...spots: readonly (readonly [x: number, y: number])[]) {
  // More room than there are spots, as the arrays of a floor have.
  return { count: spots.length, x: [...spots.map(([x]) => x), 0.5], y: [...spots.map(([, y]) => y), 0.5] };
}

const corners = spotsAt([0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5], [NaN, NaN]);

describe("a floor on a canvas", () => {
  test("is as large as it fits beside its margin, in its proportions, in the middle", () => {
    expect(planOf({ widthM: 12, depthM: 6 }, 664, 400)).toEqual({ left: 32, top: 50, width: 600, depth: 300 });
    expect(planOf({ widthM: 6, depthM: 12 }, 664, 400)).toEqual({ left: 248, top: 32, width: 168, depth: 336 });
  });

  test("is nothing where there is no room", () => {
    expect(planOf({ widthM: 12, depthM: 9 }, 20, 20)).toMatchObject({ width: 0, depth: 0 });
  });
});

describe("in a box", () => {
  test.each([
    ["from corner to corner", { x: 100, y: 50, toX: 1_100, toY: 550 }, [0, 1, 2, 3, 4]],
    ["whichever way it was drawn", { x: 1_100, y: 550, toX: 600, toY: 300 }, [2, 4]],
    ["of one line, its edges included", { x: 600, y: 0, toX: 600, toY: 900 }, [4]],
    ["beside all of them", { x: 101, y: 51, toX: 599, toY: 299 }, []],
  ])("%s", (_, box, found) => {
    expect(inBox(corners, plan, box)).toEqual(found);
  });
});

describe("in a loop", () => {
  test("that bends inwards is what is inside, not what is between its ends", () => {
    // A U, open to the north.
    const loop = [100, 50, 200, 50, 200, 450, 1_000, 450, 1_000, 50, 1_100, 50, 1_100, 550, 100, 550];
    expect(inLoop(spotsAt([0.05, 0.5], [0.5, 0.5], [0.5, 0.9], [0.95, 0.5], [0.5, 0.1]), plan, loop)).toEqual([0, 2, 3]);
  });

  test("that crosses itself has no holes, whichever way it was drawn", () => {
    // Around the middle, twice.
    const loop = [400, 150, 800, 150, 800, 450, 400, 450, 450, 200, 750, 200, 750, 400, 450, 400];
    const back = [];
    for (let at = loop.length - 2; at >= 0; at -= 2) back.push(loop[at] ?? 0, loop[at + 1] ?? 0);
    expect([inLoop(corners, plan, loop), inLoop(corners, plan, back)]).toEqual([[4], [4]]);
  });

  test("a figure of eight has both its bows", () => {
    const loop = [100, 100, 600, 300, 1_100, 100, 1_100, 500, 600, 300, 100, 500];
    expect(inLoop(spotsAt([0.05, 0.5], [0.95, 0.5], [0.5, 0.2], [0.5, 0.8]), plan, loop)).toEqual([0, 1]);
  });

  test("a corner of it at the height of a spot counts once", () => {
    const loop = [500, 200, 600, 300, 700, 200, 700, 400, 500, 400];
    expect(inLoop(spotsAt([0.55, 0.5], [0.45, 0.5], [0.7, 0.5]), plan, loop)).toEqual([0, 1]);
  });

  test("of a point, of a line and of nothing is nothing", () => {
    expect([[], [600, 300], [100, 300, 1_100, 300]].map(loop => inLoop(corners, plan, loop))).toEqual([[], [], []]);
  });

  test("a box is around it", () => {
    expect(around([4, 9, 2, 3, 8, 5])).toEqual({ x: 2, y: 3, toX: 8, toY: 9 });
  });
});

describe("the nearest", () => {
  const spots = spotsAt([0.5, 0.5], [0.51, 0.5], [NaN, NaN], [0.9, 0.9]);

  test("counts in pixels, not in shares of sides that differ", () => {
    // Ten pixels to the east of one, nine to the south of the other.
    expect(nearest(spotsAt([0.5, 0.5], [0.51, 0.518]), plan, 610, 300, 22)).toBe(1);
    expect(nearest(spots, plan, 602, 305, 22)).toBe(0);
    expect(nearest(spots, plan, 607, 295, 22)).toBe(1);
  });

  test("is nobody beyond the reach of a click", () => {
    expect([nearest(spots, plan, 632, 300, 22), nearest(spots, plan, 633, 300, 22), nearest(spotsAt(), plan, 0, 0, 22)]).toEqual([1, undefined, undefined]);
  });

  test("of two on one spot is the one that is drawn on top", () => {
    expect(nearest(spotsAt([0.2, 0.2], [0.2, 0.2]), plan, 300, 150, 22)).toBe(1);
  });
});
