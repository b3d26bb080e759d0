// The last frames of one device, and what follows from when they came. Pure, and bounded: a ring of them, in which nothing grows.

import { newReading, readMessage } from "../../../library/wire";

/** Frames whose digits are kept. */
export const FRAMES = 50;
/** Gaps between frames that are looked at: 12 s at 20 Hz. */
export const GAPS = 240;
/** Samples of acceleration that are kept: 12 s at 20 Hz. */
export const SAMPLES = 240;
/** A longer gap is an absence, and no jitter, in milliseconds. */
const ABSENCE_MS = 5_000;

/** A frame as it came. */
export interface RawFrame {
  /** Counts up from the first one. */
  readonly number: number;
  readonly digits: string;
  readonly at: Date;
  /** Milliseconds since the one before; `undefined` for the first. */
  readonly gapMs: number | undefined;
}

/** What the gaps come to, in milliseconds. */
export interface Jitter {
  readonly median: number;
  readonly p99: number;
  readonly most: number;
  /** Gaps that it is of. */
  readonly count: number;
}

export class Trace {
  readonly #gaps = new Float64Array(GAPS);
  #gapCount = 0;
  readonly #frames: (RawFrame | undefined)[] = Array.from({ length: FRAMES });
  #count = 0;
  #cameMs: number | undefined;
  #taps = 0;
  #tappedMs: number | undefined;
  /** The newest values, as bytes of the wire. */
  readonly reading = newReading();
  /** Three bytes a frame, a ring that begins at `count % SAMPLES`. */
  readonly samples = new Uint8Array(SAMPLES * 3).fill(128);

  /** Frames so far. */
  get count(): number {
    return this.#count;
  }

  /** Taps so far: one that lasts for some frames is one. */
  get taps(): number {
    return this.#taps;
  }

  /** When the last tap began, and when the newest frame came, as `take` was told. */
  get tappedMs(): number | undefined {
    return this.#tappedMs;
  }

  get cameMs(): number | undefined {
    return this.#cameMs;
  }

  /** Takes a frame that came at `nowMs`, by any clock, and at this time of day. */
  take(digits: string, nowMs: number, at: Date): void {
    const wasTapped = this.reading.tap;
    let isFrame = false;
    readMessage(digits, this.reading, () => (isFrame = true), () => {});
    if (!isFrame) return;
    const gapMs = this.#cameMs === undefined ? undefined : nowMs - this.#cameMs;
    if (gapMs !== undefined && gapMs < ABSENCE_MS) this.#gaps[this.#gapCount++ % GAPS] = gapMs;
    if (this.reading.tap && !wasTapped) {
      this.#taps++;
      this.#tappedMs = nowMs;
    }
    this.samples.set([this.reading.ax, this.reading.ay, this.reading.az], (this.#count % SAMPLES) * 3);
    this.#frames[this.#count % FRAMES] = { number: this.#count, digits, at, gapMs };
    this.#count++;
    this.#cameMs = nowMs;
  }

  /** The last frames, the newest first. */
  frames(): readonly RawFrame[] {
    const found: RawFrame[] = [];
    for (let back = 1; back <= Math.min(FRAMES, this.#count); back++) {
      const frame = this.#frames[(this.#count - back) % FRAMES];
      if (frame) found.push(frame);
    }
    return found;
  }

  /** Of the last gaps; `undefined` while there are too few of them to tell. */
  jitter(): Jitter | undefined {
    const count = Math.min(GAPS, this.#gapCount);
    if (count < 2) return undefined;
    const sorted = this.#gaps.slice(0, count).sort();
    const at = (share: number): number => sorted[Math.min(count - 1, Math.ceil(share * count) - 1)] ?? 0;
    return { median: at(0.5), p99: at(0.99), most: sorted[count - 1] ?? 0, count };
  }

  /** Frames a second over the last gaps, and over the silence since, when that is longer than a gap. */
  rate(nowMs: number): number {
    const count = Math.min(GAPS, this.#gapCount);
    if (count === 0 || this.#cameMs === undefined) return 0;
    let all = 0;
    for (let place = 0; place < count; place++) all += this.#gaps[place] ?? 0;
    const silence = nowMs - this.#cameMs;
    const spans = silence > (2 * all) / count ? [all + silence, count] : [all, count];
    return silence >= ABSENCE_MS || all === 0 ? 0 : ((spans[1] ?? 0) / (spans[0] ?? 1)) * 1_000;
  }
}

/** Frames as text, the oldest first: what is copied. */
export const copied = (frames: readonly RawFrame[]): string => [...frames].reverse().map(({ digits }) => `${digits}\n`).join("");
