// What the page knows of the system, how old that is, and where on it one is.

import { batch, computed, signal } from "@preact/signals";
import { config } from "../../design/config";
import type { LinkState } from "../../library/api";
import { History } from "./history";
import { hashOf, type Route, routeOf } from "./route";
import { Rosters } from "./roster";
import { Stream } from "./stream";
import type { System } from "./system";

/** Without figures for this long, those that are shown are not of now, in milliseconds. They come once a second. */
const STALE_MS = 2_500;
/** A stream that is silent for this long is given up, in milliseconds. */
const SILENCE_MS = 5_000;
/** How often ages are written anew, in milliseconds. */
const AGES_MS = 250;

/** Where the monitor is, without a slash at its end. */
export const base = config.monitorUrl.replace(/\/$/, "");

/** The newest figures; `undefined` before the first. */
export const system = signal<System | undefined>(undefined);
export const history = new History();
/** The devices of the space that is looked at. */
export const rosters = new Rosters(base);
/** Whether the monitor is there: "asking" before the first answer. */
export const link = signal<"asking" | "there" | "away">("asking");
/** Why it is not, in a sentence. */
export const problem = signal<string | undefined>(undefined);

let cameAtMs: number | undefined;
/** How old the newest figures are, in milliseconds. */
export const ageMs = signal<number | undefined>(undefined);

export const state = computed<LinkState>(() =>
  link.value === "away" ? "disconnected" : ageMs.value !== undefined && ageMs.value < STALE_MS ? "live" : "stale");
/** Whether the monitor tells. */
export const isLive = computed(() => state.value === "live");
/** Whether it hears nodes, too: else what it tells of them, of spaces and of subjects is not of now. */
export const isHearing = computed(() => isLive.value && system.value?.bus.up !== false);

/** An age that the monitor told, as it is by now. */
export const agedMs = (toldMs: number): number => toldMs + (ageMs.value ?? 0);
/** How long ago a time of the monitor's clock is. */
export const sinceMs = (at: number): number => Math.max(0, agedMs((system.value?.at ?? at) - at));

/** How old figures of nodes, spaces and subjects are that are not of now, in milliseconds; `undefined` when they are of now, or there are none. */
export function oldMs(): number | undefined {
  if (isHearing.value || !system.value) return undefined;
  const { figures_at: at } = system.value.bus;
  return at === undefined ? ageMs.value : sinceMs(at);
}

/** How the page is as a whole: without a bus the monitor is there, and what it shows is not of now. */
export const heard = computed<LinkState>(() => (isLive.value && !isHearing.value ? "stale" : state.value));
export const heardMs = computed(() => oldMs() ?? ageMs.value);

function age(): void {
  ageMs.value = cameAtMs === undefined ? undefined : performance.now() - cameAtMs;
}

function take(now: System): void {
  // Without a bus the same second is told again and again. What is between two events that are far from each other, nobody knows.
  if (now.bus.up || !isLive.peek()) {
    if (!isHearing.peek()) history.clear();
    history.take(now);
  }
  cameAtMs = performance.now();
  batch(() => {
    age();
    link.value = "there";
    problem.value = undefined;
    system.value = now;
  });
}

/** Where one is. */
export const route = signal<Route>(routeOf(location.hash));
addEventListener("hashchange", () => (route.value = routeOf(location.hash)));

/** Goes to a place without a step in the browser's history: what is typed in a search is no place to go back to. */
export function replace(next: Route): void {
  window.history.replaceState(null, "", hashOf(next));
  route.value = next;
}

/** Listens from now on. */
export function start(): void {
  const stream = new Stream(`${base}/api/stream`, { silenceMs: SILENCE_MS });
  stream.on("event", ({ event, data }) => {
    if (event === "system") take(JSON.parse(data) as System);
  });
  stream.on("down", down => batch(() => {
    age();
    link.value = "away";
    problem.value = down.problem;
  }));
  stream.start();
  setInterval(age, AGES_MS);
}
