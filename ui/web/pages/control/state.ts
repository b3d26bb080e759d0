// What device control shows of its space, and what a person chose on the page.

import { batch, computed, effect, signal } from "@preact/signals";
import { config } from "../../design/config";
import { rememberedFloor } from "../../design/floor/size";
import { isTool, type Tool } from "../../design/floor/tools";
import type { Choice, How } from "../../design/listbox";
import { forTabFirst, remembered } from "../../design/remembered";
import { parseId } from "../../library/wire";
import { edgeUrl } from "../../store/server";
import { spaceOf } from "../../store/space-of";
import { Watching } from "../../store/watching";

export const watching = new Watching(`${config.cdnBaseUrl}/static/commands.json`);
export const swarm = watching.swarm;

/** Where the page connects to. */
export const url = edgeUrl;
/** The space that it is about; empty while it is about none. */
export const space = computed(() => (url.value === "" ? "" : spaceOf(url.value)));

/** Counts up twice a second, for what is shown as text. */
export const tick = signal(0);

/** The floor that the beacons stand around. */
export const floor = rememberedFloor("control.floor");
/** What a drag on it draws. */
export const tool = remembered<Tool>("control.tool", "box", text => (isTool(text) ? text : undefined), value => value);

/** The device that is looked at closely: the last one that was picked by itself. */
export const current = signal<string | undefined>(undefined);

/** Those picked and their space, as `main: 1a2b 3c4d`: elsewhere the same ids are other devices, which nobody picked. */
const kept = remembered<{ readonly space: string; readonly ids: ReadonlySet<string> }>(
  "control.picked",
  { space: space.peek(), ids: new Set() },
  text => {
    const [name, ids = ""] = text.split(": ");
    return { space: name ?? "", ids: new Set(ids.split(" ").filter(id => parseId(id) !== undefined)) };
  },
  ({ space, ids }) => (ids.size === 0 ? undefined : `${space}: ${[...ids].join(" ")}`),
  forTabFirst,
);
/** The devices that were picked, also those that are away; still picked after a reload. */
export const picked = signal(kept.peek().ids);
const pickedIn = signal(kept.peek().space);
effect(() => void (kept.value = { space: pickedIn.value, ids: picked.value }));
/** Who was picked in spaces that the page was for before. */
const pickedElsewhere = new Map<string, ReadonlySet<string>>();
effect(() => {
  const [before, now] = [pickedIn.peek(), space.value];
  if (before === now) return;
  pickedElsewhere.set(before, picked.peek());
  batch(() => {
    picked.value = pickedElsewhere.get(now) ?? new Set();
    pickedIn.value = now;
  });
  current.value = undefined;
});

/** Those that are picked, in the order of their ids. */
export const selection = computed<readonly string[]>(() => [...picked.value].sort());
/** Of these, the ones that are away. */
export const away = computed<readonly string[]>(() => {
  swarm.ids.value;
  return selection.value.filter(id => swarm.place(id) === undefined);
});

/** Picks these alone, these as well, or these if they are not and not if they are. */
export function pick(ids: readonly string[], how: How): void {
  const next = new Set(how === "only" ? [] : picked.peek());
  for (const id of ids) {
    if (how === "toggle" && next.has(id)) next.delete(id);
    else next.add(id);
  }
  picked.value = next;
  if (ids.length === 1) current.value = ids[0];
}

export function unpick(ids: readonly string[]): void {
  const next = new Set(picked.peek());
  for (const id of ids) next.delete(id);
  picked.value = next;
}

/** What the floor lets a person pick from. */
export const choice: Choice = { shown: swarm.ids, picked, pick };
