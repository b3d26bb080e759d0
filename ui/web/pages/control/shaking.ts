// A mode in which who is shaken is picked.

import { effect, signal } from "@preact/signals";
import { remembered } from "../../design/remembered";
import { shakeOf } from "../../store/shake";
import { pick, picked, swarm } from "./state";

/** How often it is looked who is shaken, in milliseconds. */
const LOOK_MS = 200;
/** How hard is hard enough, in g. */
export const LIMITS = { least: 0.2, most: 1.6, usual: 0.8 } as const;

export const isShaking = signal(false);
/** How many were picked since it is on. */
export const shaken = signal(0);

export const threshold = remembered<number>(
  "control.shake",
  LIMITS.usual,
  text => (Number(text) >= LIMITS.least && Number(text) <= LIMITS.most ? Number(text) : undefined),
  String,
);

function look(): void {
  const found = swarm.ids.peek().filter(id => !picked.peek().has(id) && shakeOf(swarm, swarm.place(id) ?? -1) >= threshold.peek());
  if (found.length === 0) return;
  pick(found, "add");
  shaken.value += found.length;
}

effect(() => {
  if (!isShaking.value) return undefined;
  shaken.value = 0;
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
});
