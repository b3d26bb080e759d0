// A stream of events that comes back by itself, and says why it does not. A browser's own `EventSource` would not tell a server that is away
// from one that refuses, and takes seconds to come back.
//
//   start ─▶ asking ─▶ there ─▶ down (a sentence) ─▶ (a pause, full jitter) ─▶ asking ─▶ …
//              └──────────────▶ down ─▶ over, when another try would be refused as well

import { Emitter } from "../../library/events";
import { type Clock, systemClock } from "../../library/socket";
import { sentence } from "../../design/words";
import { EventReader, type ServerEvent } from "./sse";

/** Upper end of the first pause, in milliseconds; each failure doubles it, up to the other. */
const RETRY_BASE_MS = 500, RETRY_CAP_MS = 4_000;

/** What happens on a stream. */
export interface StreamEvents {
  readonly there: undefined;
  readonly event: ServerEvent;
  /** It ended, or could not be had. */
  readonly down: { readonly problem: string; readonly isOver: boolean };
}

export interface StreamOptions {
  /** A stream that said nothing for so long is taken for dead, in milliseconds. */
  readonly silenceMs?: number;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
}

/** One stream, from `start` to `close`. */
export class Stream {
  readonly #url: string;
  readonly #silenceMs: number | undefined;
  readonly #fetch: typeof fetch;
  readonly #clock: Clock;
  readonly #events = new Emitter<StreamEvents>();
  #abort: AbortController | undefined;
  #failures = 0;
  #unwait = () => {};
  #unwatch = () => {};

  constructor(url: string, { silenceMs, fetch: ask = fetch.bind(globalThis), clock = systemClock }: StreamOptions = {}) {
    this.#url = url;
    this.#silenceMs = silenceMs;
    this.#fetch = ask;
    this.#clock = clock;
  }

  /** Calls the listener from now on; what it returns ends that. */
  on<K extends keyof StreamEvents>(event: K, listener: (detail: StreamEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  start(): void {
    this.close();
    const abort = new AbortController();
    this.#abort = abort;
    void this.#run(abort);
  }

  close(): void {
    this.#unwait();
    this.#unwatch();
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async #run(abort: AbortController): Promise<void> {
    this.#watch(abort);
    let problem = `Nobody answers at ${new URL(this.#url).origin}.`;
    let isOver = false;
    try {
      const response = await this.#fetch(this.#url, { signal: abort.signal, headers: { Accept: "text/event-stream" }, cache: "no-store" });
      if (!response.ok || !response.body) {
        isOver = response.status === 400;
        problem = await saidBy(response);
      } else {
        problem = `The connection to ${new URL(this.#url).origin} was lost.`;
        if (this.#abort === abort) this.#events.emit("there", undefined);
        await this.#read(response.body, abort);
      }
    } catch {
      // What it means was said before it was tried.
    }
    if (this.#abort === abort) this.#down(problem, isOver);
  }

  async #read(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<void> {
    const pieces = body.getReader();
    const letters = new TextDecoder();
    const reader = new EventReader();
    for (;;) {
      const { done, value } = await pieces.read();
      if (done || this.#abort !== abort) return;
      this.#watch(abort);
      for (const event of reader.read(letters.decode(value, { stream: true }))) {
        this.#failures = 0;
        this.#events.emit("event", event);
      }
    }
  }

  /** Ends what stays silent for too long, from now on. */
  #watch(abort: AbortController): void {
    this.#unwatch();
    const ms = this.#silenceMs;
    if (ms === undefined) return;
    this.#unwatch = this.#clock.after(ms, () => {
      if (this.#abort !== abort) return;
      abort.abort();
      this.#down(`Nothing was heard from ${new URL(this.#url).origin} for ${Math.round(ms / 1_000)} s.`, false);
    });
  }

  #down(problem: string, isOver: boolean): void {
    this.close();
    if (!isOver) {
      const longest = Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** this.#failures);
      this.#failures++;
      this.#unwait = this.#clock.after((0.5 + this.#clock.random() / 2) * longest, () => this.start());
    }
    this.#events.emit("down", { problem, isOver });
  }
}

/** Why an answer is none, in a sentence. */
export async function saidBy(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === "string" && error !== "") return sentence(error.replace(/`([^`]*)`/g, "“$1”"));
  } catch {
    // Not one of ours: a proxy, or another program.
  }
  return `${new URL(response.url || "http://monitor").host} says no (${response.status}).`;
}
