// Draws a floor and the dots on it. It knows of no device, no signal and no page: a sheet, numbers and colours are all it gets.
//
//   the floor, drawn once ──▶ its pixels, copied for each picture ──▶ dots laid on them ──▶ all of them put on the canvas at once

import type { Floor } from "../../store/floor";
import type { Sheet } from "../canvas";
import type { Colors } from "../colors";
import { CURRENT, type Dots, NO_FILL, PICKED } from "./dots";
import { Masks } from "./masks";
import type { Box, Loop } from "./picking";
import { drawPlan, type Plan, planOf } from "./plan";
import { pixelOf, Raster } from "./raster";

/** How large dots are by the square pixels that there are for each, the largest first. */
const SIZES = [
  { room: 1_200, radius: 7, line: 1.5, picked: 3 },
  { room: 180, radius: 4, line: 1.5, picked: 3 },
  { room: 0, radius: 2.5, line: 1, picked: 2 },
] as const;
type Size = (typeof SIZES)[number];
/** Square pixels for each dot with which there is room for a label at each. */
const ROOM_FOR_LABELS = 6_000;

/** Whether so many dots have room for a label each. */
export const hasRoomForLabels = ({ width, height }: Sheet, count: number): boolean => width * height > ROOM_FOR_LABELS * count;

/** How a picture is painted. */
export interface Look {
  readonly colors: Colors;
  /** A flash neither grows nor fades. */
  readonly isCalm: boolean;
}

/** The floor without dots, and all that depends on what it depends on. */
interface Ground {
  readonly floor: Floor;
  readonly colors: Colors;
  readonly ratio: number;
  readonly plan: Plan;
  readonly pixels: Int32Array;
  readonly image: ImageData;
  readonly raster: Raster;
  readonly masks: Masks;
  readonly paint: Readonly<Record<"edge" | "quiet" | "accent" | "text", number>>;
}

/** A colour of a style sheet as browsers tell it, `rgb(1, 2, 3)`, as a pixel. */
function pixelOfStyle(style: string): number {
  const [red = 0, green = 0, blue = 0] = style.match(/[\d.]+/g)?.map(Number) ?? [];
  return pixelOf((red << 16) | (green << 8) | blue);
}

function groundOf({ context, width, height }: Sheet, floor: Floor, colors: Colors): Ground | undefined {
  const ratio = context.getTransform().a;
  const { canvas } = context;
  const drawn = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const under = drawn.getContext("2d", { willReadFrequently: true });
  if (!under) return undefined;
  under.fillStyle = colors.sunken;
  under.fillRect(0, 0, canvas.width, canvas.height);
  under.scale(ratio, ratio);
  const plan = planOf(floor, width, height);
  drawPlan(under, floor, plan, colors);
  const image = under.getImageData(0, 0, canvas.width, canvas.height);
  const raster = new Raster(canvas.width, canvas.height, new Int32Array(image.data.buffer));
  const [edge, quiet, accent, text] = [colors.edge, colors.quiet, colors.accent, colors.text].map(pixelOfStyle) as [number, number, number, number];
  return { floor, colors, ratio, plan, pixels: raster.pixels.slice(), image, raster, masks: new Masks(raster, ratio), paint: { edge, quiet, accent, text } };
}

/** What one canvas needs from picture to picture. */
export class Painter {
  #ground: Ground | undefined;

  /** Paints all anew; what it returns is where the floor lies. */
  paint(sheet: Sheet, floor: Floor, dots: Dots, { colors, isCalm }: Look): Plan {
    const ground = this.#groundFor(sheet, floor, colors);
    if (!ground) return planOf(floor, sheet.width, sheet.height);
    const room = (sheet.width * sheet.height) / dots.count;
    const size = SIZES.find(size => room >= size.room) ?? SIZES[0];
    ground.raster.pixels.set(ground.pixels);
    for (let at = 0; at < dots.count; at++) if (dots.flags[at] === 0) lay(ground, dots, at, size, isCalm);
    for (let at = 0; at < dots.count; at++) if (dots.flags[at] !== 0) lay(ground, dots, at, size, isCalm);
    sheet.context.putImageData(ground.image, 0, 0);
    return ground.plan;
  }

  /** The ground of the last picture, while it would be the same. */
  #groundFor(sheet: Sheet, floor: Floor, colors: Colors): Ground | undefined {
    const known = this.#ground;
    const { canvas } = sheet.context;
    const isSame = known?.colors === colors && known.floor.widthM === floor.widthM && known.floor.depthM === floor.depthM
      && known.ratio === sheet.context.getTransform().a && known.raster.width === canvas.width && known.raster.height === canvas.height;
    if (!isSame) this.#ground = groundOf(sheet, floor, colors);
    return this.#ground;
  }
}

/** Lays one dot on the ground, with what is around it. */
function lay({ plan, masks, paint }: Ground, dots: Dots, at: number, { radius, line, picked }: Size, isCalm: boolean): void {
  const x = plan.left + (dots.x[at] ?? NaN) * plan.width;
  const y = plan.top + (dots.y[at] ?? NaN) * plan.depth;
  if (Number.isNaN(x)) return;
  const flash = dots.flash[at] ?? 0, flags = dots.flags[at] ?? 0, color = dots.color[at] ?? NO_FILL, opacity = dots.opacity[at] ?? 1;
  if (flash > 0 && isCalm) masks.ring(x, y, radius + 4, 2, paint.accent, 1);
  else if (flash > 0) masks.ring(x, y, radius + 2 + 10 * (1 - flash), 2, paint.accent, flash);
  const isPicked = (flags & PICKED) !== 0;
  masks.disc(x, y, radius, isPicked ? picked : line, color === NO_FILL ? paint.edge : pixelOf(color), isPicked ? paint.accent : paint.quiet, opacity);
  const label = dots.labels[at];
  if (label) masks.label(x, y + radius + 9, label, paint.text, opacity);
  if (flags & CURRENT) masks.ring(x, y, radius + 5, 3, paint.text, 1);
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
