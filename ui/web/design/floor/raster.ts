// Pixels that scripts write themselves: several times as fast as a canvas where that has no graphics card to draw with, and there are thousands
// of small things to draw. Each kind of thing is worked out once as a mask, how much of it is in each pixel, and laid on from then on. Pure.

/** The bytes of a pixel are red, green, blue and alpha; as a number of the processors that browsers run on that is 0xaabbggrr. */
const OPAQUE = 0xff000000;
/** All of a pixel, in the numbers of a mask. */
const WHOLE = 256;

/** A colour, 0xrrggbb, as a pixel: a signed number, with which engines calculate fastest. */
export const pixelOf = (color: number): number => OPAQUE | ((color & 0xff) << 16) | (color & 0xff00) | ((color >> 16) & 0xff);

/** The pixels of a thing: where each is, and how much of it is of the one colour and of the other, 0 to `WHOLE`. */
export interface Mask {
  /** The size of the box that they are in. */
  readonly width: number;
  readonly height: number;
  /** From the corner of that box, in pixels of a raster with so many in a row. */
  readonly offset: Int32Array;
  readonly fill: Int32Array;
  readonly edge: Int32Array;
  /** The first so many are all of the one colour, those from there to here all of the other. */
  readonly filled: number;
  readonly edged: number;
}

interface Share {
  readonly offset: number;
  readonly fill: number;
  readonly edge: number;
}

/** The mask of what `look` finds at each pixel: the share of the one colour, and that of the other, which lies over it, 0 to 1. */
function masked(stride: number, width: number, height: number, look: (column: number, row: number) => readonly [fill: number, edge: number]): Mask {
  const filled: Share[] = [], edged: Share[] = [], mixed: Share[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const shares = look(column, row);
      const edge = Math.round(shares[1] * WHOLE);
      const fill = Math.min(Math.round(shares[0] * WHOLE), WHOLE - edge);
      if (fill + edge > 0) (fill === WHOLE ? filled : edge === WHOLE ? edged : mixed).push({ offset: row * stride + column, fill, edge });
    }
  }
  const all = [...filled, ...edged, ...mixed];
  const each = (name: keyof Share) => Int32Array.from(all, share => share[name]);
  return {
    width, height, offset: each("offset"), fill: each("fill"), edge: each("edge"), filled: filled.length, edged: filled.length + edged.length,
  };
}

/** How much of a pixel at a distance from the middle of a disc is in it. */
const covered = (radius: number, distance: number): number => Math.max(0, Math.min(1, radius + 0.5 - distance));

/** How a disc, or a ring, lies on the pixels. */
export interface Disc {
  readonly radius: number;
  /** Width of the line, half of which is beyond the radius. */
  readonly line: number;
  readonly isFilled: boolean;
  /** Where its middle is in the pixel in which that is, 0 to 1. */
  readonly x: number;
  readonly y: number;
}

/** The mask of a disc; the pixel with its middle is in the middle of it. */
export function discMask(stride: number, { radius, line, isFilled, x, y }: Disc): Mask {
  const half = Math.ceil(radius + line / 2 + 0.5);
  const size = 2 * half + 1;
  return masked(stride, size, size, (column, row) => {
    const distance = Math.hypot(column - half + 0.5 - x, row - half + 0.5 - y);
    const edge = covered(radius + line / 2, distance) - covered(radius - line / 2, distance);
    return [isFilled ? covered(radius, distance) : 0, edge];
  });
}

/** A mask of what is drawn elsewhere, by its opacity. */
export const maskOf = (stride: number, { width, height, data }: Pick<ImageData, "width" | "height" | "data">): Mask =>
  masked(stride, width, height, (column, row) => [0, (data[(row * width + column) * 4 + 3] ?? 0) / 255]);

/** Pixels in rows, all of them opaque. */
export class Raster {
  readonly width: number;
  readonly height: number;
  readonly pixels: Int32Array;

  constructor(width: number, height: number, pixels = new Int32Array(width * height)) {
    this.width = width;
    this.height = height;
    this.pixels = pixels;
  }

  /** Lays a mask, which was made for rows of this length, with the corner of its box at x, y. What is not wholly on the raster is left out. */
  lay({ width, height, offset, fill, edge, filled, edged }: Mask, x: number, y: number, fillPixel: number, edgePixel: number, opacity: number): void {
    if (x < 0 || y < 0 || x + width > this.width || y + height > this.height) return;
    const { pixels } = this;
    const corner = y * this.width + x;
    let at = 0;
    if (opacity === 1) {
      for (; at < filled; at++) pixels[corner + (offset[at] ?? 0)] = fillPixel;
      for (; at < edged; at++) pixels[corner + (offset[at] ?? 0)] = edgePixel;
    }
    const strength = Math.round(opacity * WHOLE);
    // Blue and red at once: eight bits are free above each.
    const fillOuter = fillPixel & 0xff00ff, fillGreen = (fillPixel >>> 8) & 0xff;
    const edgeOuter = edgePixel & 0xff00ff, edgeGreen = (edgePixel >>> 8) & 0xff;
    for (; at < offset.length; at++) {
      const to = corner + (offset[at] ?? 0);
      const below = pixels[to] ?? 0;
      const ofFill = ((fill[at] ?? 0) * strength) >> 8;
      const ofEdge = ((edge[at] ?? 0) * strength) >> 8;
      const rest = WHOLE - ofFill - ofEdge;
      const outer = Math.imul(below & 0xff00ff, rest) + Math.imul(fillOuter, ofFill) + Math.imul(edgeOuter, ofEdge);
      const green = Math.imul((below >>> 8) & 0xff, rest) + Math.imul(fillGreen, ofFill) + Math.imul(edgeGreen, ofEdge);
      pixels[to] = OPAQUE | ((outer >>> 8) & 0xff00ff) | (green & 0xff00);
    }
  }
}
