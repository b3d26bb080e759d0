// What changes of what a space keeps, as the CDN tells it while one listens: one stream of Server-Sent Events, which comes back by itself.

import { type ReadonlySignal, signal } from "@preact/signals";
import { Emitter } from "../library/events";
import { type Clock, systemClock } from "../library/socket";
import { fieldsOf } from "./space";

/** Upper end of the first pause after a stream that was refused, in milliseconds; each failure doubles it, up to the other. */
const RETRY_BASE_MS = 1_000, RETRY_CAP_MS = 15_000;

/** What a stream needs of an `EventSource`. */
export type RawSource = Pick<EventSource, "readyState" | "addEventListener" | "close">;

/** Something that changed. */
export interface Change {
  readonly kind: string;
  readonly id: string;
  /** What it is now; `null` when it is gone. */
  readonly etag: string | null;
}

/** What a listener hears. */
export interface NewsEvents {
  /** Look at everything: what changed before this was not told. */
  readonly again: undefined;
  readonly change: Change;
  /** Somebody darkened the space: who, as they said themselves. */
  readonly panic: string;
  /** Changes are not told any more, or not yet. */
  readonly down: undefined;
}

/** `EventSource.CLOSED`: the browser has given up, as it does when the answer is an error. */
const CLOSED = 2;

/** One stream, from `start` to `close`. */
export class News {
  readonly #url: string;
  readonly #open: (url: string) => RawSource;
  readonly #clock: Clock;
  readonly #events = new Emitter<NewsEvents>();
  readonly #isLive = signal(false);
  #raw: RawSource | undefined;
  #failures = 0;
  #cancel = () => {};

  constructor(url: string, open: (url: string) => RawSource = url => new EventSource(url), clock: Clock = systemClock) {
    this.#url = url;
    this.#open = open;
    this.#clock = clock;
  }

  /** Whether changes are told now. */
  get isLive(): ReadonlySignal<boolean> {
    return this.#isLive;
  }

  /** Calls the listener from now on; what it returns ends that. */
  on<K extends keyof NewsEvents>(event: K, listener: (detail: NewsEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  start(): void {
    const raw = this.#open(this.#url);
    this.#raw = raw;
    const on = (event: string, call: (data: Readonly<Record<string, unknown>>) => void) =>
      raw.addEventListener(event, message => this.#raw === raw && call(dataOf(message)));
    on("ready", () => {
      this.#failures = 0;
      this.#isLive.value = true;
      this.#events.emit("again", undefined);
    });
    on("missed", () => this.#events.emit("again", undefined));
    on("panic", ({ by }) => this.#events.emit("panic", typeof by === "string" ? by : ""));
    for (const event of ["changed", "removed"]) on(event, data => this.#change(data));
    on("error", () => this.#down(raw));
  }

  close(): void {
    this.#cancel();
    this.#raw?.close();
    this.#raw = undefined;
    this.#isLive.value = false;
  }

  #change({ kind, id, etag }: Readonly<Record<string, unknown>>): void {
    if (typeof kind !== "string" || typeof id !== "string") return;
    this.#events.emit("change", { kind, id, etag: typeof etag === "string" ? etag : null });
  }

  /** A broken stream is taken up again by the browser; a refused one is not. */
  #down(raw: RawSource): void {
    this.#isLive.value = false;
    this.#events.emit("down", undefined);
    if (raw.readyState !== CLOSED) return;
    this.#raw = undefined;
    const longest = Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** this.#failures);
    this.#failures++;
    this.#cancel = this.#clock.after((0.5 + this.#clock.random() / 2) * longest, () => this.start());
  }
}

function dataOf(message: Event): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse((message as MessageEvent<string>).data));
  } catch {
    return {};
  }
}
