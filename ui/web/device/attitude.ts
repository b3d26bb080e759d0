// How a device lies in the room: a turn from its own axes to those of the room (x to the right, y away from the reader, z up).

import type { Force } from "./reading";

/** A unit quaternion. */
export type Attitude = readonly [w: number, x: number, y: number, z: number];

/** Face up, its top away from the reader. */
export const FLAT: Attitude = [1, 0, 0, 0];

/** The attitude after a turn about an axis of the room (of length 1), by an angle in radians. */
export function turned(attitude: Attitude, axis: Force, angle: number): Attitude {
  const [x, y, z] = axis;
  const sine = Math.sin(angle / 2);
  return times([Math.cos(angle / 2), x * sine, y * sine, z * sine], attitude);
}

/** The columns are the device's axes, seen from the room. */
export function matrix([w, x, y, z]: Attitude): readonly [Force, Force, Force] {
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)],
    [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)],
    [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)],
  ];
}

/** What its accelerometer shows while the body is pulled, in g: at rest that is what holds it up, 1 g away from the ground. */
export function forceOn(attitude: Attitude, [x, y, z]: Force = [0, 0, 0]): Force {
  const [right, top, face] = matrix(attitude);
  const along = (axis: Force) => axis[0] * x + axis[1] * y + axis[2] * (z + 1);
  return [along(right), along(top), along(face)];
}

/** An attitude in which an accelerometer at rest shows this force: the smallest turn that does it. */
export function attitudeUnder([x, y, z]: Force): Attitude {
  const size = Math.hypot(x, y, z);
  // In free fall there is no up.
  if (size < 1e-3) return FLAT;
  const up = z / size;
  // Face down: half a turn about its y axis, or any other.
  if (up < -0.999_999) return [0, 0, 1, 0];
  return unit([1 + up, y / size, -x / size, 0]);
}

function times([a, b, c, d]: Attitude, [w, x, y, z]: Attitude): Attitude {
  return [
    a * w - b * x - c * y - d * z,
    a * x + b * w + c * z - d * y,
    a * y - b * z + c * w + d * x,
    a * z + b * y - c * x + d * w,
  ];
}

/** Of length 1. */
function unit([w, x, y, z]: Attitude): Attitude {
  const size = Math.hypot(w, x, y, z);
  return [w / size, x / size, y / size, z / size];
}
