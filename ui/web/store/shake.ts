// Whether somebody shakes a device: how far its acceleration strays from the one g of rest, on average over the newest samples. Pure.

import { HISTORY, type Swarm } from "./swarm";

/** Samples that are looked at: half a second at 20 Hz. */
const SAMPLES = 10;
/** 1 g in wire units. */
const ONE_G = 63.75;

/** How hard a device is shaken, in g; 0 at rest, and while too few samples are there. */
export function shakeOf({ frames, history }: Pick<Swarm, "frames" | "history">, place: number): number {
  const count = frames[place] ?? 0;
  if (count < SAMPLES) return 0;
  let sum = 0;
  for (let back = 1; back <= SAMPLES; back++) sum += Math.abs((history[place * HISTORY + ((count - back) % HISTORY)] ?? ONE_G) - ONE_G);
  return sum / SAMPLES / ONE_G;
}
