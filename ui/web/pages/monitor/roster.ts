// The devices of the space that is looked at: asked for again and again, one question at a time, as long as somebody looks.

import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { type Clock, systemClock } from "../../library/socket";
import { saidBy } from "./stream";
import type { Roster } from "./system";

/** From an answer to the next question, in milliseconds: the monitor asks the bus no more often. */
const PAUSE_MS = 1_000;
/** How long an answer may take, in milliseconds: the monitor asks the nodes for a second at most. */
const PATIENCE_MS = 2_500;

export interface RosterOptions {
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
}

export class Rosters {
  readonly #base: string;
  readonly #fetch: typeof fetch;
  readonly #clock: Clock;
  readonly #roster = signal<Roster | undefined>(undefined);
  readonly #problem = signal<string | undefined>(undefined);
  readonly #cameAtMs = signal(0);
  #turn = 0;
  #cancel = () => {};

  /** `base` is the monitor's address, without a slash at its end. */
  constructor(base: string, { fetch: ask = fetch.bind(globalThis), clock = systemClock }: RosterOptions = {}) {
    this.#base = base;
    this.#fetch = ask;
    this.#clock = clock;
  }

  /** The newest answer; `undefined` before the first. */
  get roster(): ReadonlySignal<Roster | undefined> {
    return this.#roster;
  }

  /** Why there was none the last time; what is in `roster` is older then. */
  get problem(): ReadonlySignal<string | undefined> {
    return this.#problem;
  }

  /** How old the newest answer is, in milliseconds. */
  ageMs(): number {
    return this.#clock.now() - this.#cameAtMs.value;
  }

  /** Looks at a space from now on, until what it returns is called. */
  follow(space: string): () => void {
    const turn = ++this.#turn;
    this.#cancel();
    batch(() => {
      if (this.#roster.peek()?.space !== space) this.#roster.value = undefined;
      this.#problem.value = undefined;
    });
    void this.#ask(space, turn);
    return () => {
      if (turn !== this.#turn) return;
      this.#turn++;
      this.#cancel();
    };
  }

  async #ask(space: string, turn: number): Promise<void> {
    let [roster, problem]: [Roster | undefined, string | undefined] = [undefined, undefined];
    const abort = new AbortController();
    const unwait = this.#clock.after(PATIENCE_MS, () => abort.abort());
    this.#cancel = () => {
      unwait();
      abort.abort();
    };
    try {
      const response = await this.#fetch(`${this.#base}/api/spaces/${encodeURIComponent(space)}/devices`, { signal: abort.signal });
      if (response.ok) roster = (await response.json()) as Roster;
      else problem = await saidBy(response);
    } catch {
      problem = `The monitor does not say which devices are in ${space}.`;
    }
    if (turn !== this.#turn) return;
    this.#cancel();
    batch(() => {
      this.#problem.value = problem;
      if (!roster) return;
      this.#roster.value = roster;
      this.#cameAtMs.value = this.#clock.now();
    });
    this.#cancel = this.#clock.after(PAUSE_MS, () => void this.#ask(space, turn));
  }
}
