// What is said on a subject, as the monitor shows it while somebody looks: the newest messages, and how many there were that are not shown.

import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { type Clock, systemClock } from "../../library/socket";
import type { ServerEvent } from "./sse";
import { Stream, type StreamOptions } from "./stream";
import type { Tapped } from "./system";

/** Messages that are kept: nobody reads more, and the page stays small. */
export const KEPT = 100;
/** A tap of a quiet subject says every few seconds that it is there; after this long without it is taken for dead, in milliseconds. */
const SILENCE_MS = 15_000;
/** How often what came in is shown, in milliseconds. */
const SHOW_MS = 250;

/** A message with a number of its own. */
export interface Heard extends Tapped {
  readonly number: number;
}

/** One tap, from `open` to `close`. */
export class Tap {
  readonly #base: string;
  readonly #options: StreamOptions;
  readonly #clock: Clock;
  readonly #heard = signal<readonly Heard[]>([]);
  readonly #all = signal(0);
  readonly #skipped = signal(0);
  readonly #problem = signal<string | undefined>(undefined);
  readonly #isOpen = signal(false);
  #stream: Stream | undefined;
  #waiting: Heard[] = [];
  #number = 0;
  #dropped = 0;
  #cancel = () => {};

  /** `base` is the monitor's address, without a slash at its end. */
  constructor(base: string, options: StreamOptions = {}) {
    this.#base = base;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** The newest first. */
  get heard(): ReadonlySignal<readonly Heard[]> {
    return this.#heard;
  }

  /** Messages that came since it was opened. */
  get all(): ReadonlySignal<number> {
    return this.#all;
  }

  /** Messages that there were besides, more a second than anybody can read. */
  get skipped(): ReadonlySignal<number> {
    return this.#skipped;
  }

  /** Why nothing comes, in a sentence. */
  get problem(): ReadonlySignal<string | undefined> {
    return this.#problem;
  }

  /** Whether the monitor listens for us now. */
  get isOpen(): ReadonlySignal<boolean> {
    return this.#isOpen;
  }

  /** Listens to a subject from now on; to a device alone where one is named. */
  open(subject: string, device: string): void {
    this.close();
    this.#waiting = [];
    this.#number = this.#dropped = 0;
    batch(() => {
      this.#heard.value = [];
      this.#all.value = this.#skipped.value = 0;
      this.#problem.value = undefined;
    });
    const asked = new URLSearchParams({ subject, ...(device !== "" && { device }) });
    const stream = new Stream(`${this.#base}/api/tap?${asked}`, { silenceMs: SILENCE_MS, ...this.#options });
    stream.on("there", () => batch(() => {
      this.#isOpen.value = true;
      this.#problem.value = undefined;
    }));
    stream.on("event", event => this.#take(event));
    stream.on("down", ({ problem }) => batch(() => {
      this.#isOpen.value = false;
      this.#problem.value = problem;
    }));
    this.#stream = stream;
    stream.start();
    this.#showLater();
  }

  /** What was heard stays. */
  close(): void {
    this.#cancel();
    this.#stream?.close();
    this.#stream = undefined;
    this.#isOpen.value = false;
  }

  #take({ event, data }: ServerEvent): void {
    if (event === "skipped") {
      this.#dropped += (JSON.parse(data) as { messages: number }).messages;
    } else if (event === "message") {
      this.#waiting.push({ ...(JSON.parse(data) as Tapped), number: ++this.#number });
      if (this.#waiting.length > KEPT) this.#waiting.shift();
    }
  }

  #showLater(): void {
    this.#cancel = this.#clock.after(SHOW_MS, () => {
      batch(() => {
        this.#skipped.value = this.#dropped;
        if (this.#waiting.length === 0) return;
        this.#heard.value = [...this.#waiting.reverse(), ...this.#heard.peek()].slice(0, KEPT);
        this.#all.value = this.#number;
        this.#waiting = [];
      });
      this.#showLater();
    });
  }
}
