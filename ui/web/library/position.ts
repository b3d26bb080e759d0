// Where a device is on a floor with a beacon in each corner, as far as four signal strengths tell. An estimate: bodies and walls are in the way.

import type { Device } from "./api.js";

/** Units of the wire, 255 for 60 dB, by which a signal is weaker at twice the squared distance, in a room with people (path loss exponent 2.5). */
const UNITS_PER_DOUBLING = 16;

/** How much a beacon pulls: by the inverse of the squared distance. One that is not heard does not. */
const weight = (signal: number): number => (signal === 0 ? 0 : 2 ** (signal / UNITS_PER_DOUBLING));

/** The place between the beacons, 0, 0 in the north-west and 1, 1 in the south-east; in the middle when no beacon is heard. */
export function floorPosition({ dNW, dNE, dSE, dSW }: Pick<Device, "dNW" | "dNE" | "dSE" | "dSW">): { x: number; y: number } {
  const nw = weight(dNW), ne = weight(dNE), se = weight(dSE), sw = weight(dSW);
  const sum = nw + ne + se + sw;
  return sum === 0 ? { x: 0.5, y: 0.5 } : { x: (ne + se) / sum, y: (se + sw) / sum };
}
