// Where a device is on a floor with a beacon in each corner, as far as four signal strengths tell. An estimate: bodies and walls are in
// the way.

import type { Device } from "./api.js";

/** What the four beacons are heard with, in any unit that is 0 for a beacon that is not heard. */
type Beacons = Pick<Device, "dNW" | "dNE" | "dSE" | "dSW">;

/** The place between the beacons, 0, 0 in the north-west and 1, 1 in the south-east; in the middle when none is heard. */
export function floorPosition({ dNW, dNE, dSE, dSW }: Beacons): { x: number; y: number } {
  // Squares: a far beacon still has a signal, and must not pull everything to the middle.
  const nw = dNW * dNW, ne = dNE * dNE, se = dSE * dSE, sw = dSW * dSW;
  const sum = nw + ne + se + sw;
  return sum === 0 ? { x: 0.5, y: 0.5 } : { x: (ne + se) / sum, y: (se + sw) / sum };
}
