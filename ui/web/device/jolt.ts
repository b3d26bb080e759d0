// A knock on a phone, told apart from dancing: it is over after one or two readings, while an arm takes a tenth of a second and more.

import type { Force } from "./reading";

/** How far a reading must stick out of the ones before and after it, in g. */
const STICKS_OUT_G = 0.7;
/** A knock rings for a while; that is one knock. */
const RINGS_MS = 250;
/** Readings further apart than this say nothing about what was between them. */
const GAP_MS = 50;

export class Jolt {
  #before: Force | undefined;
  #last: Force | undefined;
  #lastMs = -Infinity;
  #quietFromMs = -Infinity;

  /** Whether this reading shows a knock. */
  felt(force: Force, nowMs: number): boolean {
    const [before, last] = [this.#before, this.#last];
    const together = nowMs - this.#lastMs <= GAP_MS;
    this.#before = together ? last : undefined;
    this.#last = force;
    this.#lastMs = nowMs;
    if (!together || !before || !last || nowMs < this.#quietFromMs) return false;
    const out = (axis: 0 | 1 | 2) => last[axis] - (before[axis] + force[axis]) / 2;
    const felt = Math.hypot(out(0), out(1), out(2)) > STICKS_OUT_G;
    if (felt) this.#quietFromMs = nowMs + RINGS_MS;
    return felt;
  }
}
