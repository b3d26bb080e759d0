// The other side: a page that is a device. It sends frames and obeys commands, over a connection of its own, because a command does not say
// which device it is for.

import { edgeAddress } from "./address.js";
import type { ConnectOptions, Reading } from "./api.js";
import { Emitter } from "./events.js";
import { Link, type Down, type LinkOptions } from "./socket.js";
import { encodeFrame, parseCommand } from "./wire.js";

/** Bytes that may wait to be sent: beyond it a frame is dropped, since an old one has no value. A second of frames. */
const MAX_WAITING_BYTES = 512;

/** What happens to a device, and what a listener gets. */
export interface DeviceLinkEvents {
  readonly open: undefined;
  /** The connection ended, or could not be made: `message` is a sentence for people, `retryInMs` the pause until the next try. */
  readonly down: Pick<Down, "message" | "retryInMs">;
  /** A command: `led` and `ff0000`. */
  readonly command: { readonly command: string; readonly parameters: string };
}

/** A device's connection to an edge, which comes back by itself. */
export interface DeviceLink {
  readonly url: string;
  readonly isOpen: boolean;
  /** Frames that were not sent: the connection was not open, or too slow. */
  readonly dropped: number;
  on<K extends keyof DeviceLinkEvents>(event: K, listener: (detail: DeviceLinkEvents[K]) => void): () => void;
  /** Sends a frame; `false` when it was dropped. */
  send(reading: Readonly<Reading>): boolean;
  /** Ends it for good. */
  close(): void;
}

/** Connects a device. Frames may be of any id; the newest connection to send one for an id gets its commands. */
export function connectDevice(
  url?: string,
  options: Pick<ConnectOptions, "space" | "token"> = {},
  linkOptions: LinkOptions = {},
): DeviceLink {
  const address = edgeAddress(url, options);
  const events = new Emitter<DeviceLinkEvents>();
  let dropped = 0;
  let closed = false;
  const link = new Link(address.url, linkOptions);
  link.on("open", () => events.emit("open", undefined));
  link.on("down", ({ message, retryInMs }) => events.emit("down", { message, retryInMs }));
  link.on("message", message => {
    const command = parseCommand(message);
    if (command) events.emit("command", command);
  });
  if (address.problem === undefined) link.start();
  else queueMicrotask(() => closed || events.emit("down", { message: address.problem, retryInMs: undefined }));
  return {
    url: address.url,
    get isOpen() {
      return link.isOpen;
    },
    get dropped() {
      return dropped;
    },
    on: (event, listener) => events.on(event, listener),
    send(reading) {
      const sent = (link.raw?.bufferedAmount ?? 0) <= MAX_WAITING_BYTES && link.send(encodeFrame(reading));
      if (!sent) dropped++;
      return sent;
    },
    close() {
      closed = true;
      link.close();
    },
  };
}
