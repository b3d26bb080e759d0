// The masks of what a painter draws, each worked out once: discs and rings by their size and where in a pixel they are, labels by their text.

import { discMask, type Mask, maskOf, type Raster } from "./raster";

/** Masks that are kept of each sort; with more than that, all are worked out anew. */
const MOST = 4_096;
/** Places within a pixel, each way, and steps of sizes in each pixel. */
const PLACES = 4;
const STEPS = 4;

export class Masks {
  readonly #discs = new Map<number, Mask>();
  readonly #labels = new Map<string, Mask>();

  /** Lays a disc around x, y; without a `fillPixel`, which is negative then, it is a ring. */
  disc(raster: Raster, x: number, y: number, radius: number, line: number, fillPixel: number, edgePixel: number, opacity: number): void {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [placeX, placeY] = [Math.floor((x - column) * PLACES), Math.floor((y - row) * PLACES)];
    const size = Math.round(radius * STEPS), width = Math.round(line * STEPS);
    const key = (((size * 256 + width) * PLACES + placeX) * PLACES + placeY) * 2 + (fillPixel < 0 ? 0 : 1);
    let mask = this.#discs.get(key);
    if (mask === undefined) {
      if (this.#discs.size >= MOST) this.#discs.clear();
      mask = discMask({ radius: size / STEPS, line: width / STEPS, isFilled: fillPixel >= 0, x: (placeX + 0.5) / PLACES, y: (placeY + 0.5) / PLACES });
      this.#discs.set(key, mask);
    }
    const half = mask.width >> 1;
    raster.lay(mask, column - half, row - half, fillPixel, edgePixel, opacity);
  }

  /** Lays a text with its middle at x, y. */
  label(raster: Raster, x: number, y: number, text: string, ratio: number, pixel: number, opacity: number): void {
    const key = `${ratio} ${text}`;
    let mask = this.#labels.get(key);
    if (mask === undefined) {
      if (this.#labels.size >= MOST) this.#labels.clear();
      mask = labelMask(text, ratio);
      this.#labels.set(key, mask);
    }
    raster.lay(mask, Math.round(x - mask.width / 2), Math.round(y - mask.height / 2), 0, pixel, opacity);
  }
}

const FONT_PX = 11;
let scratch: CanvasRenderingContext2D | null | undefined;

function labelMask(text: string, ratio: number): Mask {
  scratch ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!scratch) throw new Error("This browser has no canvas.");
  const font = `${FONT_PX * ratio}px ui-monospace, monospace`;
  scratch.font = font;
  const [width, height] = [Math.ceil(scratch.measureText(text).width) + 2, Math.ceil(FONT_PX * ratio * 1.5)];
  Object.assign(scratch.canvas, { width, height });
  Object.assign(scratch, { font, textAlign: "center", textBaseline: "middle" });
  scratch.fillText(text, width / 2, height / 2);
  return maskOf(scratch.getImageData(0, 0, width, height));
}
