// What ran on a simulator when the page last looked, to be started again when the simulator ended. Pure.

import { fieldsOf } from "../../store/space";
import type { Definition } from "./api";
import { together } from "./knobs";

export interface Known {
  /** Which simulator it was: its name, and when it began. */
  readonly simulator: string;
  /** What ran on it. */
  readonly definitions: readonly Definition[];
}

/** Letters that are kept over a reload; swarms with long lists of ids can be much. */
const MOST = 200_000;
const short = (text: string): string | undefined => (text.length <= MOST ? text : undefined);

export function readDefinitions(text: string): readonly Definition[] | undefined {
  try {
    const definitions: unknown = JSON.parse(text);
    return Array.isArray(definitions) ? definitions.map(fieldsOf).filter(({ name }) => typeof name === "string") : undefined;
  } catch {
    return undefined;
  }
}

export const writeDefinitions = (definitions: readonly Definition[]): string | undefined =>
  definitions.length > 0 ? short(JSON.stringify(definitions)) : undefined;

export function readKnown(text: string): Known | undefined {
  try {
    const { simulator, definitions } = fieldsOf(JSON.parse(text));
    const read = readDefinitions(JSON.stringify(definitions ?? null));
    return typeof simulator === "string" && read ? { simulator, definitions: read } : undefined;
  } catch {
    return undefined;
  }
}

export const writeKnown = (known: Known | undefined): string | undefined => known && short(JSON.stringify(known));

/** A swarm as it is to be started, with the changes that did not reach it. */
export function asStarted(definition: Definition, changes: Definition): Definition {
  const { ids, ...others } = together([definition, changes]);
  // So many of them: which ones is not said then.
  return ids === undefined || changes["devices"] !== undefined ? others : { ids, ...others };
}
