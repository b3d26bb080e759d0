// A CDN that answers when a test says so, and its stream of changes.

import { expect } from "vitest";
import type { RawSource } from "../store/news";

/** A request that waits for its answer. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  answer(status: number, body?: unknown, etag?: string): Promise<void>;
  fail(): Promise<void>;
}

/** A CDN that answers when a test says so. */
export class FakeCdn {
  readonly asked: Asked[] = [];

  fetch: typeof fetch = (input, init = {}) => new Promise((resolve, reject) => {
    const settled = async (call: () => void) => {
      call();
      // What follows from an answer has followed by then.
      await new Promise(next => setTimeout(next));
    };
    this.asked.push({
      method: init.method ?? "GET",
      path: String(input).replace("http://cdn/api/spaces/", ""),
      headers: (init.headers ?? {}) as Record<string, string>,
      body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
      answer: (status, body, etag) => settled(() => resolve(new Response(
        status === 204 || status === 304 ? null : JSON.stringify(body ?? {}), { status, headers: etag === undefined ? {} : { ETag: etag } },
      ))),
      fail: () => settled(() => reject(new TypeError("Failed to fetch"))),
    });
  });

  /** The next request, which must be this one. */
  next(what: string): Asked {
    const asked = this.asked.shift();
    expect(asked && `${asked.method} ${asked.path}`).toBe(what);
    return asked!;
  }
}

/** A stream of changes that says what a test says. */
export class FakeSource implements RawSource {
  readyState = 1;
  isClosed = false;
  readonly #listeners = new Map<string, (event: Event) => void>();

  constructor(readonly url: string) {}

  addEventListener = (event: string, call: unknown): void => void this.#listeners.set(event, call as (event: Event) => void);
  close = (): void => void (this.isClosed = true);
  say(event: string, data: unknown = {}): void {
    this.#listeners.get(event)?.({ data: JSON.stringify(data) } as MessageEvent);
  }
}
