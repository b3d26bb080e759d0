// Ids as people type them: one after the other, and ranges. Pure.

import { formatId, parseId } from "../../library/wire";

/** What a text comes to. */
export interface TypedIds {
  /** Those that are there, each once, sorted. */
  readonly there: readonly string[];
  /** Ids, and ranges in which nobody is, that are right and not there. */
  readonly absent: readonly string[];
  /** What is neither an id nor a range. */
  readonly malformed: readonly string[];
}

/** Takes ids apart, by commas or spaces: `1a2b, 1a2c 1b00-1b20`. `known` are those that are there. */
export function typedIds(text: string, known: readonly string[]): TypedIds {
  const there = new Set<string>(), absent = new Set<string>(), malformed = new Set<string>();
  const all = new Set(known);
  for (const word of text.toLowerCase().replace(/\s*[-–]\s*/g, "-").split(/[\s,;]+/)) {
    if (word === "") continue;
    const [first = "", last = first, ...more] = word.split("-");
    const [from, to] = [parseId(first), parseId(last)];
    if (from === undefined || to === undefined || from > to || more.length > 0) {
      malformed.add(word);
      continue;
    }
    const [least, most] = [formatId(from), formatId(to)];
    const found = first === last ? (all.has(least) ? [least] : []) : known.filter(id => id >= least && id <= most);
    if (found.length === 0) absent.add(word);
    for (const id of found) there.add(id);
  }
  return { there: [...there].sort(), absent: [...absent], malformed: [...malformed] };
}

/** The first of these, and how many more there are. */
export function few(words: readonly string[], most = 8): string {
  const shown = words.slice(0, most).join(", ");
  return words.length > most ? `${shown} and ${words.length - most} more` : shown;
}
