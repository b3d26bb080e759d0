// The last minute of every subject and of the whole, from what comes in once a second. Pure.

import { MINUTE } from "../../design/spark";
import type { System, Totals } from "./system";

const NONE: readonly number[] = [];

/** What comes sooner than this after what came before, in milliseconds, is of the same second: the monitor tells at once what is urgent. */
const SAME_MS = 700;

export class History {
  readonly #subjects = new Map<string, readonly number[]>();
  #totals: readonly Totals[] = [];
  #at = -Infinity;

  /** Takes the newest figures. */
  take({ at, subjects, totals }: System): void {
    // A clock that is set, forward or back, is in another second.
    const isSame = Math.abs(at - this.#at) < SAME_MS;
    if (!isSame) this.#at = at;
    const after = <T>(values: readonly T[], value: T) => [...(isSame ? values.slice(0, -1) : values), value].slice(-MINUTE);
    const before = new Map(this.#subjects);
    this.#subjects.clear();
    for (const { subject, messages_per_s, history } of subjects) {
      this.#subjects.set(subject, history ? history.slice(-MINUTE) : after(before.get(subject) ?? NONE, messages_per_s));
    }
    this.#totals = after(this.#totals, totals);
  }

  /** Begins anew: a line says nothing of a time in which nothing was heard. */
  clear(): void {
    this.#subjects.clear();
    this.#totals = [];
    this.#at = -Infinity;
  }

  /** Messages a second, the oldest first. */
  of(subject: string): readonly number[] {
    return this.#subjects.get(subject) ?? NONE;
  }

  total(key: keyof Totals): readonly number[] {
    return this.#totals.map(totals => totals[key]);
  }
}
