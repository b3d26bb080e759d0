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
