// grouploop.js: what an app imports. Everything that it exports is here; how it works is in the files beside it.

import type { ConnectOptions, GroupLoop } from "./api.js";
import { Client } from "./client.js";

export type * from "./api.js";
export { CLOSE_CODES, type CloseCode, type ComeBack } from "./close.js";
export { connectDevice, type DeviceLink, type DeviceLinkEvents } from "./device.js";
export { COLORS, checkCommand, colorDigits, mustBe, schemaOf, type Checked } from "./registry.js";
export { Link, type Clock, type Down, type LinkEvents, type LinkOptions, type RawSocket } from "./socket.js";
export {
  encodeFrame, formatId, fromG, newReading, parseCommand, parseId, readFrame, readMessage, toDbm, toG,
} from "./wire.js";

/**
 * Connects to an edge. Without a URL it is the one that this page is for: `APP_CONFIG.wsDefaultUrl` if there is one, else port 5003 of
 * the host that the page is from. It never throws: what is wrong comes as the event `problem`.
 */
export function connect(url?: string, options?: ConnectOptions): GroupLoop;
export function connect(options: ConnectOptions): GroupLoop;
export function connect(where?: string | ConnectOptions, options: ConnectOptions = {}): GroupLoop {
  const [url, rest] = typeof where === "object" ? [undefined, where] : [where, options];
  return new Client(url, rest, import.meta.url);
}
