// What the dashboard shows and what a person chose on it.

import { batch, computed, signal } from "@preact/signals";
import { config } from "../../design/config";
import { remembered } from "../../design/remembered";
import { address } from "../../store/server";
import { Watching } from "../../store/watching";

/** Where this page gets the registry: from its own origin, which every hub has, or from the CDN when it was opened elsewhere. */
const registryUrl = /^https?:$/.test(location.protocol) ? new URL("/static/commands.json", location.href).href : `${config.cdnBaseUrl}/static/commands.json`;

export const watching = new Watching(registryUrl);
export const swarm = watching.swarm;

/** Where the page connects to; the text as it was typed when it is no address, which the library then says. */
export const url = computed(() => address.value.url);

/** Counts up about once a second, for what is shown as text. */
export const tick = signal(0);

export type View = "grid" | "floor" | "table";
const isView = (text: string): text is View => ["grid", "floor", "table"].includes(text);
export const view = remembered<View>("dashboard.view", "grid", text => (isView(text) ? text : undefined), value => value);

export type SortKey = "id" | "rate" | "age" | "tap" | "color";
export const sort = signal<{ readonly key: SortKey; readonly down: boolean }>({ key: "id", down: false });
export const query = signal("");

/** The devices that were picked, also those that have left since. */
export const picked = signal<ReadonlySet<string>>(new Set());
/** Of these, the ones that are there. */
export const reachable = computed(() => swarm.ids.value.filter(id => picked.value.has(id)));
export const gone = computed(() => [...picked.value].filter(id => !swarm.ids.value.includes(id)).sort());

function sortValue(id: string, key: SortKey): number {
  const place = swarm.place(id) ?? 0;
  switch (key) {
    case "rate": return swarm.rate[place] ?? 0;
    case "age": return -(swarm.seenMs[place] ?? 0);
    case "tap": return -(swarm.tappedMs[place] ?? 0);
    case "color": return swarm.color[place] ?? 0;
    default: return parseInt(id, 16);
  }
}

/** The devices that the search finds, in the order that was asked for. */
export const shown = computed<readonly string[]>(() => {
  const wanted = query.value.trim().toLowerCase();
  const found = wanted === "" ? swarm.ids.value : swarm.ids.value.filter(id => id.includes(wanted));
  const { key, down } = sort.value;
  if (key === "id") return down ? [...found].reverse() : found;
  tick.value;
  const values = new Map(found.map(id => [id, sortValue(id, key)]));
  return [...found].sort((a, b) => ((values.get(a) ?? 0) - (values.get(b) ?? 0)) * (down ? -1 : 1));
});

/** Picks these alone, these as well, or these no longer. */
export function pick(ids: readonly string[], how: "only" | "add" | "toggle"): void {
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

export const unpick = (ids: readonly string[]): void => void (picked.value = new Set([...picked.peek()].filter(id => !ids.includes(id))));

/** Whom a command is for. */
export type Target = "picked" | "all" | "one";
export const target = signal<Target>("all");
