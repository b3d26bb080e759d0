// The beat of the frames: as many as belong into the time that passed, whatever the timers of the browser do.

/** Frames a second, as the stock firmware sends them. */
export const FRAMES_PER_SECOND = 20;

/** A beat without drift: it counts from its start, not from the last time somebody looked. */
export class SteadyClock {
  readonly periodMs = 1_000 / FRAMES_PER_SECOND;
  #nextMs: number;
  #skipped = 0;

  /** At most `mostAtOnce` are made up for after a pause; a reading of long ago is of no use to anybody. */
  constructor(nowMs: number, private readonly mostAtOnce = 3) {
    this.#nextMs = nowMs + this.periodMs;
  }

  /** Frames that are due since the last call. */
  due(nowMs: number): number {
    if (!(nowMs >= this.#nextMs)) return 0;
    const behind = Math.floor((nowMs - this.#nextMs) / this.periodMs) + 1;
    const due = Math.min(behind, this.mostAtOnce);
    this.#skipped += behind - due;
    this.#nextMs += behind * this.periodMs;
    return due;
  }

  /** Frames that were left out, because nobody looked for too long. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Milliseconds until the next frame is due. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#nextMs - nowMs);
  }
}
