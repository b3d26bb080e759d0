// One device as a cell: its id, its acceleration as a line, a flash for a tap, the LED colour that was sent last.

import { ago } from "../../design/ago";
import type { Colors } from "../../design/colors";
import { FLASH_MS, HISTORY, NO_COLOR, type Swarm } from "../../store/swarm";

/** How cells lie. */
export interface Layout {
  readonly columns: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** Of all rows. */
  readonly height: number;
}

/** Sizes of a cell, the largest first: with more devices cells become smaller, until they would say nothing. */
const SIZES = [
  [176, 88],
  [128, 64],
  [96, 48],
  [72, 36],
] as const;

/** The largest cells with which all devices are in view; the smallest, when there is no such size. */
export function layoutFor(count: number, width: number, height: number): Layout {
  let layout: Layout = { columns: 1, cellWidth: width, cellHeight: SIZES[0][1], height: 0 };
  for (const [least, cellHeight] of SIZES) {
    const columns = Math.max(1, Math.floor(width / least));
    const rows = Math.ceil(count / columns);
    layout = { columns, cellWidth: width / columns, cellHeight, height: rows * cellHeight };
    if (layout.height <= height) break;
  }
  return layout;
}

/** A cell and its device. */
export interface Cell {
  readonly x: number;
  readonly y: number;
  readonly id: string;
  readonly place: number;
  readonly isPicked: boolean;
  readonly isCurrent: boolean;
  readonly now: number;
}

/** 1 g, and the most that a line shows, in wire units. */
const ONE_G = 63.75;
const MOST = 190;

export const hex = (color: number): string => `#${color.toString(16).padStart(6, "0")}`;

/** Draws a cell anew. */
export function drawCell(context: CanvasRenderingContext2D, cell: Cell, { cellWidth, cellHeight }: Layout, swarm: Swarm, colors: Colors): void {
  const { place, now } = cell;
  const isSmall = cellHeight < 60;
  const gap = isSmall ? 2 : 4;
  const [x, y, width, height] = [cell.x + gap, cell.y + gap, cellWidth - 2 * gap, cellHeight - 2 * gap];
  context.clearRect(cell.x, cell.y, cellWidth, cellHeight);
  const isPale = now - (swarm.seenMs[place] ?? 0) > 1_000;
  context.beginPath();
  context.roundRect(x, y, width, height, isSmall ? 4 : 8);
  context.fillStyle = cell.isPicked ? colors["accent-soft"] : colors.surface;
  context.fill();
  const flash = 1 - (now - (swarm.tappedMs[place] ?? 0)) / FLASH_MS;
  if (flash > 0) {
    context.globalAlpha = flash * 0.5;
    context.fillStyle = colors.accent;
    context.fill();
    context.globalAlpha = 1;
  }
  context.lineWidth = cell.isPicked ? 2 : 1;
  context.strokeStyle = cell.isPicked ? colors.accent : colors.line;
  context.stroke();

  context.globalAlpha = isPale ? 0.45 : 1;
  drawLine(context, swarm, place, x + 6, isSmall ? y + 14 : y + 24, width - 12, height - (isSmall ? 18 : 30), cell.isPicked ? colors.accent : colors.quiet);
  context.font = isSmall ? "600 11px ui-monospace, monospace" : "600 14px ui-monospace, monospace";
  context.textBaseline = "middle";
  context.fillStyle = colors.text;
  context.fillText(cell.id, x + 6, y + (isSmall ? 8 : 14));
  if (!isSmall) {
    const silentMs = now - (swarm.seenMs[place] ?? 0);
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = colors.quiet;
    context.fillText(isPale ? `${ago(silentMs)} ago` : `${Math.round(swarm.rate[place] ?? 0)} Hz`, x + 50, y + 14);
  }
  const color = swarm.color[place] ?? NO_COLOR;
  if (color !== NO_COLOR) {
    const radius = isSmall ? 3.5 : 6;
    context.beginPath();
    context.arc(x + width - radius - 6, y + (isSmall ? 8 : 14), radius, 0, 2 * Math.PI);
    context.fillStyle = hex(color);
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = colors.edge;
    context.stroke();
  }
  context.globalAlpha = 1;
  if (!cell.isCurrent) return;
  context.beginPath();
  context.roundRect(x + 1.5, y + 1.5, width - 3, height - 3, isSmall ? 3 : 7);
  context.lineWidth = 3;
  context.strokeStyle = colors.text;
  context.stroke();
}

/** The acceleration of the last seconds: its distance from 1 g, which is what moves. */
function drawLine(
  context: CanvasRenderingContext2D, swarm: Swarm, place: number, x: number, y: number, width: number, height: number, color: string,
): void {
  const head = swarm.frames[place] ?? 0;
  const from = place * HISTORY;
  // No more points than can be told apart.
  const step = width < HISTORY ? 2 : 1;
  context.beginPath();
  for (let at = 0; at < HISTORY; at += step) {
    const pull = swarm.history[from + ((head + at) % HISTORY)] ?? ONE_G;
    context.lineTo(x + (at / (HISTORY - step)) * width, y + height * (1 - Math.min(pull, MOST) / MOST));
  }
  context.lineWidth = 1.25;
  context.strokeStyle = color;
  context.stroke();
}
