// What a wearable senses, on the scales of the wire: acceleration, the nearness of four beacons. The model of the room is the simulator's.

/** Along the device's axes (x to the right, y to its top, z out of its face), in g. Lying face up and still it is `[0, 0, 1]`. */
export type Force = readonly [x: number, y: number, z: number];

/** A place on the floor, from its north-west corner: 0 to 1 to the east and to the south. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** The floor, in metres, with a beacon over each corner. */
export const FLOOR = { widthM: 12, depthM: 9 } as const;

/** Wire units of one g, and the place of 0 g: -2 g to 2 g are 0 to 255. */
const UNITS_PER_G = 63.75;
const ZERO_G = 127.5;
/** Wire units of one dB: -100 dBm to -40 dBm are 0 to 255. */
const UNITS_PER_DB = 255 / 60;
/** Log-distance path loss with exponent 2.5 (a room with people in it); the reading at 1 m is -40 dBm. */
const DB_PER_DECADE = 25;
/** Beacons hang so much over the wearables. */
const HEIGHT_M = 1;

/** The three bytes of a force; what is out of range is the end of the range. */
export const accelerationBytes = (force: Force): [number, number, number] => [
  toByte(force[0] * UNITS_PER_G + ZERO_G),
  toByte(force[1] * UNITS_PER_G + ZERO_G),
  toByte(force[2] * UNITS_PER_G + ZERO_G),
];

/** The four bytes of the beacons: NW, NE, SE, SW. */
export function beaconBytes({ x, y }: Spot): [number, number, number, number] {
  const near = (cornerX: number, cornerY: number) => {
    const distance = Math.hypot((x - cornerX) * FLOOR.widthM, (y - cornerY) * FLOOR.depthM, HEIGHT_M);
    return toByte(255 - DB_PER_DECADE * Math.log10(distance) * UNITS_PER_DB);
  };
  return [near(0, 0), near(1, 0), near(1, 1), near(0, 1)];
}

/** A byte as dBm, for people. */
export const dbm = (byte: number): number => Math.round(byte / UNITS_PER_DB - 100);

/** To the nearest byte; nothing is 0. 0 g lies in the middle between two of them, where the dust of a calculation must not decide. */
function toByte(value: number): number {
  return Math.trunc(Math.min(255, Math.max(0, value + 0.5 + 1e-9))) || 0;
}
