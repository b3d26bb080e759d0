// What the firmware panel shows, and what a person chose in it.

import { computed, effect, signal } from "@preact/signals";
import { config } from "../../../design/config";
import { forTabFirst, remembered } from "../../../design/remembered";
import { typedInOrder } from "../ids";
import { kept } from "../kept";
import { picked, space, swarm } from "../state";
import { Manifest } from "./manifest";
import { EMPTY, type Form, readForm } from "./plan";
import { Rollouts } from "./rollouts";

export const manifest = new Manifest(config.cdnBaseUrl);

/** The rollout that is looked at. */
export const opened = remembered<string | undefined>("control.rollout", undefined, text => text, id => id, forTabFirst);
export const rollouts = new Rollouts(kept, opened);

// One of another space is none of this one.
let before = space.peek();
effect(() => {
  if (space.value !== before) opened.value = undefined;
  before = space.value;
});

/** The form as it was filled in; still so after a reload. */
export const form = remembered<Form>("control.rollout-form", EMPTY, readForm, form => JSON.stringify(form));
export const fill = (more: Partial<Form>): void => void (form.value = { ...form.peek(), ...more });

/** Rollouts for which the manifest was read once more: it did not have their image. */
const lookedFor = new Set<string>();
effect(() => {
  const boards = manifest.boards.value;
  for (const { id, board, version } of boards ? rollouts.going.value : []) {
    const isKnown = boards?.some(({ name, images }) => name === board && images.some(image => image.version === version));
    if (isKnown || lookedFor.has(id)) continue;
    lookedFor.add(id);
    void manifest.look();
  }
});

/** The image that was chosen, or what is wrong with that. One that is gone is not silently another one. */
export const image = computed<{ readonly board: string; readonly version: string } | { readonly wrong: string }>(() => {
  const boards = manifest.boards.value ?? [];
  const wanted = form.value;
  if (wanted.board === "" && boards.length > 1) return { wrong: "Choose the board that the devices are." };
  const board = wanted.board === "" ? boards[0] : boards.find(({ name }) => name === wanted.board);
  if (!board) return { wrong: wanted.board === "" ? "There is no firmware to roll out." : `There is no firmware for ${wanted.board} any more: choose another board.` };
  const version = wanted.version === "" ? board.images[0]?.version : board.images.find(({ version }) => version === wanted.version)?.version;
  return version === undefined ? { wrong: `There is no ${wanted.version} for ${board.name} any more: choose another version.` } : { board: board.name, version };
});

/** The devices that it is for, in the order of their turn. */
export const devices = computed<{ readonly ids: readonly string[]; readonly wrong: string | undefined }>(() => {
  const { whom, ids } = form.value;
  if (whom === "typed") return typedInOrder(ids, swarm.ids.value);
  return { ids: whom === "all" ? swarm.ids.value : [...picked.value].sort(), wrong: undefined };
});

/** Of these, how many are away. */
export const missing = computed(() => {
  swarm.ids.value;
  return devices.value.ids.filter(id => swarm.place(id) === undefined).length;
});

/** A rollout whose heading gets the focus as soon as it is there: somebody has just made it, or asked to see it. */
export const toShow = signal<string | undefined>(undefined);

/** Opens a rollout and goes to it. */
export function show(id: string): void {
  opened.value = id;
  toShow.value = id;
}
