// The last minute of every subject and of the whole, from what comes in once a second. Pure.

import { MINUTE } from "../../design/spark";
import type { System, Totals } from "./system";

const NONE: readonly number[] = [];

export class History {
  readonly #subjects = new Map<string, readonly number[]>();
  #totals: readonly Totals[] = [];

  /** Takes the figures of another second. */
  take({ subjects, totals }: System): void {
    const before = new Map(this.#subjects);
    this.#subjects.clear();
    for (const { subject, messages_per_s, history } of subjects) {
      this.#subjects.set(subject, history ? history.slice(-MINUTE) : [...(before.get(subject) ?? NONE), messages_per_s].slice(-MINUTE));
    }
    this.#totals = [...this.#totals, totals].slice(-MINUTE);
  }

  /** Begins anew: a line says nothing of a time in which nothing was heard. */
  clear(): void {
    this.#subjects.clear();
    this.#totals = [];
  }

  /** Messages a second, the oldest first. */
  of(subject: string): readonly number[] {
    return this.#subjects.get(subject) ?? NONE;
  }

  total(key: keyof Totals): readonly number[] {
    return this.#totals.map(totals => totals[key]);
  }
}
