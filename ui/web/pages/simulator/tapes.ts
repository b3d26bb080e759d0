// What is recorded and played, and what is kept in the simulator's folder.

import { batch, computed, signal } from "@preact/signals";
import * as api from "./api";
import type { Definition, Recording, Replay, TapeLimits } from "./api";
import { drop, type Notes } from "./notes";
import { Refusal } from "./refusal";
import { link, looks } from "./state";

/** Looks at the simulator from one look at the folder to the next, while nothing is recorded or played there. */
const SELDOM = 5;

export const recordings = signal<readonly Recording[]>([]);
export const replays = signal<readonly Replay[]>([]);
export const limits = signal<TapeLimits | undefined>(undefined);
/** Why the folder cannot be looked at. */
export const folderProblem = signal<string | undefined>(undefined);
/** What went wrong with a recording, by its name. */
export const wrongs = signal<Notes>({});
/** Recordings with which something is being done. */
export const busy = signal<ReadonlySet<string>>(new Set());

/** The spaces that are being recorded, each with the name of its recording. */
export const underWay = computed(() => recordings.value.filter(({ status }) => status === "recording"));

let isLooking = false;

export async function lookAtTapes(): Promise<void> {
  if (isLooking) return;
  isLooking = true;
  try {
    const [list, played] = await Promise.all([api.recordings(), api.replays()]);
    batch(() => {
      recordings.value = list.recordings;
      limits.value = list.limits;
      replays.value = played;
      folderProblem.value = undefined;
    });
  } catch (error) {
    // That nobody answers is said at the top of the page.
    folderProblem.value = error instanceof Refusal && error.isAway ? undefined : (error as Error).message;
  } finally {
    isLooking = false;
  }
}

/** Looks from now on, with the page's looks at the simulator. */
export function watchTapes(): void {
  looks.subscribe(count => {
    const isAtWork = underWay.peek().length > 0 || replays.peek().some(({ status }) => status === "playing");
    if (link.peek() === "there" && (isAtWork || count % SELDOM === 1)) void lookAtTapes();
  });
}

/** Does something with a recording, one thing at a time; what goes wrong is said at it. */
export async function withTape(name: string, work: () => Promise<unknown>): Promise<void> {
  if (busy.peek().has(name)) return;
  batch(() => {
    busy.value = new Set([...busy.peek(), name]);
    wrongs.value = drop(wrongs.peek(), [name]);
  });
  try {
    await work();
  } catch (error) {
    wrongs.value = { ...wrongs.peek(), [name]: (error as Error).message };
  }
  busy.value = new Set([...busy.peek()].filter(other => other !== name));
  await lookAtTapes();
}

/** Begins to record. */
export async function record(wanted: Definition): Promise<void> {
  await api.record(wanted);
  await lookAtTapes();
}
