// What a person does to devices: one command, or several one after the other, as one act with one answer: how many it reached, and which not.

import { type ReadonlySignal, signal } from "@preact/signals";
import type { Outcome, Receivers } from "./batch";

/** Acts that are remembered. */
const MOST_LINES = 100;
/** How long a command waits for the answer to the one before it, in milliseconds: one device that takes nothing must not hold up the others. */
const WAIT_MS = 500;

/** One command of an act. */
export interface Order {
  readonly to: Receivers;
  readonly command: string;
  readonly parameters: readonly string[];
}

/** What became of one act. */
export interface Line {
  readonly number: number;
  readonly at: Date;
  /** As it was sent: `led:ff8000`. */
  readonly text: string;
  readonly to: string;
  /** Where these devices are. */
  readonly place: string;
  /** `undefined` while it is under way. */
  readonly ok: boolean | undefined;
  readonly words: string;
  /** The devices that it did not reach, or of which that is not known. */
  readonly failed: readonly string[];
  /** Hears what each command comes to, also when it is done again. */
  readonly onOutcome?: Extra["onOutcome"];
  /** What to do for these; it is for `all` where nobody knows whom it did not reach. */
  readonly again: readonly Order[];
}

/** What else there is to an act. */
export interface Extra {
  /** What was wrong with it from the start, in a sentence. */
  readonly note?: string | undefined;
  /** What its answer also says when it went well. */
  readonly more?: string;
  /** Hears what each command came to. */
  readonly onOutcome?: (order: Order, outcome: Outcome) => void;
}

/** Sends one command to devices of a place. */
export type Send = (order: Order, signal: AbortSignal, place: string) => Promise<Outcome>;

export const textOfOrder = ({ command, parameters }: Order): string => [command, ...parameters].join(":");
const devices = (count: number): string => (count === 1 ? "1 device" : `${count} devices`);
const nameOf = (to: Receivers): string => (to === "all" ? "all devices" : to.length === 1 ? (to[0] ?? "") : devices(to.length));

/** Whom several commands are for, in words. */
export function receiversOf(orders: readonly Order[]): string {
  if (orders.some(({ to }) => to === "all")) return nameOf("all");
  return nameOf([...new Set(orders.flatMap(({ to }) => to as readonly string[]))]);
}

/** The outcomes of an act put together: a device was reached when each command for it was. */
export function summary(orders: readonly Order[], outcomes: readonly Outcome[]): Pick<Line, "ok" | "words" | "failed" | "again"> {
  const meant = new Set<string>(), missed = new Set<string>(), unknown = new Set<string>(), unsent = new Set<string>();
  let isAllUnknown = false;
  orders.forEach(({ to }, at) => {
    const outcome = outcomes[at];
    for (const id of to === "all" ? [] : to) meant.add(id);
    for (const id of outcome?.reached ?? []) meant.add(id);
    for (const id of outcome?.missed ?? []) missed.add(id), meant.add(id);
    for (const id of outcome?.unknown ?? []) unknown.add(id);
    if (outcome === undefined) for (const id of to === "all" ? [] : to) unsent.add(id);
    if (to === "all" && (outcome === undefined || outcome.problem !== undefined)) isAllUnknown = true;
  });
  const missing = new Set([...missed, ...unknown, ...unsent]);
  const failed = [...missing].sort();
  const problem = outcomes.find(outcome => outcome.problem !== undefined)?.problem;
  const again = orders.flatMap(order => {
    const to = order.to === "all" ? (isAllUnknown ? order.to : failed) : order.to.filter(id => missing.has(id));
    return to.length === 0 ? [] : [{ ...order, to }];
  });
  const ok = failed.length === 0 && problem === undefined && meant.size > 0;
  const done = meant.size - failed.length;
  return { ok, failed, again: ok ? [] : again, words: wordsOf({ ok, orders, outcomes, problem, meant: meant.size, done, missed, unknown, unsent }) };
}

function wordsOf(all: {
  ok: boolean; orders: readonly Order[]; outcomes: readonly Outcome[]; problem: string | undefined; meant: number; done: number;
  missed: ReadonlySet<string>; unknown: ReadonlySet<string>; unsent: ReadonlySet<string>;
}): string {
  const { ok, orders, outcomes, problem, meant, done, missed, unknown, unsent } = all;
  const isToAll = orders.some(({ to }) => to === "all");
  if (ok) return meant === 1 && !isToAll ? "Written to the device." : isToAll ? `Sent to ${devices(meant)}.` : `Written to all ${meant}.`;
  if (meant === 0 && problem === undefined) return "There is no device in this space.";
  const isOne = meant === 1 && !isToAll;
  const words = isOne || meant === 0 || (done === 0 && problem !== undefined) ? [] : [`Written to ${done} of ${meant}.`];
  if (problem !== undefined) words.push(problem);
  const whole = outcomes.filter(outcome => outcome.problem === undefined).length;
  if (outcomes.length < orders.length) words.push(`${whole} of ${orders.length} commands had gone out before.`);
  if (isOne) {
    if (missed.size > 0 && problem === undefined) words.push("No such device is connected, or it does not take commands.");
    if (unknown.size > 0) words.push("It may have arrived.");
    return words.join(" ");
  }
  if (missed.size > 0 && problem === undefined) words.push(`${missed.size} ${missed.size === 1 ? "is" : "are"} not connected, or took no command.`);
  if (unknown.size > 0) words.push(`Of ${unknown.size} it is not known whether it arrived.`);
  else if (unsent.size > 0) words.push(`To ${devices(unsent.size)} not everything was sent.`);
  else if (problem !== undefined && isToAll) words.push("Whether it arrived anywhere else is not known.");
  return words.join(" ");
}

export class Acts {
  readonly #send: Send;
  readonly #place: ReadonlySignal<string>;
  readonly #log = signal<readonly Line[]>([]);
  #lines = 0;
  /** What ends acts, by their place. */
  readonly #stops = new Map<string, AbortController>();
  /** Resolves when the next act may begin: who picks red and then blue gets blue. */
  #turn: Promise<unknown> = Promise.resolve();

  /** `place` is where the page is now. An act goes to its end where it began: elsewhere the same ids are devices of others. */
  constructor(send: Send, place: ReadonlySignal<string>) {
    this.#send = send;
    this.#place = place;
  }

  /** Where an act goes that begins now. */
  get place(): ReadonlySignal<string> {
    return this.#place;
  }

  /** The newest first. */
  get log(): ReadonlySignal<readonly Line[]> {
    return this.#log;
  }

  /** Sends one command, and writes down what becomes of it. */
  command(to: Receivers, command: string, parameters: readonly string[]): Promise<Line> {
    const order = { to, command, parameters };
    return this.run(textOfOrder(order), nameOf(to), [order]);
  }

  /** Sends several, one after the other, as one act that is called `text`. */
  async run(text: string, to: string, orders: readonly Order[], { note, more, onOutcome }: Extra = {}): Promise<Line> {
    const place = this.#place.peek();
    const line: Line = { number: ++this.#lines, at: new Date(), text, to, place, ok: undefined, words: "on its way", failed: [], again: [], ...(onOutcome && { onOutcome }) };
    this.#log.value = [line, ...this.#log.value].slice(0, MOST_LINES);
    const controller = this.#stops.get(place) ?? new AbortController();
    this.#stops.set(place, controller);
    const { signal } = controller;
    const before = this.#turn;
    const begun = before.then(() => this.#each(orders, signal, place));
    this.#turn = begun;
    const outcomes = await Promise.all(await begun);
    outcomes.forEach((outcome, at) => orders[at] && onOutcome?.(orders[at], outcome));
    const found = orders.length === 0 ? { ok: true, words: "Nothing was sent." } : summary(orders, outcomes);
    const words = [note, found.words, found.ok && more].filter(Boolean).join(" ");
    const over: Line = { ...line, ...found, ok: found.ok === true && note === undefined, words };
    this.#log.value = this.#log.value.map(other => (other.number === line.number ? over : other));
    return over;
  }

  /** Once more for those that an act did not reach, and for which `isThere` says so; nothing while the page is elsewhere. */
  again(line: Line, isThere: (id: string) => boolean): Promise<Line> | undefined {
    if (line.place !== this.#place.peek()) return undefined;
    const orders = line.again.flatMap(order => {
      const to = order.to === "all" ? order.to : order.to.filter(isThere);
      return to.length === 0 ? [] : [{ ...order, to }];
    });
    if (orders.length === 0) return undefined;
    return this.run(line.text, receiversOf(orders), orders, { ...(line.onOutcome && { onOutcome: line.onOutcome }) });
  }

  /** Ends what is under way in a place, or everywhere: what was not sent by now, is not. */
  stop(place?: string): void {
    for (const [where, controller] of this.#stops) {
      if (place !== undefined && where !== place) continue;
      controller.abort();
      this.#stops.delete(where);
    }
  }

  /** Begins one after the other; after a failure of the whole the others are not begun. */
  async #each(orders: readonly Order[], signal: AbortSignal, place: string): Promise<readonly Promise<Outcome>[]> {
    const outcomes: Promise<Outcome>[] = [];
    for (const order of orders) {
      if (signal.aborted) {
        if (outcomes.length === 0) outcomes.push(Promise.resolve(stopped(order)));
        break;
      }
      const outcome = this.#send(order, signal, place);
      outcomes.push(outcome);
      const first = await Promise.race([outcome, new Promise<undefined>(resolve => setTimeout(resolve, WAIT_MS, undefined))]);
      if (first?.problem !== undefined) break;
    }
    return outcomes;
  }
}

const stopped = ({ to }: Order): Outcome => ({ reached: [], missed: to === "all" ? [] : to, unknown: [], problem: "It was stopped before it began.", isUnsent: true });
