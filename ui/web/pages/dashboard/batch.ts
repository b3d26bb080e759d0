// A command to whom it is for, as one act with one answer: how many it reached, and which not.

import { signal } from "@preact/signals";
import { swarm, watching } from "./state";

/** Lines of the log at most. */
const MOST_LINES = 100;
/** Commands of one act that wait for their answers at a time. */
const AT_A_TIME = 64;

/** What became of one act. */
export interface Line {
  readonly number: number;
  readonly at: Date;
  /** As it was sent: `led:ff8000`. */
  readonly text: string;
  readonly to: string;
  /** `undefined` while it is under way. */
  readonly ok: boolean | undefined;
  readonly words: string;
  /** The devices that it did not reach. */
  readonly failed: readonly string[];
  readonly command: string;
  readonly parameters: readonly string[];
}

/** The newest first. */
export const log = signal<readonly Line[]>([]);
let lines = 0;

function change(line: Line): void {
  log.value = log.value.map(other => (other.number === line.number ? line : other));
}

/** Sends a command to devices, or to all, and writes down what becomes of it. */
export async function act(to: readonly string[] | "all", command: string, parameters: readonly string[]): Promise<void> {
  const name = to === "all" ? "all devices" : to.length === 1 ? (to[0] ?? "") : `${to.length} devices`;
  const line: Line = {
    number: ++lines, at: new Date(), text: [command, ...parameters].join(":"), to: name, ok: undefined, words: "on its way", failed: [], command, parameters,
  };
  log.value = [line, ...log.value].slice(0, MOST_LINES);
  if (to === "all") {
    const { ok, message, count } = await watching.send("all", command, parameters);
    const nobody = ok && count === 0;
    change({ ...line, ok: ok && !nobody, words: nobody ? "There is no device in this space." : ok ? `sent to ${count} ${count === 1 ? "device" : "devices"}` : message });
    return;
  }
  const failed = new Map<string, string>();
  const waiting = [...to];
  const work = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const { ok, message } = await watching.send(id, command, parameters);
      if (!ok) failed.set(id, message);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, to.length) }, work));
  const reasons = [...new Set(failed.values())];
  const words = failed.size === 0
    ? to.length === 1 ? "written to the device" : `written to all ${to.length}`
    : to.length === 1 ? (reasons[0] ?? "") : `written to ${to.length - failed.size} of ${to.length}. ${reasons.join(" ")}`;
  change({ ...line, ok: failed.size === 0, words, failed: [...failed.keys()].sort() });
}

/** Once more to those that it did not reach and that are there now. */
export function again(line: Line): void {
  const ids = line.failed.filter(id => swarm.place(id) !== undefined);
  if (ids.length > 0) void act(ids, line.command, line.parameters);
}
