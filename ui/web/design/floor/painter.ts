// Draws a floor and the dots on it. It knows of no device, no signal and no page: a sheet, numbers and colours are all it gets.

import type { Floor } from "../../store/floor";
import type { Sheet } from "../canvas";
import type { Colors } from "../colors";
import { hex } from "../looks";
import { CURRENT, type Dots, NO_FILL, PICKED } from "./dots";
import type { Box, Loop } from "./picking";
import { drawPlan, type Plan, planOf } from "./plan";
import { Sprites } from "./sprites";

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

/** What one canvas needs from picture to picture. */
export class Painter {
  readonly #sprites = new Sprites();

  /** Paints all anew; what it returns is where the floor lies. */
  paint(sheet: Sheet, floor: Floor, dots: Dots, look: Look): Plan {
    const { context, width, height } = sheet;
    const plan = planOf(floor, width, height);
    context.clearRect(0, 0, width, height);
    drawPlan(context, floor, plan, look.colors);
    const radius = width * height < ROOM_FOR_LARGE * dots.count ? 4 : 7;
    for (let at = 0; at < dots.count; at++) if (dots.flags[at] === 0) this.#dot(context, plan, dots, at, radius, look);
    for (let at = 0; at < dots.count; at++) if (dots.flags[at] !== 0) this.#dot(context, plan, dots, at, radius, look);
    return plan;
  }

  #dot(context: CanvasRenderingContext2D, plan: Plan, dots: Dots, at: number, radius: number, { colors, isCalm }: Look): void {
    const x = plan.left + (dots.x[at] ?? NaN) * plan.width;
    const y = plan.top + (dots.y[at] ?? NaN) * plan.depth;
    if (Number.isNaN(x)) return;
    const [flash, flags, color, label] = [dots.flash[at] ?? 0, dots.flags[at] ?? 0, dots.color[at] ?? NO_FILL, dots.labels[at]];
    if (flash > 0) {
      context.globalAlpha = isCalm ? 1 : flash;
      ring(context, x, y, isCalm ? radius + 4 : radius + 2 + 10 * (1 - flash), 2, colors.accent);
    }
    context.globalAlpha = dots.opacity[at] ?? 1;
    const isPicked = (flags & PICKED) !== 0;
    const fill = color === NO_FILL ? colors.edge : hex(color);
    this.#sprites.draw(context, x, y, { fill, edge: isPicked ? colors.accent : colors.quiet, radius, line: isPicked ? 3 : 1.5 });
    if (label) {
      context.fillStyle = colors.text;
      context.font = "11px ui-monospace, monospace";
      context.fillText(label, x, y + radius + 9);
    }
    context.globalAlpha = 1;
    if (flags & CURRENT) ring(context, x, y, radius + 5, 3, colors.text);
  }
}

function ring(context: CanvasRenderingContext2D, x: number, y: number, radius: number, line: number, color: string): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.lineWidth = line;
  context.strokeStyle = color;
  context.stroke();
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
