// The masks of what a painter lays on a raster, each worked out once: discs and rings by their size and by where in a pixel they are, labels by
// their text.

import { discMask, type Mask, maskOf, type Raster } from "./raster";

/** Masks that are kept of each sort; with more than that, all are worked out anew. */
const MOST = 1_024;
/** In each pixel of the page: places of a middle, each way, and steps of a size. */
const PLACES = 4;
const STEPS = 2;
const FONT_PX = 11;

/** The masks for one raster. */
export class Masks {
  readonly #raster: Raster;
  /** Pixels of the raster in each of the page. */
  readonly #ratio: number;
  /** In each pixel of the raster. */
  readonly #places: number;
  readonly #discs = new Map<number, Mask>();
  readonly #labels = new Map<string, Mask>();
  #scratch: CanvasRenderingContext2D | null | undefined;

  constructor(raster: Raster, ratio: number) {
    this.#raster = raster;
    this.#ratio = ratio;
    this.#places = Math.max(1, Math.min(PLACES, Math.round(PLACES / ratio)));
  }

  /** Lays a disc around a point; sizes and place are in pixels of the page. */
  disc(x: number, y: number, radius: number, line: number, fillPixel: number, edgePixel: number, opacity: number): void {
    this.#round(true, x, y, radius, line, fillPixel, edgePixel, opacity);
  }

  /** Lays a ring around a point. */
  ring(x: number, y: number, radius: number, line: number, pixel: number, opacity: number): void {
    this.#round(false, x, y, radius, line, 0, pixel, opacity);
  }

  /** Lays a text with its middle at a point. */
  label(x: number, y: number, text: string, pixel: number, opacity: number): void {
    let mask = this.#labels.get(text);
    if (mask === undefined) {
      if (this.#labels.size >= MOST) this.#labels.clear();
      mask = this.#labelMask(text);
      this.#labels.set(text, mask);
    }
    const [left, top] = [x * this.#ratio - mask.width / 2, y * this.#ratio - mask.height / 2];
    this.#raster.lay(mask, Math.round(left), Math.round(top), 0, pixel, opacity);
  }

  #round(isFilled: boolean, x: number, y: number, radius: number, line: number, fillPixel: number, edgePixel: number, opacity: number): void {
    const toX = x * this.#ratio, toY = y * this.#ratio;
    const column = Math.floor(toX), row = Math.floor(toY);
    const placeX = Math.floor((toX - column) * this.#places), placeY = Math.floor((toY - row) * this.#places);
    const size = Math.round(radius * STEPS), width = Math.round(line * STEPS);
    const key = (((size * 256 + width) * PLACES + placeX) * PLACES + placeY) * 2 + (isFilled ? 1 : 0);
    let mask = this.#discs.get(key);
    if (mask === undefined) {
      if (this.#discs.size >= MOST) this.#discs.clear();
      mask = discMask(this.#raster.width, {
        radius: (size / STEPS) * this.#ratio, line: (width / STEPS) * this.#ratio, isFilled,
        x: (placeX + 0.5) / this.#places, y: (placeY + 0.5) / this.#places,
      });
      this.#discs.set(key, mask);
    }
    const half = mask.width >> 1;
    this.#raster.lay(mask, column - half, row - half, fillPixel, edgePixel, opacity);
  }

  #labelMask(text: string): Mask {
    this.#scratch ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const context = this.#scratch;
    if (!context) return maskOf(this.#raster.width, { width: 0, height: 0, data: new Uint8ClampedArray() });
    const font = `${FONT_PX * this.#ratio}px ui-monospace, monospace`;
    context.font = font;
    const [width, height] = [Math.ceil(context.measureText(text).width) + 2, Math.ceil(1.5 * FONT_PX * this.#ratio)];
    // A new size forgets the font.
    Object.assign(context.canvas, { width, height });
    Object.assign(context, { font, textAlign: "center", textBaseline: "middle" });
    context.fillText(text, width / 2, height / 2);
    return maskOf(this.#raster.width, context.getImageData(0, 0, width, height));
  }
}
