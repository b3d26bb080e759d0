// Changes of one swarm on their way to the simulator: at most one at a time, not more often than every 150 ms, and the newest of each kind.
//
//   change(devices, 51) ─┐
//   change(devices, 52) ─┼─▶ waiting: devices 52, bpm 130 ─▶ one request ─▶ settled: each kind with what was said of it
//   change(bpm, 130)   ──┘

import { systemClock, type Clock } from "../../library/socket";
import type { Definition, Swarm } from "./api";
import { Refusal } from "./refusal";
import { together } from "./knobs";

/** Between two requests, in milliseconds. */
const EVERY_MS = 150;
/** From one try to the next while nobody answers, in milliseconds. */
const AGAIN_MS = 1_000;

/** What a sender tells of its changes. */
export interface Settled {
  /** The kinds that were in the request, as far as nothing newer of them waits; while nobody answers, all that wait. */
  readonly keys: readonly string[];
  /** How it went: the swarm as it is now, or why not. */
  readonly outcome: Swarm | Refusal;
}

/** The changes of one swarm. */
export class Sender {
  readonly #send: (patch: Definition) => Promise<Swarm>;
  readonly #settled: (settled: Settled) => void;
  readonly #clock: Clock;
  #waiting = new Map<string, Definition>();
  #isSending = false;
  #isClosed = false;
  #nextAtMs = -Infinity;
  #cancel: (() => void) | undefined;

  constructor(send: (patch: Definition) => Promise<Swarm>, settled: (settled: Settled) => void, clock: Clock = systemClock) {
    this.#send = send;
    this.#settled = settled;
    this.#clock = clock;
  }

  /** Sends a change soon, instead of what waits of its kind. */
  change(key: string, patch: Definition): void {
    // What came last is also the last in the request.
    this.#waiting.delete(key);
    this.#waiting.set(key, patch);
    this.#pump();
  }

  /** Gives up what waits; of what is under way nobody is told. */
  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#waiting.clear();
  }

  #pump(): void {
    if (this.#isSending || this.#cancel || this.#waiting.size === 0) return;
    const waitMs = this.#nextAtMs - this.#clock.now();
    if (waitMs <= 0) {
      void this.#sendAll();
      return;
    }
    this.#cancel = this.#clock.after(waitMs, () => {
      this.#cancel = undefined;
      this.#pump();
    });
  }

  async #sendAll(): Promise<void> {
    const sent = this.#waiting;
    this.#waiting = new Map();
    this.#isSending = true;
    this.#nextAtMs = this.#clock.now() + EVERY_MS;
    let outcome: Swarm | Refusal;
    try {
      outcome = await this.#send(together(sent.values()));
    } catch (error) {
      outcome = error instanceof Refusal ? error : new Refusal(String(error), 0);
    }
    this.#isSending = false;
    // Otherwise it would try again for ever, also on another swarm of the name.
    if (this.#isClosed) return;
    let keys = [...sent.keys()].filter(key => !this.#waiting.has(key));
    if (outcome instanceof Refusal && outcome.isAway) {
      // Said, and tried again: nothing is lost but time.
      this.#waiting = new Map([...sent, ...this.#waiting]);
      this.#nextAtMs = this.#clock.now() + AGAIN_MS;
      keys = [...this.#waiting.keys()];
    }
    this.#settled({ keys, outcome });
    this.#pump();
  }
}
