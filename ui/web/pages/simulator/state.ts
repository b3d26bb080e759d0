// What the page knows of the simulator and what a person has turned and typed on it.

import { batch, computed, effect, type Signal, signal } from "@preact/signals";
import { forTab, remembered } from "../../design/remembered";
import * as api from "./api";
import type { Definition, Health, Swarm } from "./api";
import { Draft } from "./draft";
import { asStarted, type Known, readDefinitions, readKnown, writeDefinitions, writeKnown } from "./known";
import { drop, type Notes } from "./notes";
import { Rates } from "./rates";
import { Refusal } from "./refusal";
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

/** Swarms that ended because the simulator did, also after a reload. */
export const lost = remembered<readonly Definition[]>("simulator.lost", [], readDefinitions, writeDefinitions, forTab);
/** Swarms that somebody else stopped while they were looked at, each as it was to be here. */
export const stopped = signal<readonly Definition[]>([]);
export const rates = new Rates();
/** Counts up with each look, for what is shown of the rates. */
export const looks = signal(0);

/** Swarms that are not to be drawn. */
export const hidden = remembered<ReadonlySet<string>>(
  "simulator.hidden", new Set(), text => new Set(text.split(" ")), names => [...names].join(" ") || undefined, forTab,
);
export const drawable = computed(() => running.value.map(({ name }) => name).filter(name => !hidden.value.has(name)));
export const drawnNames = computed(() => drawable.value.slice(0, MOST_STREAMS));

/** When the newest picture came, and the newest list of swarms, by this page's clock. */
let pictureAtMs: number | undefined;
let listAtMs: number | undefined;
export const ageMs = signal<number | undefined>(undefined);
export const streams = new Streams(() => (pictureAtMs = performance.now()));

/** What the badge says: pictures make the page live, and where there is nothing to draw the list does. */
export const state = computed(() => (link.value === "away" ? "disconnected" : ageMs.value !== undefined && ageMs.value < 2_000 ? "live" : "stale"));

/** The swarm whose knobs are shown. */
export const opened = remembered<string | undefined>("simulator.opened", undefined, text => text, name => name, forTab);
/** Swarms that are being stopped. */
export const stopping = signal<ReadonlySet<string>>(new Set());
/** Swarms that are being started again. */
const starting = new Set<string>();
/** What went wrong with a swarm, by its name. */
export const problems = signal<Notes>({});

const without = (names: ReadonlySet<string>, name: string): ReadonlySet<string> => new Set([...names].filter(other => other !== name));

let simulator: string | undefined;

/** What ran when this page last looked, also after a reload. */
const before = remembered<Known | undefined>("simulator.before", undefined, readKnown, writeKnown, forTab);
effect(() => {
  const definitions = running.value.map(({ definition }) => definition);
  if (simulator !== undefined) before.value = { simulator, definitions };
});
/** What this page has done to the list so far: one that was asked for before the last of it is outdated. */
let changes = 0;

/** Notes which of the swarms that ran somebody else took out, as it was to be on this page: so nothing that was turned or typed is lost with it. */
function noteStopped(list: readonly Swarm[]): void {
  const isHere = (name: string) => stopping.peek().has(name) || list.some(swarm => swarm.name === name);
  const gone = running.peek().filter(({ name }) => drafts.has(name) && !isHere(name));
  if (gone.length === 0) return;
  const names = new Set(gone.map(({ name }) => name));
  stopped.value = [
    ...stopped.peek().filter(({ name }) => !names.has(String(name))),
    ...gone.map(({ name, definition }) => asStarted(definition, drafts.get(name)?.unsettled ?? {})),
  ];
}

/** Shows a list of all swarms. */
function show(list: readonly Swarm[]): void {
  const isNews = JSON.stringify(list.map(({ name, status }) => [name, status])) !== JSON.stringify(swarms.peek().map(({ name, status }) => [name, status]));
  batch(() => {
    swarms.value = list;
    looks.value++;
    const live = running.value;
    if (!isNews) return;
    for (const name of drafts.keys()) if (!live.some(swarm => swarm.name === name)) forget(name);
    if (!live.some(({ name }) => name === opened.peek())) opened.value = live[0]?.name;
    hidden.value = new Set([...hidden.peek()].filter(name => live.some(swarm => swarm.name === name)));
  });
  draw();
}

/** Has those drawn that are to be; nobody sees a page that is hidden, and others may want its streams. */
function draw(): void {
  streams.want(link.peek() === "there" && !document.hidden ? drawnNames.peek() : []);
}

/** Takes out a swarm that was stopped. */
function take(name: string): void {
  changes++;
  show(swarms.peek().filter(swarm => swarm.name !== name));
}

/** Which swarms ended with the simulator that was there before: those that ran, and that nobody stopped, each as it was to be. */
function ended(now: string, list: readonly Swarm[]): readonly Definition[] {
  const known = before.peek();
  if (!known || known.simulator === now) return [];
  const named = known.definitions.map(definition => [String(definition["name"]), definition] as const);
  return named
    .filter(([name]) => !stopping.peek().has(name) && !list.some(swarm => swarm.name === name))
    .map(([name, definition]) => asStarted(definition, drafts.get(name)?.unsettled ?? {}));
}

/** Looks at the simulator once. */
export async function look(): Promise<void> {
  const done = changes;
  try {
    const [now, list] = await Promise.all([api.health(), api.swarms()]);
    const answered = `${now.node} ${now.started_unix_ms}`;
    const isOutdated = changes !== done && answered === simulator;
    batch(() => {
      const gone = ended(answered, list);
      if (gone.length > 0) lost.value = [...lost.peek().filter(({ name }) => !gone.some(other => other["name"] === name)), ...gone];
      // Of those that ended with the simulator, more is said.
      if (simulator === answered && !isOutdated) noteStopped(list);
      simulator = answered;
      link.value = "there";
      linkProblem.value = undefined;
      health.value = now;
      if (isOutdated) return;
      listAtMs = performance.now();
      rates.take(listAtMs, list.filter(swarm => !isOver(swarm)));
      show(list);
    });
  } catch (error) {
    batch(() => {
      link.value = "away";
      linkProblem.value = (error as Error).message;
    });
    draw();
  }
}

/** Looks from now on. */
export function start(): void {
  const again = async () => {
    await look();
    setTimeout(again, LOOK_MS);
  };
  void again();
  drawnNames.subscribe(draw);
  document.addEventListener("visibilitychange", draw);
  setInterval(() => {
    const newestMs = drawnNames.peek().length > 0 ? pictureAtMs : listAtMs;
    ageMs.value = newestMs === undefined ? undefined : performance.now() - newestMs;
  }, 250);
}

/** Puts swarms that have begun into the list, before the next look. */
export function begun(started: readonly Swarm[]): void {
  const names = started.map(({ name }) => name);
  changes++;
  batch(() => {
    show([...swarms.peek().filter(({ name }) => !names.includes(name)), ...started].sort((a, b) => (a.name < b.name ? -1 : 1)));
    if (started[0]) opened.value = started[0].name;
  });
}

/** Starts a swarm. */
export async function startSwarm(definition: Definition): Promise<void> {
  begun([await api.start(definition)]);
}

/** Starts one again that is over; why that cannot be is said at it. */
export async function startAgain({ name, definition }: Swarm): Promise<void> {
  if (starting.has(name)) return;
  starting.add(name);
  problems.value = drop(problems.peek(), [name]);
  try {
    await startSwarm(definition);
  } catch (error) {
    problems.value = { ...problems.peek(), [name]: (error as Error).message };
  } finally {
    starting.delete(name);
  }
}

/** Starts those of a list again; what cannot be started stays in it, with why. */
export async function startAll(list: Signal<readonly Definition[]>): Promise<string | undefined> {
  const wrong: string[] = [];
  for (const definition of list.peek()) {
    try {
      await startSwarm(definition);
      list.value = list.peek().filter(other => other !== definition);
    } catch (error) {
      wrong.push(`${String(definition["name"])}: ${(error as Error).message}`);
    }
  }
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
    take(name);
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) take(name);
    else problems.value = { ...problems.peek(), [name]: (error as Error).message };
  } finally {
    stopping.value = without(stopping.peek(), name);
  }
}

const drafts = new Map<string, Draft>();

/** What was turned and typed on a swarm. */
export function draftOf(name: string): Draft {
  const draft = drafts.get(name) ?? new Draft(patch => api.change(name, patch), became);
  drafts.set(name, draft);
  return draft;
}

/** Puts what a swarm has become into the list, before the next look. */
function became(swarm: Swarm): void {
  changes++;
  swarms.value = swarms.peek().map(other => (other.name === swarm.name ? swarm : other));
}

function forget(name: string): void {
  drafts.get(name)?.close();
  drafts.delete(name);
}

/** The device that is looked at. */
export interface Chosen {
  readonly swarm: string;
  readonly id: string;
}

const readChosen = (text: string): Chosen | undefined => {
  const [id = "", swarm = ""] = text.split(" ");
  return swarm ? { swarm, id } : undefined;
};

export const chosen = remembered<Chosen | undefined>("simulator.device", undefined, readChosen, one => one && `${one.id} ${one.swarm}`, forTab);
