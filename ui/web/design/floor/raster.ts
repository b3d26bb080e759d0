// Pixels that scripts write themselves: several times as fast as a canvas where that has no graphics card to draw with, and there are thousands
// of small things to draw. Each kind of thing is worked out once as a mask, how much of it is in each pixel, and laid on from then on. Pure.

/** The bytes of a pixel are red, green, blue and alpha, so as a number of the processors that browsers run on it is 0xaabbggrr. */
const OPAQUE = 0xff000000;
/** All of a pixel, in the numbers of a mask. */
const WHOLE = 256;

/** A colour, 0xrrggbb, as a pixel. */
export const pixelOf = (color: number): number => (OPAQUE | ((color & 0xff) << 16) | (color & 0xff00) | ((color >> 16) & 0xff)) >>> 0;

/** The pixels of a thing: where each is, and how much of it is of the one colour and of the other, 0 to `WHOLE`. Both together are no more. */
export interface Mask {
  /** The size of the box that they are in. */
  readonly width: number;
  readonly height: number;
  readonly column: Uint16Array;
  readonly row: Uint16Array;
  readonly fill: Uint16Array;
  readonly edge: Uint16Array;
}

/** The mask of what `look` finds at each pixel: the share of `fill`, then that of `edge`, 0 to 1. Pixels that have nothing of it are left out. */
function masked(width: number, height: number, look: (column: number, row: number) => readonly [fill: number, edge: number]): Mask {
  const found: { column: number; row: number; fill: number; edge: number }[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [fill, edge] = look(column, row).map(share => Math.round(share * WHOLE)) as [number, number];
      if (fill + edge > 0) found.push({ column, row, fill: Math.min(fill, WHOLE - edge), edge });
    }
  }
  const all = (name: keyof (typeof found)[number]) => Uint16Array.from(found, pixel => pixel[name]);
  return { width, height, column: all("column"), row: all("row"), fill: all("fill"), edge: all("edge") };
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
export function discMask({ radius, line, isFilled, x, y }: Disc): Mask {
  const half = Math.ceil(radius + line / 2 + 0.5);
  const size = 2 * half + 1;
  return masked(size, size, (column, row) => {
    const distance = Math.hypot(column - half + 0.5 - x, row - half + 0.5 - y);
    const edge = covered(radius + line / 2, distance) - covered(radius - line / 2, distance);
    return [isFilled ? covered(radius, distance) * (1 - edge) : 0, edge];
  });
}

/** A mask of what is drawn elsewhere, by its opacity. */
export const maskOf = ({ width, height, data }: Pick<ImageData, "width" | "height" | "data">): Mask =>
  masked(width, height, (column, row) => [0, (data[(row * width + column) * 4 + 3] ?? 0) / 255]);

/** Pixels in rows, all of them opaque. */
export class Raster {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;

  constructor(width: number, height: number, pixels = new Uint32Array(width * height)) {
    this.width = width;
    this.height = height;
    this.pixels = pixels;
  }

  /** Lays a mask on with the corner of its box at x, y, in these colours as pixels; what is beyond the raster is left out. */
  lay({ width, height, column, row, fill, edge }: Mask, x: number, y: number, fillPixel: number, edgePixel: number, opacity: number): void {
    const { pixels, width: stride } = this;
    const isInside = x >= 0 && y >= 0 && x + width <= stride && y + height <= this.height;
    const strength = Math.round(opacity * WHOLE);
    const [fillOuter, fillGreen] = [fillPixel & 0xff00ff, (fillPixel >>> 8) & 0xff];
    const [edgeOuter, edgeGreen] = [edgePixel & 0xff00ff, (edgePixel >>> 8) & 0xff];
    for (let at = 0; at < column.length; at++) {
      const toX = x + (column[at] ?? 0), toY = y + (row[at] ?? 0);
      if (!isInside && (toX < 0 || toY < 0 || toX >= stride || toY >= this.height)) continue;
      const to = toY * stride + toX;
      const ofFill = ((fill[at] ?? 0) * strength) >> 8;
      if (ofFill === WHOLE) {
        pixels[to] = fillPixel;
        continue;
      }
      const ofEdge = ((edge[at] ?? 0) * strength) >> 8;
      const rest = WHOLE - ofFill - ofEdge;
      const below = pixels[to] ?? 0;
      // Blue and red at once: eight bits are free above each.
      const outer = Math.imul(below & 0xff00ff, rest) + Math.imul(fillOuter, ofFill) + Math.imul(edgeOuter, ofEdge);
      const green = ((below >>> 8) & 0xff) * rest + fillGreen * ofFill + edgeGreen * ofEdge;
      pixels[to] = OPAQUE | ((outer >>> 8) & 0xff00ff) | (green & 0xff00);
    }
  }
}
