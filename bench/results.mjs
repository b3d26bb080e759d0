// The record of measurements as `bench/src/results.rs` keeps it: the newest section first, one that is measured again replaces itself.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

/** The machine, as the other bench names it. */
const machine = () => `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.floor(totalmem() / 1.024e9)} GB, Linux ${release()}`;

/** Puts a section of today and this machine into the file. */
export function record(file, what, body) {
  const heading = `${new Date().toISOString().slice(0, 10)}, ${machine()}: ${what}`;
  writeFileSync(file, merge(readFileSync(file, "utf8"), heading, body));
}

/** The text with this section in it. */
function merge(text, heading, body) {
  const [preamble, ...sections] = text.split(/\n(?=## )/);
  const others = sections.map(section => section.trim()).filter(section => section.split("\n")[0] !== `## ${heading}`);
  return `${[preamble.trim(), `## ${heading}\n\n${body.trim()}`, ...others].join("\n\n")}\n`;
}
