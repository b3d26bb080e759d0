// Where a device is on a floor with a beacon in each corner, when one knows how large the floor is: readings fall off with the logarithm of
// the distance, so two beacons along an edge tell how far along it the device is. Pure.

/** A floor, in metres: west to east, and north to south. */
export interface Floor {
  readonly widthM: number;
  readonly depthM: number;
}

/** A place on a floor: 0, 0 in the north-west and 1, 1 in the south-east. */
export interface Spot {
  x: number;
  y: number;
}

/** The floor that swarms have when nobody says otherwise. */
export const USUAL_FLOOR: Floor = { widthM: 12, depthM: 9 };

/** Wire units for ten times the squared distance: 12.5 dB (path loss exponent 2.5), 255 units for 60 dB. */
const UNITS_PER_DECADE = (12.5 * 255) / 60;

/** The squared distance in square metres at which a beacon is heard so; 255 is 1 m. */
const squared = (reading: number): number => 10 ** ((255 - reading) / UNITS_PER_DECADE);

/** How much a pair of beacons counts: near ones tell more, since an error of a reading is a share of the distance. */
const weight = (one: number, other: number): number => 1 / (one * one + other * other);

const within = (value: number): number => (value < 0 ? 0 : value > 1 ? 1 : value);

/** How far along an edge of this length, by the beacons at its ends: d² - (length - d)² = 2 · length · d - length². */
const along = (near: number, far: number, length: number): number => 0.5 + (near - far) / (2 * length * length);

/** The same by the two edges that run this way; `undefined` when neither has both its beacons. */
function coordinate(nearA: number, farA: number, nearB: number, farB: number, length: number): number | undefined {
  const a = nearA > 0 && farA > 0 ? weight(nearA, farA) : 0;
  const b = nearB > 0 && farB > 0 ? weight(nearB, farB) : 0;
  if (a + b === 0) return undefined;
  return within((a * along(nearA, farA, length) + b * along(nearB, farB, length)) / (a + b));
}

/**
 * Finds the place by the readings of NW, NE, SE and SW, which begin at `at`; 0 is a beacon that is not heard. `false`, and nothing changed,
 * when none is. With too few of them for one direction it is nearer to those that are heard better.
 */
export function locate(readings: ArrayLike<number>, at: number, floor: Floor, into: Spot): boolean {
  const nw = readings[at] ?? 0, ne = readings[at + 1] ?? 0, se = readings[at + 2] ?? 0, sw = readings[at + 3] ?? 0;
  if (nw + ne + se + sw === 0) return false;
  const dNW = nw && squared(nw), dNE = ne && squared(ne), dSE = se && squared(se), dSW = sw && squared(sw);
  const x = coordinate(dNW, dNE, dSW, dSE, floor.widthM);
  const y = coordinate(dNW, dSW, dNE, dSE, floor.depthM);
  const pNW = dNW && 1 / dNW, pNE = dNE && 1 / dNE, pSE = dSE && 1 / dSE, pSW = dSW && 1 / dSW;
  const sum = pNW + pNE + pSE + pSW;
  into.x = x ?? (pNE + pSE) / sum;
  into.y = y ?? (pSE + pSW) / sum;
  return true;
}
