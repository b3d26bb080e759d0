// One device as a cell: its id, its acceleration as a line, a flash for a tap, the LED colour that was sent last.

import type { Colors } from "../../design/colors";
import { flashLeft, hex, opacity } from "../../design/looks";
import { HISTORY, NO_COLOR, type Swarm } from "../../store/swarm";

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
  [264, 120],
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
  /** A flash does not fade. */
  readonly isCalm: boolean;
  readonly now: number;
}

/** 1 g, and the most that a line shows, in wire units. */
const ONE_G = 63.75;
const MOST = 190;

/** What cells of a height have room for. */
function measures(cellHeight: number) {
  if (cellHeight < 60) return { gap: 2, round: 4, pad: 6, font: 11, dot: 3.5, fills: false };
  return cellHeight < 110
    ? { gap: 4, round: 8, pad: 8, font: 14, dot: 6, fills: true }
    : { gap: 5, round: 10, pad: 12, font: 16, dot: 8, fills: true };
}

/** Cells of this width say the rate, too. */
const RATE_WIDTH = 160;

/** Draws a cell anew. */
export function drawCell(context: CanvasRenderingContext2D, cell: Cell, { cellWidth, cellHeight }: Layout, swarm: Swarm, colors: Colors): void {
  const { place, now } = cell;
  const { gap, round, pad, font, dot, fills } = measures(cellHeight);
  const [x, y, width, height] = [cell.x + gap, cell.y + gap, cellWidth - 2 * gap, cellHeight - 2 * gap];
  const middle = y + pad / 2 + font * 0.75;
  context.clearRect(cell.x, cell.y, cellWidth, cellHeight);
  context.beginPath();
  context.roundRect(x, y, width, height, round);
  context.fillStyle = cell.isPicked ? colors["accent-soft"] : colors.surface;
  context.fill();
  const flash = flashLeft(swarm.tappedMs[place] ?? -Infinity, now);
  if (flash > 0) {
    context.globalAlpha = cell.isCalm ? 0.35 : flash * 0.5;
    context.fillStyle = colors.accent;
    context.fill();
    context.globalAlpha = 1;
  }
  context.lineWidth = cell.isPicked ? 2 : 1;
  context.strokeStyle = cell.isPicked ? colors.accent : colors.line;
  context.stroke();

  context.globalAlpha = opacity(now - (swarm.seenMs[place] ?? 0));
  const top = middle + font * 0.6;
  const box = { x: x + pad, y: top, width: width - 2 * pad, height: y + height - pad / 2 - top };
  drawLine(context, swarm, place, box, cell.isPicked ? colors.accent : colors.quiet, fills);
  context.font = `600 ${font}px ui-monospace, monospace`;
  context.textBaseline = "middle";
  context.fillStyle = colors.text;
  context.fillText(cell.id, x + pad, middle);
  const color = swarm.color[place] ?? NO_COLOR;
  if (color !== NO_COLOR) {
    context.beginPath();
    context.arc(x + width - dot - pad, middle, dot, 0, 2 * Math.PI);
    context.fillStyle = hex(color);
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = colors.edge;
    context.stroke();
  }
  if (cellWidth >= RATE_WIDTH) {
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "right";
    context.fillStyle = colors.quiet;
    context.fillText(`${Math.round(swarm.rate[place] ?? 0)} Hz`, x + width - pad - (color === NO_COLOR ? 0 : 2 * dot + 8), middle);
    context.textAlign = "left";
  }
  context.globalAlpha = 1;
  if (!cell.isCurrent) return;
  context.beginPath();
  context.roundRect(x + 1.5, y + 1.5, width - 3, height - 3, round - 1);
  context.lineWidth = 3;
  context.strokeStyle = colors.text;
  context.stroke();
}

/** How hard a device was pulled in the last seconds, the newest on the right. One at rest has 1 g, whichever way it lies. */
function drawLine(
  context: CanvasRenderingContext2D, swarm: Swarm, place: number,
  { x, y, width, height }: { x: number; y: number; width: number; height: number }, color: string, fills: boolean,
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
  if (!fills) return;
  context.lineTo(x + width, y + height);
  context.lineTo(x, y + height);
  context.closePath();
  context.globalAlpha *= 0.1;
  context.fillStyle = color;
  context.fill();
  context.globalAlpha /= 0.1;
}
