// What was turned and typed on a swarm, and has not become true yet.
//
//   a slider ──at once──────────────────────────┐
//   a number ──when nobody types on, or leaves──┴─▶ unsettled ─▶ Sender ─▶ it is so, or why not

import { batch, signal } from "@preact/signals";
import { systemClock, type Clock } from "../../library/socket";
import type { Definition, Swarm } from "./api";
import { type Knob, MOTION_WORDS, type MotionWord, patchOf, readNumber, together } from "./knobs";
import { drop, type Notes } from "./notes";
import { Refusal } from "./refusal";
import { Sender, type Settled } from "./sender";

/** Without a further key for so long a number is written, in milliseconds: on the way to 1200 a swarm is not to become one of 1, 12 and 120. */
const WRITTEN_MS = 600;

/** What is to be so on one swarm. */
export class Draft {
  /** Texts of fields, by the key of their knob. */
  readonly typed = signal<Notes>({});
  /** What is wrong, by key. */
  readonly wrong = signal<Notes>({});
  /** The field that is written in: its text stays as it is written. */
  editing: string | undefined;
  /** Changes that are neither so nor refused, by key, the newest last. */
  readonly #unsettled = new Map<string, Definition>();
  /** Numbers that are being written, by key. */
  readonly #writing = new Map<string, { readonly cancel: () => void; readonly done: () => void }>();
  readonly #became: (swarm: Swarm) => void;
  readonly #clock: Clock;
  readonly #sender: Sender;

  /** `became` is told of the swarm that a change was answered with. */
  constructor(send: (patch: Definition) => Promise<Swarm>, became: (swarm: Swarm) => void, clock: Clock = systemClock) {
    this.#became = became;
    this.#clock = clock;
    this.#sender = new Sender(send, settled => this.#settle(settled), clock);
  }

  /** What it would still become. */
  get unsettled(): Definition {
    return together(this.#unsettled.values());
  }

  /** Turns a knob: what cannot be is said at it, the rest is sent. */
  turn(knob: Knob, text: string, how: "dragged" | "typed", patch: (value: number) => Definition = value => patchOf(knob, value)): void {
    const { key } = knob;
    const value = readNumber(knob, text);
    this.#forgetWriting(key);
    batch(() => {
      this.typed.value = { ...this.typed.peek(), [key]: text };
      this.wrong.value = typeof value === "string" ? { ...this.wrong.peek(), [key]: value } : drop(this.wrong.peek(), [key]);
    });
    if (typeof value === "string") return;
    const change = patch(value);
    this.#want(key, change);
    if (how === "dragged") return void this.#sender.change(key, change);
    const done = () => {
      this.#writing.delete(key);
      this.#sender.change(key, change);
    };
    this.#writing.set(key, { cancel: this.#clock.after(WRITTEN_MS, done), done });
  }

  /** Chooses one motion for all. */
  choose(word: MotionWord): void {
    for (const part of MOTION_WORDS) this.#forgetWriting(`motion.${part}`);
    this.typed.value = { ...drop(this.typed.peek(), MOTION_WORDS.map(part => `motion.${part}`)), motion: word };
    this.#want("motion", { motion: word });
    this.#sender.change("motion", { motion: word });
  }

  /** A number is written: it is not waited for another key. */
  finish(key: string): void {
    const writing = this.#writing.get(key);
    writing?.cancel();
    writing?.done();
  }

  /** Nobody writes in a field any more: it shows what is true, unless that is not what was written. */
  leave(key: string): void {
    this.editing = undefined;
    this.finish(key);
    if (this.wrong.peek()[key] === undefined && !this.#unsettled.has(key)) this.typed.value = drop(this.typed.peek(), [key]);
  }

  /** Gives up what waits. */
  close(): void {
    for (const key of [...this.#writing.keys()]) this.#forgetWriting(key);
    this.#sender.close();
  }

  #want(key: string, change: Definition): void {
    this.#unsettled.delete(key);
    this.#unsettled.set(key, change);
  }

  #forgetWriting(key: string): void {
    const writing = this.#writing.get(key);
    if (!writing) return;
    writing.cancel();
    this.#writing.delete(key);
    this.#unsettled.delete(key);
  }

  #settle({ keys, outcome }: Settled): void {
    // Of what is written anew meanwhile nothing is known yet.
    const known = keys.filter(key => !this.#writing.has(key));
    if (outcome instanceof Refusal) return this.#refuse(known, outcome);
    batch(() => {
      this.#became(outcome);
      for (const key of known) this.#unsettled.delete(key);
      this.typed.value = drop(this.typed.peek(), known.filter(key => key !== this.editing));
      this.wrong.value = drop(this.wrong.peek(), known);
    });
  }

  #refuse(keys: readonly string[], { isAway, status, message }: Refusal): void {
    const why = isAway ? `${message} It is tried again by itself.` : message;
    this.wrong.value = { ...this.wrong.peek(), ...Object.fromEntries(keys.map(key => [key, why])) };
    // Of a swarm that is gone it may still be wanted: whoever starts it again gets it so.
    if (!isAway && status !== 404) for (const key of keys) this.#unsettled.delete(key);
  }
}
