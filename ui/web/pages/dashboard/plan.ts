// The floor on a canvas: how it lies there, and where a device is on it.

import type { Colors } from "../../design/colors";
import { type Floor as FloorSize, locate } from "../../store/floor";
import { floor, swarm } from "./state";

/** Pixels between the edge of the canvas and the beacons, and of floor around these. */
const MARGIN = 32;
const AROUND = 10;

export interface Point {
  x: number;
  y: number;
}

/** A floor on a canvas: where its north-west corner is, and how long a metre is, in pixels. */
export interface Plan {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

/** The floor as large as it fits, in its proportions. */
export function planOf({ widthM, depthM }: FloorSize, width: number, height: number): Plan {
  const scale = Math.max(0, Math.min((width - 2 * MARGIN) / widthM, (height - 2 * MARGIN) / depthM));
  return { left: (width - widthM * scale) / 2, top: (height - depthM * scale) / 2, scale };
}

const spot: Point = { x: 0, y: 0 };
const point: Point = { x: 0, y: 0 };

/** Where a device is on the canvas; `undefined` when it hears no beacon. The same object each time. */
export function pointOf(id: string, { left, top, scale }: Plan): Point | undefined {
  const place = swarm.place(id);
  const size = floor.peek();
  if (place === undefined || !locate(swarm.beacons, place * 4, size, spot)) return undefined;
  point.x = left + spot.x * size.widthM * scale;
  point.y = top + spot.y * size.depthM * scale;
  return point;
}

/** The floor itself: its metres, and what its corners are called. */
export function drawPlan(context: CanvasRenderingContext2D, { widthM, depthM }: FloorSize, { left, top, scale }: Plan, paint: Colors): void {
  const [width, depth] = [widthM * scale, depthM * scale];
  context.beginPath();
  context.roundRect(left - AROUND, top - AROUND, width + 2 * AROUND, depth + 2 * AROUND, AROUND);
  context.fillStyle = paint.surface;
  context.fill();
  const step = Math.max(widthM, depthM) > 30 ? 5 : 1;
  context.beginPath();
  for (let metres = 0; metres <= widthM; metres += step) {
    context.moveTo(left + metres * scale, top);
    context.lineTo(left + metres * scale, top + depth);
  }
  for (let metres = 0; metres <= depthM; metres += step) {
    context.moveTo(left, top + metres * scale);
    context.lineTo(left + width, top + metres * scale);
  }
  context.globalAlpha = 0.5;
  context.lineWidth = 1;
  context.strokeStyle = paint.line;
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = paint.quiet;
  context.font = "600 11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (const [label, x, y] of [["NW", 0, 0], ["NE", 1, 0], ["SE", 1, 1], ["SW", 0, 1]] as const) {
    context.fillText(label, left + x * width, y === 0 ? top - AROUND - 8 : top + depth + AROUND + 9);
  }
}
