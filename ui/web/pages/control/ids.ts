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

/** One word of what was typed. */
interface Word {
  readonly word: string;
  /** The ids from the first to the last; `undefined` when it is neither an id nor a range. */
  readonly span: readonly [string, string] | undefined;
}

/** Takes ids apart, by commas or spaces: `1a2b, 1a2c 1b00-1b20`. */
function* words(text: string): Generator<Word> {
  for (const word of text.toLowerCase().replace(/\s*[-–]\s*/g, "-").split(/[\s,;]+/)) {
    if (word === "") continue;
    const [first = "", last = first, ...more] = word.split("-");
    const [from, to] = [parseId(first), parseId(last)];
    const fits = from !== undefined && to !== undefined && from <= to && more.length === 0;
    yield { word, span: fits ? [formatId(from), formatId(to)] : undefined };
  }
}

/** Which of those that are there were typed. `known` are those that are there, sorted. */
export function typedIds(text: string, known: readonly string[]): TypedIds {
  const there = new Set<string>(), absent = new Set<string>(), malformed = new Set<string>();
  const all = new Set(known);
  for (const { word, span } of words(text)) {
    if (!span) {
      malformed.add(word);
      continue;
    }
    const [least, most] = span;
    const found = least === most ? (all.has(least) ? [least] : []) : known.filter(id => id >= least && id <= most);
    if (found.length === 0) absent.add(word);
    for (const id of found) there.add(id);
  }
  return { there: [...there].sort(), absent: [...absent], malformed: [...malformed] };
}

/**
 * Devices in the order in which they were typed, each once: an id is a device, also one that is away, and a range is whoever of it is there.
 * Or a sentence on what is wrong.
 */
export function typedInOrder(text: string, known: readonly string[]): { readonly ids: readonly string[]; readonly wrong: string | undefined } {
  const ids = new Set<string>();
  for (const { word, span } of words(text)) {
    if (!span) return { ids: [...ids], wrong: `“${brief(word)}” is no device: it must be 4 hex digits such as 1a2b, or a range such as 1a00-1a1f.` };
    const [least, most] = span;
    const found = least === most ? [least] : known.filter(id => id >= least && id <= most);
    if (found.length === 0) return { ids: [...ids], wrong: `Nobody of ${word} is there now.` };
    for (const id of found) ids.add(id);
  }
  return { ids: [...ids], wrong: undefined };
}

/** Letters of a word that are repeated in a sentence. */
const MOST_LETTERS = 24;

/** A word, or its beginning when somebody pasted a book. */
export const brief = (word: string): string => (word.length > MOST_LETTERS ? `${word.slice(0, MOST_LETTERS)}…` : word);

/** The first of these, and how many more there are. */
export function few(words: readonly string[], most = 8): string {
  const shown = words.slice(0, most).map(brief).join(", ");
  return words.length > most ? `${shown} and ${words.length - most} more` : shown;
}
