// The wire layer on the examples that belong to the protocol, which the Rust codec reads too, and on what nobody should send.

import { expect, test } from "vitest";
import vectors from "../../../bridge/vectors.json";
import * as wire from "../library/wire.js";

/** The lines of a message as this side sees them. */
function read(message: string): { frames: string[]; lines: string[] } {
  const frames: string[] = [], lines: string[] = [];
  wire.readMessage(message, wire.newReading(), reading => frames.push(wire.encodeFrame(reading)), line => lines.push(line));
  return { frames, lines };
}

test.each(vectors.frames)("a frame: $name", ({ input, line, device, tap }) => {
  const { frames } = read(input);
  // Another tap value than `ff` is none, and is written as none.
  expect(frames).toEqual(line === null ? [] : [line.slice(0, 18) + (tap ? "ff" : "00")]);
  if (line !== null) {
    const reading = wire.newReading();
    expect(wire.readFrame(input, 0, reading)).toBe(true);
    expect([wire.formatId(reading.id), reading.tap]).toEqual([device, tap]);
  }
});

test.each(vectors.messages.filter(({ frames }) => frames))("the lines of $input", ({ input, frames, others = 0 }) => {
  const found = read(input);
  expect(found.frames).toEqual(frames);
  expect(found.lines).toHaveLength(others);
});

test("random damage never throws, and what is read is what was there", () => {
  const letters = "0123456789abcdefABCDEFg:\r\n \u0000é１ﾟ\ud83d";
  let seed = 11;
  const below = (limit: number) => (seed = (seed * 48271) % 0x7fffffff) % limit;
  let frames = 0;
  for (let round = 0; round < 3000; round++) {
    const base = "1a2b8080ff00112233ff\n3c4d8080ff0011223300";
    const at = below(base.length), count = below(4);
    const noise = Array.from({ length: count }, () => letters[below(letters.length)]).join("");
    const message = base.slice(0, at) + noise + base.slice(at + below(4));
    const found = read(message);
    for (const line of found.frames) expect(message.toLowerCase()).toContain(line.slice(0, 18));
    for (const line of found.lines) expect(line).toBe(line.trim());
    frames += found.frames.length;
  }
  expect(frames).toBeGreaterThan(1000);
});

test("a reading is untouched by what is no frame", () => {
  const reading = { ...wire.newReading(), id: 7, ax: 7, tap: true };
  for (const text of ["1a2b8080ff001122330g", "1a2b8080ff001122330", "", "g".repeat(20)]) {
    expect(wire.readFrame(text, 0, reading)).toBe(false);
  }
  expect(reading).toEqual({ ...wire.newReading(), id: 7, ax: 7, tap: true });
});

test("frames that are encoded are read back, and no value leaves its byte", () => {
  const reading = { id: 0x0a2b, ax: 0, ay: 128, az: 255, dNW: 1, dNE: 15, dSE: 16, dSW: 254, tap: true };
  expect(wire.encodeFrame(reading)).toBe("0a2b0080ff010f10feff");
  const back = wire.newReading();
  expect(wire.readFrame(wire.encodeFrame(reading), 0, back)).toBe(true);
  expect(back).toEqual(reading);
  const wild = { ...reading, ax: -1, ay: 127.5, az: 1e9, dNW: NaN, dNE: Infinity, dSE: -Infinity, id: 0x1ffff, tap: false };
  expect(wire.encodeFrame(wild)).toBe("ffff0080ff00ff00fe00");
});

test("bytes and their units", () => {
  expect([wire.toG(0), wire.toG(255), wire.fromG(-2), wire.fromG(2), wire.fromG(wire.toG(191))]).toEqual([-2, 2, 0, 255, 191]);
  expect([wire.toDbm(0), wire.toDbm(255)]).toEqual([-100, -40]);
});

test("ids of either case, and nothing else", () => {
  expect(["1A2B", "0000", "ffff"].map(wire.parseId)).toEqual([0x1a2b, 0, 0xffff]);
  expect(["1a2", "1a2b3", "1a2g", "0x1a", " 1a2", "", "1a2b\n"].map(wire.parseId)).toEqual(Array(7).fill(undefined));
  expect([0x1a2b, 0, 0xffff].map(wire.formatId)).toEqual(["1a2b", "0000", "ffff"]);
});

test("commands as a device gets them", () => {
  expect(wire.parseCommand("led:ff0000\n")).toEqual({ command: "led", parameters: "ff0000" });
  expect(wire.parseCommand("status:")).toEqual({ command: "status", parameters: "" });
  expect(wire.parseCommand("ota:http://h:5008/x")).toEqual({ command: "ota", parameters: "http://h:5008/x" });
  for (const text of ["Connected to GroupLoop WebSocket server", "pong", "", ":", ":ff0000"]) {
    expect(wire.parseCommand(text)).toBeUndefined();
  }
});

test.each(vectors.commands.filter(({ device }) => device))("$input is what a controller sends", ({ input }) => {
  const [, target = "", command = "", ...parameters] = input.trim().split(":");
  expect(wire.encodeCommand(target, command, parameters)).toBe(input.trim());
});

test.each(vectors.messages.filter(({ kind }) => kind === "subscribe"))("$input subscribes", ({ input, devices, rate }) => {
  const sent = wire.encodeSubscribe({ ...devices && { devices }, ...rate && { rate } });
  const options = (text: string) => {
    const [devices, rate] = ["devices", "rate"].map(key => new URLSearchParams(text.trim().slice(2)).get(key));
    return { devices: [...new Set(devices?.toLowerCase().split(","))].sort(), rate };
  };
  expect(sent.startsWith("s")).toBe(true);
  expect(options(sent)).toEqual(options(input));
});

test("answers", () => {
  const read = (line: string) => wire.parseAnswer(line);
  expect(read("cmd:result:success")).toEqual({ ok: true, answer: "result:success", count: 1 });
  expect(read("cmd:result:failed")).toEqual({ ok: false, answer: "result:failed", count: 0 });
  expect(read("cmd:result:sent_to_300_devices")).toEqual({ ok: true, answer: "result:sent_to_300_devices", count: 300 });
  expect(read("cmd:result:sent_to_0_devices")).toMatchObject({ ok: true, count: 0 });
  expect(read("cmd:error:whatever_comes")).toEqual({ ok: false, answer: "error:whatever_comes", count: 0 });
  expect(read("cmd:result:sent_to_-1_devices")).toMatchObject({ ok: false, count: 0 });
  expect(read(`cmd:result:sent_to_${"9".repeat(400)}_devices`)).toMatchObject({ ok: false, count: 0 });
  expect([read("stream:on"), read("Cmd:result:success"), read("")]).toEqual([undefined, undefined, undefined]);
});
