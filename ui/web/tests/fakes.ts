// A clock that moves when a test says so, and WebSockets that do what a test says.

import type { Clock, RawSocket } from "../library/socket.js";

/** Time that stands still until `advance`. Chance gives 1 until somebody sets it. */
export class FakeClock implements Clock {
  chance = 1;
  #now = 0;
  #timers: { at: number; call: () => void }[] = [];

  now = (): number => this.#now;
  random = (): number => this.chance;

  after = (ms: number, call: () => void): (() => void) => {
    const timer = { at: this.#now + ms, call };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter(other => other !== timer));
  };

  /** Timers that wait: none, once everything has been ended. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Moves on, and calls what comes due in its order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter(timer => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
    this.#now = until;
  }
}

/** A WebSocket without a network. */
export class FakeSocket implements RawSocket {
  readyState: RawSocket["readyState"] = 0;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  closedWith: number | undefined | "not closed" = "not closed";
  onopen: RawSocket["onopen"] = null;
  onmessage: RawSocket["onmessage"] = null;
  onclose: RawSocket["onclose"] = null;
  onerror: RawSocket["onerror"] = null;

  constructor(readonly url: string) {}

  send(data: unknown): void {
    this.sent.push(String(data));
  }

  close(code?: number): void {
    this.readyState = 2;
    this.closedWith = code;
  }

  /** The handshake is done. */
  open(): this {
    this.readyState = 1;
    this.#call(this.onopen, {});
    return this;
  }

  /** The server says something. */
  hear(data: unknown): void {
    this.#call(this.onmessage, { data });
  }

  /** The connection ends, or could not be made. */
  end(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.#call(this.onclose, { code, reason, wasClean: code !== 1006 });
  }

  #call(handler: ((event: never) => unknown) | null, event: unknown): void {
    handler?.call(this, event as never);
  }
}

/** A place where WebSockets are made. */
export class FakeNetwork {
  readonly sockets: FakeSocket[] = [];
  /** Says why the browser refuses, when it does. */
  refuses: string | undefined;

  open = (url: string): FakeSocket => {
    if (this.refuses !== undefined) throw new Error(this.refuses);
    const socket = new FakeSocket(url);
    this.sockets.push(socket);
    return socket;
  };

  /** The newest one. */
  get last(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error("no WebSocket was made");
    return last;
  }
}
