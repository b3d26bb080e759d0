// The other side: a page that is a device, which sends frames and obeys commands.

import { defaultUrl, edgeAddress } from "./address.js";
import type { ConnectOptions, DeviceLink, DeviceLinkEvents, Reading } from "./api.js";
import { Emitter } from "./events.js";
import { Link, type LinkOptions } from "./socket.js";
import { encodeFrame, parseCommand } from "./wire.js";

/** Bytes that may wait to be sent, about a second of frames: beyond it a frame is dropped, since an old one has no value. */
const MAX_WAITING_BYTES = 512;

/** One device's connection. */
export class DeviceConnection implements DeviceLink {
  readonly url: string;
  readonly #events = new Emitter<DeviceLinkEvents>();
  readonly #link: Link;
  #dropped = 0;
  #closed = false;

  constructor(
    url: string | undefined,
    options: Pick<ConnectOptions, "space" | "token">,
    script: string | undefined,
    link: LinkOptions = {},
  ) {
    const address = edgeAddress(url ?? defaultUrl(script), options);
    this.url = address.url;
    this.#link = new Link(address.url, link);
    this.#link.on("open", () => this.#events.emit("open", undefined));
    this.#link.on("down", ({ message, retryInMs }) => this.#events.emit("down", { message, retryInMs }));
    this.#link.on("message", message => {
      const command = parseCommand(message);
      if (command) this.#events.emit("command", command);
    });
    // Once the app has had the time to listen.
    queueMicrotask(() => {
      if (this.#closed) return;
      if (address.problem === undefined) this.#link.start();
      else this.#events.emit("down", { message: address.problem, retryInMs: undefined });
    });
  }

  get isOpen(): boolean {
    return this.#link.isOpen;
  }

  get dropped(): number {
    return this.#dropped;
  }

  on<K extends keyof DeviceLinkEvents>(event: K, listener: (detail: DeviceLinkEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  send(reading: Readonly<Reading>): boolean {
    const isFree = (this.#link.raw?.bufferedAmount ?? 0) <= MAX_WAITING_BYTES;
    const sent = isFree && this.#link.send(encodeFrame(reading));
    if (!sent) this.#dropped++;
    return sent;
  }

  close(): void {
    this.#closed = true;
    this.#link.close();
  }
}
