// The floor on a canvas: how it lies there, and what it looks like without devices. Pure, but for the canvas that it is given.

import type { Floor } from "../../store/floor";
import type { Colors } from "../colors";

/** Pixels between the edge of the canvas and the beacons, and of floor around these. */
const MARGIN = 32;
const AROUND = 10;

/** Where a floor is on a canvas, in pixels: what lies x, y of it to the south-east is `left + x * width`, `top + y * depth`. */
export interface Plan {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly depth: number;
}

/** The floor as large as it fits, in its proportions. */
export function planOf({ widthM, depthM }: Floor, width: number, height: number): Plan {
  const scale = Math.max(0, Math.min((width - 2 * MARGIN) / widthM, (height - 2 * MARGIN) / depthM));
  return { left: (width - widthM * scale) / 2, top: (height - depthM * scale) / 2, width: widthM * scale, depth: depthM * scale };
}

/** The floor itself: its metres, and the beacons by what its corners are called. */
export function drawPlan(context: CanvasRenderingContext2D, { widthM, depthM }: Floor, { left, top, width, depth }: Plan, colors: Colors): void {
  context.beginPath();
  context.roundRect(left - AROUND, top - AROUND, width + 2 * AROUND, depth + 2 * AROUND, AROUND);
  context.fillStyle = colors.surface;
  context.fill();
  const step = Math.max(widthM, depthM) > 30 ? 5 : 1;
  context.beginPath();
  for (let metres = 0; metres <= widthM; metres += step) {
    context.moveTo(left + (metres / widthM) * width, top);
    context.lineTo(left + (metres / widthM) * width, top + depth);
  }
  for (let metres = 0; metres <= depthM; metres += step) {
    context.moveTo(left, top + (metres / depthM) * depth);
    context.lineTo(left + width, top + (metres / depthM) * depth);
  }
  context.globalAlpha = 0.5;
  context.lineWidth = 1;
  context.strokeStyle = colors.line;
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = colors.quiet;
  context.font = "600 11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (const [label, x, y] of [["NW", 0, 0], ["NE", 1, 0], ["SE", 1, 1], ["SW", 0, 1]] as const) {
    context.fillText(label, left + x * width, y === 0 ? top - AROUND - 8 : top + depth + AROUND + 9);
  }
}
