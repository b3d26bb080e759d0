// What a phone's motion events mean for a device. Browsers give `accelerationIncludingGravity` in m/s², along axes that the rotation of
// the screen does not turn, which is right; but those on iOS with the opposite sign of all others.

import type { Force } from "./reading";

/** Standard gravity, in m/s². */
const G = 9.806_65;
/** Readings that must agree before the first guess is given up. */
const VOTES = 10;

/** The fields that are used of a `DeviceMotionEvent`'s `accelerationIncludingGravity`. */
export interface MotionReading {
  readonly x: number | null;
  readonly y: number | null;
  readonly z: number | null;
}

/** Turns readings into forces. Which sign they have is guessed from the platform, and then seen: the angles of orientation events mean the
 * same everywhere, so they say where up is. */
export class Phone {
  #sign: 1 | -1;
  #votes = 0;
  #up: Force | undefined;

  constructor(opposite: boolean) {
    this.#sign = opposite ? -1 : 1;
  }

  /** The angles of a `DeviceOrientationEvent`, in degrees. */
  orientation(beta: number | null, gamma: number | null): void {
    if (beta === null || gamma === null) return;
    const [b, g] = [(beta * Math.PI) / 180, (gamma * Math.PI) / 180];
    this.#up = [-Math.cos(b) * Math.sin(g), Math.sin(b), Math.cos(b) * Math.cos(g)];
  }

  /** The force in g; `undefined` when there is no sensor behind the event. */
  motion(reading: MotionReading | null): Force | undefined {
    if (!reading || reading.x === null || reading.y === null || reading.z === null) return undefined;
    const raw: Force = [reading.x / G, reading.y / G, reading.z / G];
    this.#vote(raw);
    return [raw[0] * this.#sign + 0, raw[1] * this.#sign + 0, raw[2] * this.#sign + 0];
  }

  #vote(raw: Force): void {
    const size = Math.hypot(...raw);
    // Only while it is held about still does gravity say where up is.
    if (!this.#up || Math.abs(size - 1) > 0.2) return;
    const along = (raw[0] * this.#up[0] + raw[1] * this.#up[1] + raw[2] * this.#up[2]) / size;
    if (Math.abs(along) < 0.8) return;
    this.#votes = Math.sign(along) === this.#sign ? 0 : this.#votes + 1;
    if (this.#votes < VOTES) return;
    this.#sign = this.#sign === 1 ? -1 : 1;
    this.#votes = 0;
  }
}
