// The commands that this page sent, and what became of them; bounded, the oldest are forgotten.

import { signal } from "@preact/signals";
import type { Receivers } from "./batch";

/** Commands that are remembered, and devices that they name together. */
const MOST = 2_000, MOST_NAMES = 100_000;

/** What became of a command at one device. */
export interface SentAnswer {
  /** `undefined` while no answer has come. */
  readonly ok: boolean | undefined;
  /** The answer, in words. */
  readonly words: string;
}

/** One command to one device. */
export interface SentCommand extends SentAnswer {
  readonly number: number;
  readonly at: Date;
  /** The device, or `all`. */
  readonly to: string;
  /** As the device gets it: `led:ff8000`. */
  readonly text: string;
}

interface Entry {
  readonly number: number;
  readonly at: Date;
  readonly to: ReadonlySet<string> | "all";
  readonly text: string;
  answer: (id: string) => SentAnswer;
}

const namesIn = ({ to }: Entry): number => (to === "all" ? 1 : to.size);
const waiting = (): SentAnswer => ({ ok: undefined, words: "on its way" });

export class Sent {
  /** The oldest first. */
  #entries: Entry[] = [];
  #count = 0;
  #names = 0;
  readonly #changes = signal(0);

  /** A command goes out; what it returns takes what became of it at each device. */
  add(to: Receivers, text: string): (answer: (id: string) => SentAnswer) => void {
    const entry: Entry = { number: this.#count++, at: new Date(), to: to === "all" ? to : new Set(to), text, answer: waiting };
    this.#entries.push(entry);
    this.#names += namesIn(entry);
    // Half of them at once, so that this is seldom.
    if (this.#entries.length > MOST || this.#names > MOST_NAMES) this.#forget();
    this.#changes.value++;
    return answer => {
      entry.answer = answer;
      this.#changes.value++;
    };
  }

  /** Those to a device, also by way of `all`, the newest first; so many at most. */
  to(id: string, most: number): readonly SentCommand[] {
    this.#changes.value;
    const found: SentCommand[] = [];
    for (let place = this.#entries.length - 1; place >= 0 && found.length < most; place--) {
      const entry = this.#entries[place];
      if (!entry || !(entry.to === "all" || entry.to.has(id))) continue;
      const { number, at, text, answer } = entry;
      found.push({ number, at, text, to: entry.to === "all" ? "all" : id, ...answer(id) });
    }
    return found;
  }

  #forget(): void {
    while (this.#entries.length > 1 && (this.#entries.length > MOST / 2 || this.#names > MOST_NAMES / 2)) {
      const oldest = this.#entries.shift();
      if (oldest) this.#names -= namesIn(oldest);
    }
  }
}
