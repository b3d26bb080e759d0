// A WebSocket that comes back by itself, for viewers and devices alike: it knows nothing of what is said on it but its own ping.
//
//   start ─▶ connecting ─▶ open ─▶ down ─▶ (a pause: full jitter, or what the server asked for) ─▶ connecting ─▶ …
//                 └───────────────▶ down ─▶ over, when the close code says to mend something first, or after close()

import { closeCode, retryMs, type CloseCode } from "./close.js";
import { Emitter } from "./events.js";

/** Upper end of the first pause, in milliseconds; each failure doubles it. */
export const RETRY_BASE_MS = 250;
/** Upper end of every pause, in milliseconds. */
export const RETRY_CAP_MS = 5_000;
/** A connection that lasted so long was a good one: after it the pauses start small again. In milliseconds. */
const GOOD_AFTER_MS = 5_000;
/** How long a handshake may take, in milliseconds. A browser alone would wait for minutes. */
const OPEN_WITHIN_MS = 10_000;

/** What a link needs of a WebSocket. */
export type RawSocket = Pick<
  WebSocket,
  "readyState" | "bufferedAmount" | "send" | "close" | "onopen" | "onmessage" | "onclose" | "onerror"
>;

/** Time and chance, so that tests can have their own. */
export interface Clock {
  /** Milliseconds from some start. */
  now(): number;
  /** 0 to 1. */
  random(): number;
  /** Calls once, after so many milliseconds; what it returns ends that. */
  after(ms: number, call: () => void): () => void;
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  random: () => Math.random(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/** How a connection ended, or could not be made. */
export interface Down extends CloseCode {
  /** Whether it had been open. */
  readonly wasOpen: boolean;
  /** Milliseconds until the next try; `undefined` when there is none. */
  readonly retryInMs: number | undefined;
}

/** What happens on a link, and what a listener gets. */
export interface LinkEvents {
  /** A WebSocket was made, which is not open yet. */
  readonly connecting: RawSocket;
  /** It is open: what is sent now arrives. */
  readonly open: RawSocket;
  /** A text came in. */
  readonly message: string;
  /** The connection ended, or could not be made. */
  readonly down: Down;
}

/** How a link behaves. */
export interface LinkOptions {
  /** Asks the server whether it is there after so many milliseconds of silence, and gives the connection up after as many more. */
  readonly pingAfterMs?: number;
  /** Makes the WebSocket. */
  readonly open?: (url: string) => RawSocket;
  readonly clock?: Clock;
}

/** A WebSocket that comes back by itself. */
export class Link {
  readonly url: string;
  readonly #open: (url: string) => RawSocket;
  readonly #clock: Clock;
  readonly #pingAfterMs: number | undefined;
  readonly #events = new Emitter<LinkEvents>();
  #raw: RawSocket | undefined;
  #isOpen = false;
  #openedAt = 0;
  #heardAt = 0;
  #failures = 0;
  #isAsking = false;
  #cancel = () => {};

  /** Does nothing yet: listeners first, then `start`. */
  constructor(url: string, { pingAfterMs, open = url => new WebSocket(url), clock = systemClock }: LinkOptions = {}) {
    this.url = url;
    this.#open = open;
    this.#clock = clock;
    this.#pingAfterMs = pingAfterMs;
  }

  /** Whether what is sent now arrives. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The WebSocket of now, as far as there is one. */
  get raw(): RawSocket | undefined {
    return this.#raw;
  }

  /** The URL for people: a token may be in its query. */
  get #shown(): string {
    return this.url.replace(/\?.*/, "");
  }

  /** Calls the listener from now on; what it returns ends that. */
  on<K extends keyof LinkEvents>(event: K, listener: (detail: LinkEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Connects, at once: also when it waits for its next try, or has given up. */
  start(): void {
    if (this.#raw) return;
    this.#cancel();
    let raw: RawSocket;
    try {
      raw = this.#open(this.url);
    } catch (error) {
      // The browser refuses the address itself, and would do so each time.
      this.#events.emit("down", {
        code: 0,
        reason: "refused",
        comeBack: "mend it first",
        message: `The browser refuses to connect to ${this.#shown}: ${(error as Error).message}`,
        wasOpen: false,
        retryInMs: undefined,
      });
      return;
    }
    this.#raw = raw;
    raw.onopen = () => this.#raw === raw && this.#onOpen(raw);
    raw.onmessage = ({ data }) => this.#raw === raw && this.#onMessage(data);
    raw.onclose = ({ code, reason }) => this.#raw === raw && this.#onDown(code, reason);
    raw.onerror = () => {};
    this.#cancel = this.#clock.after(OPEN_WITHIN_MS, () => this.#drop());
    this.#events.emit("connecting", raw);
  }

  /** Sends a text; `false` when the connection is not open. */
  send(text: string): boolean {
    if (!this.#isOpen || !this.#raw) return false;
    this.#raw.send(text);
    return true;
  }

  /** Ends it, until somebody starts it again. Listeners hear nothing of that. */
  close(): void {
    this.#cancel();
    const raw = this.#forget();
    this.#failures = 0;
    raw?.close(1000);
  }

  #forget(): RawSocket | undefined {
    const raw = this.#raw;
    this.#raw = undefined;
    this.#isOpen = false;
    return raw;
  }

  #onOpen(raw: RawSocket): void {
    this.#isOpen = true;
    this.#isAsking = false;
    this.#openedAt = this.#heardAt = this.#clock.now();
    this.#cancel();
    this.#listen();
    this.#events.emit("open", raw);
  }

  #onMessage(data: unknown): void {
    this.#heardAt = this.#clock.now();
    const isPong = this.#isAsking && data === "pong";
    this.#isAsking = false;
    if (typeof data === "string" && !isPong) this.#events.emit("message", data);
  }

  /** Looks again when the silence may have become too long. */
  #listen(): void {
    const limit = this.#pingAfterMs;
    if (limit === undefined) return;
    const quiet = this.#clock.now() - this.#heardAt;
    if (quiet < limit) {
      this.#cancel = this.#clock.after(limit - quiet, () => this.#listen());
      return;
    }
    this.#isAsking = true;
    this.send("ping");
    this.#cancel = this.#clock.after(limit, () => this.#isAsking ? this.#drop() : this.#listen());
  }

  /** Leaves a connection on which nothing comes back: its own goodbye would not be answered either. */
  #drop(): void {
    const raw = this.#raw;
    this.#onDown(1006, "");
    raw?.close();
  }

  #onDown(code: number, reason: string): void {
    this.#cancel();
    const wasOpen = this.#isOpen;
    this.#forget();
    if (wasOpen && this.#clock.now() - this.#openedAt >= GOOD_AFTER_MS) this.#failures = 0;
    const meaning = closeCode(code, reason);
    const longest = Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** this.#failures);
    const pause = retryMs(code, reason) ?? this.#clock.random() * longest;
    const retryInMs = meaning.comeBack === "yes" ? pause : undefined;
    this.#failures++;
    const message = code === 1006 && !wasOpen ? `Nothing answers at ${this.#shown}.` : meaning.message;
    if (retryInMs !== undefined) this.#cancel = this.#clock.after(retryInMs, () => this.start());
    this.#events.emit("down", { ...meaning, message, wasOpen, retryInMs });
  }
}
