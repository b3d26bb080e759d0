// The record of measurements as `bench/src/results.rs` keeps it: the newest section first, one that is measured again replaces itself.

/** The text with this section in it. */
export function merge(text, heading, body) {
  const [preamble, ...sections] = text.split(/\n(?=## )/);
  const others = sections.map(section => section.trim()).filter(section => section.split("\n")[0] !== `## ${heading}`);
  return `${[preamble.trim(), `## ${heading}\n\n${body.trim()}`, ...others].join("\n\n")}\n`;
}
