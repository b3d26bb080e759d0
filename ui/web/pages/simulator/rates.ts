// What is sent and lost a second, from counts that are looked at now and then, and a short history of it. Pure.

import type { Figures } from "./api";

/** Looks that are kept: a minute, at one a second. */
export const HISTORY = 60;

/** What a swarm did in a second. */
export interface Rate {
  readonly sent: number;
  readonly bytes: number;
  /** Late, skipped, dropped. */
  readonly lost: number;
}

const NOTHING: Rate = { sent: 0, bytes: 0, lost: 0 };

export const droppedOf = ({ frames_dropped }: Figures): number => Object.values(frames_dropped).reduce((sum, frames) => sum + frames, 0);

/** Frames that were due and did not go. */
export const lostOf = (figures: Figures): number => figures.frames_skipped + droppedOf(figures);

/** Counts of several swarms together. */
export function sumOf(all: readonly Figures[]): Figures {
  const sum: Record<string, number> = {};
  const dropped: Record<string, number> = {};
  for (const { frames_dropped, ...counts } of all) {
    for (const [key, count] of Object.entries(counts)) sum[key] = (sum[key] ?? 0) + count;
    for (const [reason, count] of Object.entries(frames_dropped)) dropped[reason] = (dropped[reason] ?? 0) + count;
  }
  const none = { present: 0, frames_scheduled: 0, frames_sent: 0, frames_late: 0, frames_skipped: 0, bytes_sent: 0, messages_sent: 0, commands_received: 0, commands_ignored: 0, commands_lost_in_slot: 0 };
  return { ...none, ...sum, frames_dropped: dropped };
}

/** The rates of swarms by name. */
export class Rates {
  readonly #before = new Map<string, { readonly atMs: number; readonly figures: Figures }>();
  readonly #now = new Map<string, Rate>();
  readonly #history: Rate[] = [];

  /** Takes the counts of all swarms that run. */
  take(nowMs: number, swarms: readonly { readonly name: string; readonly figures: Figures }[]): void {
    const names = new Set(swarms.map(({ name }) => name));
    for (const name of [...this.#before.keys()]) if (!names.has(name)) this.#before.delete(name);
    this.#now.clear();
    for (const { name, figures } of swarms) {
      const before = this.#before.get(name);
      const seconds = before ? (nowMs - before.atMs) / 1_000 : 0;
      if (before && seconds > 0) {
        // One that began anew counts from zero.
        const perSecond = (count: (figures: Figures) => number) => Math.max(0, (count(figures) - count(before.figures)) / seconds);
        this.#now.set(name, { sent: perSecond(one => one.frames_sent), bytes: perSecond(one => one.bytes_sent), lost: perSecond(lostOf) });
      }
      this.#before.set(name, { atMs: nowMs, figures });
    }
    this.#history.push(this.total);
    if (this.#history.length > HISTORY) this.#history.shift();
  }

  of(name: string): Rate {
    return this.#now.get(name) ?? NOTHING;
  }

  get total(): Rate {
    const add = (one: Rate, other: Rate): Rate => ({ sent: one.sent + other.sent, bytes: one.bytes + other.bytes, lost: one.lost + other.lost });
    return [...this.#now.values()].reduce(add, NOTHING);
  }

  /** The oldest first. */
  get history(): readonly Rate[] {
    return this.#history;
  }
}
