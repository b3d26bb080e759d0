// A monitor that answers and says what a test says.

import { expect } from "vitest";

/** A request that waits, and then a stream. */
export class Asked {
  #say: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(readonly url: string, readonly isAborted: () => boolean, readonly settle: (answer: Response | undefined) => void) {}

  /** Begins a stream. */
  async stream(): Promise<void> {
    this.settle(new Response(new ReadableStream({ start: say => void (this.#say = say) })));
    await settled();
  }

  async say(event: string, data: unknown): Promise<void> {
    this.#say?.enqueue(new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
    await settled();
  }

  /** The stream ends. */
  async end(): Promise<void> {
    this.#say?.close();
    await settled();
  }

  async answer(status: number, body: unknown): Promise<void> {
    this.settle(new Response(JSON.stringify(body), { status }));
    await settled();
  }

  /** Nobody is there. */
  async fail(): Promise<void> {
    this.settle(undefined);
    await settled();
  }
}

/** What follows from an answer has followed by then. */
export const settled = (): Promise<void> => new Promise(done => setTimeout(done));

export class FakeMonitor {
  readonly asked: Asked[] = [];

  fetch: typeof fetch = (input, init = {}) => new Promise((resolve, reject) => {
    const gone = () => reject(new TypeError("Failed to fetch"));
    init.signal?.addEventListener("abort", gone);
    this.asked.push(new Asked(String(input), () => init.signal?.aborted === true, answer => (answer ? resolve(answer) : gone())));
  });

  /** The next request, which must be this one. */
  next(url: string): Asked {
    const asked = this.asked.shift();
    expect(asked?.url).toBe(url);
    return asked!;
  }
}
