// Taps, frame by frame. One that is shorter than a frame is in the next one all the same, and two of them have a frame between them.

/** Taps that wait for a frame at most: more than fingers can give in that time. */
const MOST_OWED = 4;

export class Tap {
  #held = false;
  #owed = 0;
  #shown = false;

  /** Whether it is being tapped now. */
  get held(): boolean {
    return this.#held;
  }

  press(): void {
    if (this.#held) return;
    this.#held = true;
    this.#owed = Math.min(this.#owed + 1, MOST_OWED);
  }

  release(): void {
    this.#held = false;
  }

  /** A tap that is over at once. */
  knock(): void {
    this.press();
    this.release();
  }

  /** Whether the frame that is due now says 'tapped'. */
  next(): boolean {
    if (this.#owed > 0 && !this.#shown) {
      this.#owed -= 1;
      this.#shown = true;
    } else {
      this.#shown = this.#owed === 0 && this.#held;
    }
    return this.#shown;
  }
}
