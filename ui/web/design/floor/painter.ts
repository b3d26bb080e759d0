// Draws a floor and the dots on it. It knows of no device, no signal and no page: a sheet, numbers and colours are all it gets.

import type { Floor } from "../../store/floor";
import type { Sheet } from "../canvas";
import type { Colors } from "../colors";
import { CURRENT, type Dots, NO_FILL, PICKED } from "./dots";
import { Masks } from "./masks";
import type { Box, Loop } from "./picking";
import { drawPlan, type Plan, planOf } from "./plan";
import { pixelOf, Raster } from "./raster";

/** Square pixels for each dot with which it is large, and with which there is room for a label at each. */
const ROOM_FOR_LARGE = 1_200;
const ROOM_FOR_LABELS = 6_000;

/** Whether so many dots have room for a label each. */
export const hasRoomForLabels = ({ width, height }: Sheet, count: number): boolean => width * height > ROOM_FOR_LABELS * count;

/** How a picture is painted. */
export interface Look {
  readonly colors: Colors;
  /** A flash neither grows nor fades. */
  readonly isCalm: boolean;
}

/** The floor without dots, as pixels, and all that depends on the same things. */
interface Ground {
  readonly floor: Floor;
  readonly colors: Colors;
  readonly ratio: number;
  readonly plan: Plan;
  readonly pixels: Uint32Array;
  readonly image: ImageData;
  readonly raster: Raster;
  readonly masks: Masks;
  readonly paints: Readonly<Record<"edge" | "quiet" | "accent" | "text", number>>;
}

/** A colour of a canvas as a pixel: `rgb(1, 2, 3)`. */
function paintOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = color.match(/[\d.]+/g)?.map(Number) ?? [];
  return pixelOf((red << 16) | (green << 8) | blue);
}

function groundOf({ context, width, height }: Sheet, floor: Floor, colors: Colors, masks: Masks): Ground {
  const ratio = context.getTransform().a;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [context.canvas.width, context.canvas.height];
  const under = canvas.getContext("2d", { willReadFrequently: true });
  if (!under) throw new Error("This browser has no canvas.");
  under.scale(ratio, ratio);
  under.fillStyle = colors.sunken;
  under.fillRect(0, 0, width + 1, height + 1);
  const plan = planOf(floor, width, height);
  drawPlan(under, floor, plan, colors);
  const drawn = under.getImageData(0, 0, canvas.width, canvas.height);
  const image = new ImageData(canvas.width, canvas.height);
  return {
    floor, colors, ratio, plan, image, masks,
    pixels: new Uint32Array(drawn.data.buffer),
    raster: new Raster(canvas.width, canvas.height, new Uint32Array(image.data.buffer)),
    paints: { edge: paintOf(colors.edge), quiet: paintOf(colors.quiet), accent: paintOf(colors.accent), text: paintOf(colors.text) },
  };
}

/** What one canvas needs from picture to picture. */
export class Painter {
  readonly #masks = new Masks();
  #ground: Ground | undefined;

  /** Paints all anew; what it returns is where the floor lies. */
  paint(sheet: Sheet, floor: Floor, dots: Dots, { colors, isCalm }: Look): Plan {
    const ground = this.#groundFor(sheet, floor, colors);
    const radius = sheet.width * sheet.height < ROOM_FOR_LARGE * dots.count ? 4 : 7;
    ground.raster.pixels.set(ground.pixels);
    for (let at = 0; at < dots.count; at++) if (dots.flags[at] === 0) dot(ground, dots, at, radius, isCalm);
    for (let at = 0; at < dots.count; at++) if (dots.flags[at] !== 0) dot(ground, dots, at, radius, isCalm);
    sheet.context.putImageData(ground.image, 0, 0);
    return ground.plan;
  }

  #groundFor(sheet: Sheet, floor: Floor, colors: Colors): Ground {
    const { canvas } = sheet.context;
    const known = this.#ground;
    const isSame = known?.floor === floor && known.colors === colors && known.ratio === sheet.context.getTransform().a
      && known.image.width === canvas.width && known.image.height === canvas.height;
    return isSame ? known : (this.#ground = groundOf(sheet, floor, colors, this.#masks));
  }
}

function dot({ plan, ratio, raster, masks, paints }: Ground, dots: Dots, at: number, radius: number, isCalm: boolean): void {
  const x = (plan.left + (dots.x[at] ?? NaN) * plan.width) * ratio;
  const y = (plan.top + (dots.y[at] ?? NaN) * plan.depth) * ratio;
  if (Number.isNaN(x)) return;
  const flash = dots.flash[at] ?? 0, flags = dots.flags[at] ?? 0, color = dots.color[at] ?? NO_FILL;
  const opacity = dots.opacity[at] ?? 1;
  if (flash > 0) {
    const reach = isCalm ? radius + 4 : radius + 2 + 10 * (1 - flash);
    masks.disc(raster, x, y, reach * ratio, 2 * ratio, NO_FILL, paints.accent, isCalm ? 1 : flash);
  }
  const isPicked = (flags & PICKED) !== 0;
  const fill = color === NO_FILL ? paints.edge : pixelOf(color);
  masks.disc(raster, x, y, radius * ratio, (isPicked ? 3 : 1.5) * ratio, fill, isPicked ? paints.accent : paints.quiet, opacity);
  const label = dots.labels[at];
  if (label) masks.label(raster, x, y + (radius + 9) * ratio, label, ratio, paints.text, opacity);
  if (flags & CURRENT) masks.disc(raster, x, y, (radius + 5) * ratio, 3 * ratio, NO_FILL, paints.text, 1);
}

function drawShape(context: CanvasRenderingContext2D, shape: Path2D, colors: Colors): void {
  context.fillStyle = colors.accent;
  context.globalAlpha = 0.15;
  context.fill(shape);
  context.globalAlpha = 1;
  context.lineWidth = 1;
  context.strokeStyle = colors.accent;
  context.stroke(shape);
}

/** A box that is being dragged, over what is painted. */
export function drawBox({ context }: Sheet, { x, y, toX, toY }: Box, colors: Colors): void {
  const shape = new Path2D();
  shape.rect(x, y, toX - x, toY - y);
  drawShape(context, shape, colors);
}

/** A loop that is being drawn, over what is painted; closed, as it would be if it ended now. */
export function drawLoop({ context }: Sheet, loop: Loop, colors: Colors): void {
  const shape = new Path2D();
  for (let at = 0; at + 1 < loop.length; at += 2) shape.lineTo(loop[at] ?? 0, loop[at + 1] ?? 0);
  shape.closePath();
  drawShape(context, shape, colors);
}
