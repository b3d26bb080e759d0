// How many devices are not on the floor, because they hear no beacon.

import type { ReadonlySignal } from "@preact/signals";
import { locate, USUAL_FLOOR } from "../../store/floor";
import type { Swarm } from "../../store/swarm";

const nowhere = { x: 0, y: 0 };

/** Said anew with each `tick`. */
export function Unheard({ swarm, shown, tick }: { swarm: Swarm; shown: ReadonlySignal<readonly string[]>; tick: ReadonlySignal<unknown> }) {
  tick.value;
  const isHeard = (id: string) => {
    const place = swarm.place(id);
    return place !== undefined && locate(swarm.beacons, place * 4, USUAL_FLOOR, nowhere);
  };
  const { length } = shown.value.filter(id => !isHeard(id));
  if (length === 0) return null;
  return <p class="quiet small">{length === 1 ? "1 device hears" : `${length} devices hear`} no beacon, and so {length === 1 ? "is" : "are"} not on the floor.</p>;
}
