// Something that is asked of a server again whenever there is a reason: one at a time, with a pause between two, and again after one that failed.

import { type Clock, systemClock } from "../library/socket";

/** The first pause after a failure, in milliseconds; each further one doubles it, up to the other. */
const RETRY_BASE_MS = 1_000, RETRY_CAP_MS = 30_000;

export class Paced {
  readonly #work: () => Promise<boolean>;
  readonly #gapMs: number;
  readonly #clock: Clock;
  #isWanted = false;
  #isWorking = false;
  #nextAt = -Infinity;
  #failures = 0;
  #stops = 0;
  #cancel = () => {};

  /** `work` says whether it did what it is for; between the beginnings of two there are at least `gapMs` milliseconds. */
  constructor(work: () => Promise<boolean>, gapMs: number, clock: Clock = systemClock) {
    this.#work = work;
    this.#gapMs = gapMs;
    this.#clock = clock;
  }

  /** There is a reason: soon it is done, once for all reasons until then. */
  want(): void {
    this.#isWanted = true;
    if (!this.#isWorking && this.#failures === 0) this.#plan(this.#nextAt);
  }

  /** There is a reason to do it now: something else is asked for, or somebody waits for it. */
  wantNow(): void {
    this.#failures = 0;
    this.#nextAt = -Infinity;
    this.want();
  }

  /** Nothing is wanted any more. What is under way comes to its end. */
  stop(): void {
    this.#isWanted = false;
    this.#failures = 0;
    this.#stops++;
    this.#cancel();
  }

  #plan(at: number): void {
    this.#cancel();
    const pause = at - this.#clock.now();
    if (pause <= 0) void this.#go();
    else this.#cancel = this.#clock.after(pause, () => void this.#go());
  }

  async #go(): Promise<void> {
    this.#isWorking = true;
    this.#isWanted = false;
    this.#nextAt = this.#clock.now() + this.#gapMs;
    const stops = this.#stops;
    const isDone = await this.#work();
    this.#isWorking = false;
    const hasFailed = !isDone && stops === this.#stops;
    this.#failures = hasFailed ? this.#failures + 1 : 0;
    if (hasFailed) this.#plan(this.#clock.now() + Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** (this.#failures - 1)));
    else if (this.#isWanted) this.#plan(this.#nextAt);
  }
}
