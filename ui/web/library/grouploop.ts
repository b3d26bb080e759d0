// grouploop.js: what an app imports. Everything that it exports is here; how it works is in the files beside it.

import type { ConnectOptions, DeviceLink, GroupLoop, Sketch } from "./api.js";
import { Client } from "./client.js";
import { DeviceConnection } from "./device.js";
import { SketchOf } from "./sketch.js";

export type * from "./api.js";
export { CLOSE_CODES, type CloseCode, type ComeBack } from "./close.js";
export { floorPosition } from "./position.js";
export { COLORS, checkCommand, colorDigits, mustBe, schemaOf, type Checked } from "./registry.js";
export { encodeFrame, formatId, fromG, newReading, parseCommand, parseId, readMessage, toDbm, toG } from "./wire.js";

/**
 * Connects to an edge. Without a URL it is the one that this page is for: `APP_CONFIG.wsDefaultUrl` if there is one, else port 5003 of
 * the host that the page is from, or this library if the page is from a file. It never throws: what is wrong comes as the event `problem`.
 */
export function connect(url?: string, options?: ConnectOptions): GroupLoop;
export function connect(options: ConnectOptions): GroupLoop;
export function connect(where?: string | ConnectOptions, options: ConnectOptions = {}): GroupLoop {
  const [url, rest] = typeof where === "object" ? [undefined, where] : [where, options];
  return new Client(url, rest, import.meta.url);
}

/** Connects a sketch: as `connect`, to be asked from `draw()`. */
export function sketch(url?: string, options?: ConnectOptions): Sketch;
export function sketch(options: ConnectOptions): Sketch;
export function sketch(where?: string | ConnectOptions, options?: ConnectOptions): Sketch {
  return new SketchOf(typeof where === "object" ? connect(where) : connect(where, options));
}

/** Connects a device: a page that sends frames and obeys commands. */
export function connectDevice(url?: string, options: Pick<ConnectOptions, "space" | "token"> = {}): DeviceLink {
  return new DeviceConnection(url, options, import.meta.url);
}
