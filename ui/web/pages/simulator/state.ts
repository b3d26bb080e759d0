// What the page knows of the simulator and what a person has turned and typed on it.

import { batch, computed, signal } from "@preact/signals";
import * as api from "./api";
import type { Definition, Health, Swarm } from "./api";
import { Refusal } from "./refusal";
import { type Knob, MOTION_WORDS, type MotionWord, patchOf, readNumber } from "./knobs";
import { Rates } from "./rates";
import { Sender } from "./sender";
import { MOST_STREAMS, Streams } from "./streams";

/** Between two looks at the simulator, in milliseconds. */
const LOOK_MS = 1_000;

/** Whether it answers: "asking" before the first answer. */
export const link = signal<"asking" | "there" | "away">("asking");
/** Why it does not, in a sentence. */
export const linkProblem = signal<string | undefined>(undefined);
export const health = signal<Health | undefined>(undefined);
export const swarms = signal<readonly Swarm[]>([]);

export const isOver = ({ status }: Swarm): boolean => status === "finished" || status === "stopped";
export const running = computed(() => swarms.value.filter(swarm => !isOver(swarm)));
export const over = computed(() => swarms.value.filter(isOver));

/** Swarms that ended because the simulator did. */
export const lost = signal<readonly Definition[]>([]);
export const rates = new Rates();
/** Counts up with each look, for what is shown of the rates. */
export const looks = signal(0);

/** Swarms that are not to be drawn. */
export const hidden = signal<ReadonlySet<string>>(new Set());
export const drawable = computed(() => running.value.map(({ name }) => name).filter(name => !hidden.value.has(name)));
export const drawnNames = computed(() => drawable.value.slice(0, MOST_STREAMS));

/** When the newest picture came, by this page's clock. */
let pictureAtMs: number | undefined;
export const ageMs = signal<number | undefined>(undefined);
export const streams = new Streams(() => (pictureAtMs = performance.now()));

/** What the badge says: pictures make the page live. */
export const state = computed(() => (link.value === "away" ? "disconnected" : ageMs.value !== undefined && ageMs.value < 2_000 ? "live" : "stale"));

/** The swarm whose knobs are shown. */
export const opened = signal<string | undefined>(undefined);
/** Swarms that are being stopped. */
export const stopping = signal<ReadonlySet<string>>(new Set());
/** What went wrong with a swarm, by its name. */
export const problems = signal<Readonly<Record<string, string>>>({});

const without = (names: ReadonlySet<string>, name: string): ReadonlySet<string> => new Set([...names].filter(other => other !== name));

export function drop<T>(from: Readonly<Record<string, T>>, keys: readonly string[]): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key)));
}

let node: string | undefined;

/** Takes a list of all swarms in. */
function take(list: readonly Swarm[]): void {
  const isNews = JSON.stringify(list.map(({ name, status }) => [name, status])) !== JSON.stringify(swarms.peek().map(({ name, status }) => [name, status]));
  batch(() => {
    swarms.value = list;
    const live = running.value;
    rates.take(performance.now(), live);
    looks.value++;
    if (!isNews) return;
    for (const name of drafts.keys()) if (!live.some(swarm => swarm.name === name)) forget(name);
    if (!live.some(({ name }) => name === opened.peek())) opened.value = live[0]?.name;
    hidden.value = new Set([...hidden.peek()].filter(name => live.some(swarm => swarm.name === name)));
  });
  streams.want(drawnNames.peek());
}

/** Looks at the simulator once. */
export async function look(): Promise<void> {
  try {
    const [now, list] = await Promise.all([api.health(), api.swarms()]);
    const isAnother = link.peek() === "away" || (node !== undefined && node !== now.node);
    batch(() => {
      // Those that ran, and that nobody stopped: another one has begun in its place, which knows nothing of them.
      if (isAnother) {
        const gone = running.peek().filter(({ name }) => !stopping.peek().has(name) && !list.some(swarm => swarm.name === name));
        if (gone.length > 0) lost.value = gone.map(({ definition }) => definition);
      }
      node = now.node;
      link.value = "there";
      linkProblem.value = undefined;
      health.value = now;
    });
    take(list);
  } catch (error) {
    batch(() => {
      link.value = "away";
      linkProblem.value = (error as Error).message;
    });
    streams.want([]);
  }
}

/** Looks from now on. */
export function start(): void {
  const again = async () => {
    await look();
    setTimeout(again, LOOK_MS);
  };
  void again();
  drawnNames.subscribe(names => streams.want(link.peek() === "there" ? names : []));
  setInterval(() => {
    ageMs.value = pictureAtMs === undefined ? undefined : performance.now() - pictureAtMs;
  }, 250);
}

/** Puts swarms that have begun into the list, before the next look. */
export function begun(started: readonly Swarm[]): void {
  const names = started.map(({ name }) => name);
  batch(() => {
    swarms.value = [...swarms.peek().filter(({ name }) => !names.includes(name)), ...started].sort((a, b) => (a.name < b.name ? -1 : 1));
    if (started[0]) opened.value = started[0].name;
  });
}

/** Starts a swarm. */
export async function startSwarm(definition: Definition): Promise<void> {
  begun([await api.start(definition)]);
}

/** Starts those again that ended with the simulator; what cannot be started stays in the list, with why. */
export async function startLost(): Promise<string | undefined> {
  const left: Definition[] = [];
  const wrong: string[] = [];
  for (const definition of lost.peek()) {
    try {
      await startSwarm(definition);
    } catch (error) {
      left.push(definition);
      wrong.push(`${String(definition["name"])}: ${(error as Error).message}`);
    }
  }
  lost.value = left;
  return wrong.length > 0 ? wrong.join(" ") : undefined;
}

/** Stops a swarm; somebody else may have done so. */
export async function stopSwarm(name: string): Promise<void> {
  batch(() => {
    stopping.value = new Set([...stopping.peek(), name]);
    problems.value = drop(problems.peek(), [name]);
  });
  try {
    await api.stop(name);
    take(swarms.peek().filter(swarm => swarm.name !== name));
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) take(swarms.peek().filter(swarm => swarm.name !== name));
    else problems.value = { ...problems.peek(), [name]: (error as Error).message };
  } finally {
    stopping.value = without(stopping.peek(), name);
  }
}

/** What was turned and typed on a swarm, and has not become true yet. */
class Draft {
  /** Texts of fields, by the key of their knob. */
  readonly typed = signal<Readonly<Record<string, string>>>({});
  /** What is wrong, by key. */
  readonly wrong = signal<Readonly<Record<string, string>>>({});
  /** The field that is written in: its text stays as it is written. */
  editing: string | undefined;
  readonly sender: Sender;

  constructor(name: string) {
    this.sender = new Sender(patch => api.change(name, patch), ({ keys, outcome }) => this.#settle(keys, outcome));
  }

  #settle(keys: readonly string[], outcome: Swarm | Refusal): void {
    batch(() => {
      if (outcome instanceof Refusal) {
        const why = outcome.isAway ? `${outcome.message} It is tried again by itself.` : outcome.message;
        this.wrong.value = { ...this.wrong.peek(), ...Object.fromEntries(keys.map(key => [key, why])) };
        return;
      }
      swarms.value = swarms.peek().map(swarm => (swarm.name === outcome.name ? outcome : swarm));
      const done = keys.filter(key => key !== this.editing);
      this.typed.value = drop(this.typed.peek(), done);
      this.wrong.value = drop(this.wrong.peek(), keys);
    });
  }

  /** Nobody writes in a field any more: it shows what is true, unless that is not what was written. */
  leave(key: string): void {
    this.editing = undefined;
    if (this.wrong.peek()[key] === undefined) this.typed.value = drop(this.typed.peek(), [key]);
  }
}

const drafts = new Map<string, Draft>();

export function draftOf(name: string): Draft {
  const draft = drafts.get(name) ?? new Draft(name);
  drafts.set(name, draft);
  return draft;
}

function forget(name: string): void {
  drafts.get(name)?.sender.close();
  drafts.delete(name);
}

/** Turns a knob: what cannot be is said at it, the rest is sent. */
export function turn(name: string, knob: Knob, text: string, patch: (value: number) => Definition = value => patchOf(knob, value)): void {
  const draft = draftOf(name);
  const value = readNumber(knob, text);
  batch(() => {
    draft.typed.value = { ...draft.typed.peek(), [knob.key]: text };
    draft.wrong.value = typeof value === "string" ? { ...draft.wrong.peek(), [knob.key]: value } : drop(draft.wrong.peek(), [knob.key]);
  });
  if (typeof value === "number") draft.sender.change(knob.key, patch(value));
}

/** Chooses one motion for all. */
export function choose(name: string, word: MotionWord): void {
  const draft = draftOf(name);
  draft.typed.value = { ...drop(draft.typed.peek(), MOTION_WORDS.map(word => `motion.${word}`)), motion: word };
  draft.sender.change("motion", { motion: word });
}

/** The device that is looked at. */
export interface Chosen {
  readonly swarm: string;
  readonly id: string;
}

export const chosen = signal<Chosen | undefined>(undefined);
