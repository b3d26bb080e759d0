// One device, whole: how it lies and where it is, whether it is tapped, and what it does with the lines that reach it. Pure: the time goes
// in (milliseconds of one clock), readings and outcomes come out.

import type { Reading } from "../library/api";
import { type Attitude, FLAT, attitudeUnder, forceOn } from "./attitude";
import { type Force, type Spot, accelerationBytes, beaconBytes } from "./reading";
import { CommandSlot } from "./slot";
import { Tap } from "./tap";
import { type Outcome, Wearable } from "./wearable";

/** A line that reached the device, and what came of it; `lost` when the next one overwrote it before the device looked. */
export interface Heard {
  readonly line: string;
  readonly outcome: Outcome | { readonly kind: "lost" };
}

/** How long it is shaken, and how hard. */
const SHAKE_MS = 1_200;
const SHAKE_G = 1.6;
const SHAKES_PER_SECOND = 6;

export class Body {
  readonly wearable = new Wearable();
  readonly tap = new Tap();
  spot: Spot = { x: 0.5, y: 0.5 };
  readonly #slot = new CommandSlot();
  #attitude: Attitude = FLAT;
  #shakenUntilMs = -Infinity;
  /** What a phone's sensor says; it goes before the attitude until somebody turns the device by hand. */
  #felt: Force | undefined;

  /** How it lies. While a phone's sensor speaks that is as far as gravity shows it. */
  get attitude(): Attitude {
    return this.#attitude;
  }

  /** Turned by hand. */
  lie(attitude: Attitude): void {
    this.#attitude = attitude;
    this.#felt = undefined;
  }

  /** A phone's sensor feels this. */
  feel(force: Force): void {
    this.#felt = force;
    this.#attitude = attitudeUnder(force);
  }

  shake(nowMs: number): void {
    this.#felt = undefined;
    this.#shakenUntilMs = nowMs + SHAKE_MS;
  }

  /** What its accelerometer shows, in g. */
  force(nowMs: number): Force {
    return this.#felt ?? forceOn(this.#attitude, this.pull(nowMs));
  }

  /** How the hand that shakes it pulls, along the axes of the room, in g. */
  pull(nowMs: number): Force {
    const leftMs = this.#shakenUntilMs - nowMs;
    if (!(leftMs > 0)) return [0, 0, 0];
    const turns = ((SHAKE_MS - leftMs) / 1_000) * SHAKES_PER_SECOND * 2 * Math.PI;
    return [SHAKE_G * Math.sin(turns), 0, (SHAKE_G / 2) * Math.sin(turns * 1.5)];
  }

  /** The reading of the frame that is due now. Each call is a frame: a tap is shown, and used up. */
  reading(id: number, nowMs: number): Reading {
    const [ax, ay, az] = accelerationBytes(this.force(nowMs));
    const [dNW, dNE, dSE, dSW] = beaconBytes(this.spot);
    return { id, ax, ay, az, dNW, dNE, dSE, dSW, tap: this.tap.next() };
  }

  /** A line arrives from the server. Gives what became of lines by that; this one waits for `look`. */
  hear(line: string, nowMs: number): readonly Heard[] {
    const { seen, lost } = this.#slot.put(line, nowMs);
    return [
      ...(seen === undefined ? [] : [{ line: seen, outcome: this.wearable.obey(seen, nowMs) }]),
      ...(lost === undefined ? [] : [{ line: lost, outcome: { kind: "lost" } as const }]),
    ];
  }

  /** Looks whether there is a line to obey, as the firmware does all the time. */
  look(nowMs: number): readonly Heard[] {
    const line = this.#slot.take(nowMs);
    return line === undefined ? [] : [{ line, outcome: this.wearable.obey(line, nowMs) }];
  }

  /** When to look next, if there is anything to look for. */
  get lookMs(): number | undefined {
    return this.#slot.dueMs;
  }
}
