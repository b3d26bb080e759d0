// What there is to draw on a floor, as plain arrays: for painters, which know nothing of devices. Whoever has some fills them for each
// picture; nothing is allocated for it.

/** A dot without a colour of its own. */
export const NO_FILL = -1;
/** A dot that was picked, and the one where the keys are. */
export const PICKED = 1;
export const CURRENT = 2;

/** The dots of a picture, the lowest first. Only those before `count` are there. */
export class Dots {
  count = 0;
  /** Where, in shares of the floor: 0, 0 in the north-west and 1, 1 in the south-east; NaN is one that is not on the floor. */
  x = new Float32Array(0);
  y = new Float32Array(0);
  /** 0xrrggbb or `NO_FILL`. */
  color = new Int32Array(0);
  /** 0 to 1. */
  opacity = new Float32Array(0);
  /** How much is left of a flash, 1 to 0. */
  flash = new Float32Array(0);
  /** `PICKED`, `CURRENT` or both; these lie on top. */
  flags = new Uint8Array(0);
  /** What is written below it; empty for nothing. */
  labels: string[] = [];

  /** So many dots from now on: all of their numbers are to be set. */
  resize(count: number): void {
    this.count = count;
    this.labels.length = count;
    if (count <= this.x.length) return;
    const room = Math.max(64, count * 2);
    this.x = new Float32Array(room);
    this.y = new Float32Array(room);
    this.color = new Int32Array(room);
    this.opacity = new Float32Array(room);
    this.flash = new Float32Array(room);
    this.flags = new Uint8Array(room);
  }
}
