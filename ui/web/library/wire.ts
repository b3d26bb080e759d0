// The wire protocol in a browser: texts in, values out, and back. Pure: no clock, no socket, and nothing is allocated for a frame.
// docs/protocol.md is the norm, bridge/vectors.json its examples, which the tests of this file and of the Rust codec both read.

import type { CommandAnswer, Reading, SubscribeOptions } from "./api.js";

/** Digits of a frame. */
const FRAME_DIGITS = 20;
/** Longest message that an edge takes, in bytes; a longer one ends the connection. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

/** How long a text is on the wire. */
export const byteLength = (text: string): number => new TextEncoder().encode(text).length;

const DIGIT_0 = 48, DIGIT_9 = 57, LETTER_A = 97, LETTER_F = 102;

/** The value of a hex digit; negative for anything else, the end of the text (NaN) included. */
function digit(code: number): number {
  if (code >= DIGIT_0 && code <= DIGIT_9) return code - DIGIT_0;
  const lower = code | 32;
  return lower >= LETTER_A && lower <= LETTER_F ? lower - LETTER_A + 10 : -1;
}

/** The byte that two hex digits are; negative when they are none. */
const byteAt = (text: string, at: number): number => (digit(text.charCodeAt(at)) << 4) | digit(text.charCodeAt(at + 1));

/** A reading to decode into, over and over. */
export const newReading = (): Reading => ({
  id: 0, ax: 0, ay: 0, az: 0, dNW: 0, dNE: 0, dSE: 0, dSW: 0, tap: false,
});

/** Reads the 20 digits at `start`; `false`, and nothing changed, when they are no frame. What follows them is not looked at. */
export function readFrame(text: string, start: number, into: Reading): boolean {
  const idHigh = byteAt(text, start), idLow = byteAt(text, start + 2);
  const ax = byteAt(text, start + 4), ay = byteAt(text, start + 6), az = byteAt(text, start + 8);
  const dNW = byteAt(text, start + 10), dNE = byteAt(text, start + 12);
  const dSE = byteAt(text, start + 14), dSW = byteAt(text, start + 16), tap = byteAt(text, start + 18);
  if ((idHigh | idLow | ax | ay | az | dNW | dNE | dSE | dSW | tap) < 0) return false;
  into.id = (idHigh << 8) | idLow;
  into.ax = ax;
  into.ay = ay;
  into.az = az;
  into.dNW = dNW;
  into.dNE = dNE;
  into.dSE = dSE;
  into.dSW = dSW;
  into.tap = tap === 0xff;
  return true;
}

/** The digits of the frame at `start`, as edges send them: in lower case. */
export const frameAt = (text: string, start: number): string => text.slice(start, start + FRAME_DIGITS).toLowerCase();

/**
 * Goes through the lines of a message: `onFrame` for each frame, with `reading` filled anew and where in which text its digits are, and
 * `onLine` for each other line that is not blank. Neither may keep `reading`.
 */
export function readMessage(
  message: string,
  reading: Reading,
  onFrame: (reading: Readonly<Reading>, text: string, start: number) => void,
  onLine: (line: string) => void,
): void {
  for (let start = 0; start < message.length;) {
    const newline = message.indexOf("\n", start);
    const end = newline < 0 ? message.length : newline;
    if (end - start === FRAME_DIGITS && readFrame(message, start, reading)) {
      onFrame(reading, message, start);
    } else {
      const line = message.slice(start, end).trim();
      if (line.length === FRAME_DIGITS && readFrame(line, 0, reading)) onFrame(reading, line, 0);
      else if (line !== "") onLine(line);
    }
    start = end + 1;
  }
}

/** A number as two hex digits: rounded, and kept within 0 to 255. */
export function twoDigits(value: number): string {
  const byte = Math.round(Math.min(255, Math.max(0, value))) || 0;
  return byte.toString(16).padStart(2, "0");
}

/** A frame as a device sends it, without a newline. Values beyond a byte are brought back into it. */
export function encodeFrame(reading: Readonly<Reading>): string {
  const { id, ax, ay, az, dNW, dNE, dSE, dSW, tap } = reading;
  return formatId(id) + [ax, ay, az, dNW, dNE, dSE, dSW].map(twoDigits).join("") + (tap ? "ff" : "00");
}

/** A device id as a text: 4 hex digits, lower case. */
export const formatId = (id: number): string => (id & 0xffff).toString(16).padStart(4, "0");

/** The number of a device id of either case; `undefined` when it is none. */
export const parseId = (text: string): number | undefined =>
  /^[0-9a-f]{4}$/i.test(text) ? parseInt(text, 16) : undefined;

/** A byte of acceleration in g, -2 to 2. */
export const toG = (byte: number): number => (byte / 255) * 4 - 2;
/** Acceleration in g as the byte of a frame; it may have a fraction, which `encodeFrame` rounds. */
export const fromG = (g: number): number => ((g + 2) / 4) * 255;
/** A byte of nearness in dBm, -100 to -40. */
export const toDbm = (byte: number): number => (byte / 255) * 60 - 100;

/** A command as a device gets it; only the first colon splits. `undefined` for a line that is none, such as the greeting. */
export function parseCommand(text: string): { command: string; parameters: string } | undefined {
  const line = text.trim();
  const colon = line.indexOf(":");
  return colon > 0 ? { command: line.slice(0, colon), parameters: line.slice(colon + 1) } : undefined;
}

/** A command as a controller sends it. */
export const encodeCommand = (target: string, command: string, parameters: readonly (string | number)[]): string =>
  ["cmd", target, command, ...parameters].join(":");

/** The message that subscribes. */
export function encodeSubscribe({ devices, rate }: SubscribeOptions): string {
  const options = [];
  if (devices) options.push(`devices=${devices.join(",")}`);
  if (rate !== undefined) options.push(`rate=${rate}`);
  return options.length === 0 ? "s" : `s:${options.join("&")}`;
}

/** What the answer to a command says; `undefined` for a line that is none. */
export function parseAnswer(line: string): Omit<CommandAnswer, "message"> | undefined {
  if (!line.startsWith("cmd:")) return undefined;
  const answer = line.slice(4);
  if (answer === "result:success") return { ok: true, answer, count: 1 };
  const count = /^result:sent_to_(\d{1,9})_devices$/.exec(answer)?.[1];
  return count === undefined ? { ok: false, answer, count: 0 } : { ok: true, answer, count: Number(count) };
}
