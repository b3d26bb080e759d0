// What the dashboard shows and what a person chose on it.

import { batch, computed, signal } from "@preact/signals";
import { config } from "../../design/config";
import { rememberedFloor } from "../../design/floor/size";
import { isTool, type Tool } from "../../design/floor/tools";
import type { Choice, How } from "../../design/listbox";
import { remembered } from "../../design/remembered";
import { locate } from "../../store/floor";
import { HISTORY } from "../../store/swarm";
import { Watching } from "../../store/watching";

/** Where this page gets the registry: from its own origin, which every hub has, or from the CDN when it was opened elsewhere. */
const registryUrl = /^https?:$/.test(location.protocol) ? new URL("/static/commands.json", location.href).href : `${config.cdnBaseUrl}/static/commands.json`;

/** Where the page connects to. */
export { edgeUrl as url } from "../../store/server";

export const watching = new Watching(registryUrl);
export const swarm = watching.swarm;

/** Counts up twice a second, for what is shown as text. */
export const tick = signal(0);

export type View = "grid" | "floor" | "table";
const isView = (text: string): text is View => ["grid", "floor", "table"].includes(text);
export const view = remembered<View>("dashboard.view", "grid", text => (isView(text) ? text : undefined), value => value);

/** The floor that the beacons stand around. */
export const floor = rememberedFloor("dashboard.floor");
/** What a drag on it draws. */
export const tool = remembered<Tool>("dashboard.tool", "box", text => (isTool(text) ? text : undefined), value => value);

/** What devices are sorted by; all but the id change all the time. */
export type SortKey = "id" | "pull" | "east" | "tap" | "color" | "rate" | "age";
export const sort = signal<{ readonly key: SortKey; readonly down: boolean }>({ key: "id", down: false });
/** Whether values fall from first to last: of these one looks for the most. */
export const isFalling = computed(() => (sort.value.key === "pull" || sort.value.key === "rate") !== sort.value.down);
export const query = signal("");
/** While somebody points at the devices or is among them with the keys, their order stays: nobody wants to pick what moved under a click. */
export const isHeld = signal(false);

/** The devices that were picked, also those that have left since. */
export const picked = signal<ReadonlySet<string>>(new Set());
/** Of these, the ones that are there. */
export const reachable = computed(() => swarm.ids.value.filter(id => picked.value.has(id)));
export const gone = computed(() => {
  swarm.ids.value;
  return [...picked.value].filter(id => swarm.place(id) === undefined).sort();
});

const spot = { x: 0, y: 0 };

/** What is compared; the least comes first. */
function sortValue(id: string, key: Exclude<SortKey, "id">): number {
  const place = swarm.place(id) ?? 0;
  switch (key) {
    case "pull": return -(swarm.history[place * HISTORY + (((swarm.frames[place] ?? 0) + HISTORY - 1) % HISTORY)] ?? 0);
    case "east": return locate(swarm.beacons, place * 4, floor.peek(), spot) ? spot.x : Infinity;
    case "tap": return -(swarm.tappedMs[place] ?? 0);
    case "color": return swarm.color[place] ?? 0;
    case "rate": return -(swarm.rate[place] ?? 0);
    case "age": return -(swarm.seenMs[place] ?? 0);
  }
}

/** The devices that the search finds, in the order that was asked for. */
export const shown = computed<readonly string[]>(() => {
  const wanted = query.value.trim().toLowerCase();
  const found = wanted === "" ? swarm.ids.value : swarm.ids.value.filter(id => id.includes(wanted));
  const { key, down } = sort.value;
  if (key === "id") return down ? [...found].reverse() : found;
  if (!isHeld.value) tick.value;
  const values = new Map(found.map(id => [id, sortValue(id, key)]));
  const sign = down ? -1 : 1;
  return [...found].sort((a, b) => {
    const [one, other] = [values.get(a) ?? 0, values.get(b) ?? 0];
    return one === other ? 0 : one < other ? -sign : sign;
  });
});

/** Picks these alone, these as well, or these no longer. */
export function pick(ids: readonly string[], how: How): void {
  const next = new Set(how === "only" ? [] : picked.peek());
  for (const id of ids) {
    if (how === "toggle" && next.has(id)) next.delete(id);
    else next.add(id);
  }
  batch(() => {
    picked.value = next;
    if (next.size > 0) target.value = "picked";
  });
}

/** What the grid and the floor let a person pick from. */
export const choice: Choice = { shown, picked, pick };

export function unpick(ids: readonly string[]): void {
  const next = new Set(picked.peek());
  for (const id of ids) next.delete(id);
  picked.value = next;
}

/** Whom a command is for. */
export type Target = "picked" | "all" | "one";
export const target = signal<Target>("all");
