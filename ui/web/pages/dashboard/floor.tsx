// The devices where the beacons say that they are. A click picks the nearest, a drag those in its box.

import { useRef } from "preact/hooks";
import { type Sheet, useCanvas } from "../../design/canvas";
import { colors } from "../../design/colors";
import { Dots } from "../../design/dots";
import { FLASH_MS, NO_COLOR } from "../../store/swarm";
import { hex } from "./cell";
import { pick, picked, shown, swarm } from "./state";

/** Pixels between the edge of the canvas and the floor. */
const MARGIN = 28;
/** How near a click must be, in pixels. */
const NEAR = 22;
/** A shorter way of the pointer is a click. */
const DRAG = 6;

interface Box {
  readonly x: number;
  readonly y: number;
  toX: number;
  toY: number;
}

/** Where a device is on a canvas of this size. */
const pointOf = (place: number, width: number, height: number): [x: number, y: number] => [
  MARGIN + (swarm.x[place] ?? 0) * (width - 2 * MARGIN),
  MARGIN + (swarm.y[place] ?? 0) * (height - 2 * MARGIN),
];

export function Floor() {
  const box = useRef<Box>(undefined);
  const dots = useRef(new Dots());

  const draw = ({ context, width, height }: Sheet, now: number) => {
    const paint = colors.peek();
    context.clearRect(0, 0, width, height);
    context.beginPath();
    context.roundRect(MARGIN / 2, MARGIN / 2, width - MARGIN, height - MARGIN, 8);
    context.fillStyle = paint.surface;
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = paint.line;
    context.stroke();
    context.fillStyle = paint.quiet;
    context.font = "600 11px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (const [label, x, y, align] of [
      ["NW", MARGIN, MARGIN, "left"], ["NE", width - MARGIN, MARGIN, "right"],
      ["SE", width - MARGIN, height - MARGIN, "right"], ["SW", MARGIN, height - MARGIN, "left"],
    ] as const) {
      context.textAlign = align;
      context.fillText(label, x, y);
    }
    context.textAlign = "center";
    const ids = shown.peek();
    const radius = ids.length > 400 ? 4 : 7;
    for (const id of ids) {
      const place = swarm.place(id);
      if (place === undefined) continue;
      const [x, y] = pointOf(place, width, height);
      const flash = 1 - (now - (swarm.tappedMs[place] ?? 0)) / FLASH_MS;
      if (flash > 0) {
        context.globalAlpha = flash;
        context.beginPath();
        context.arc(x, y, radius + 10 * (1 - flash) + 2, 0, 2 * Math.PI);
        context.lineWidth = 2;
        context.strokeStyle = paint.accent;
        context.stroke();
      }
      const color = swarm.color[place] ?? NO_COLOR;
      const isPicked = picked.peek().has(id);
      context.globalAlpha = now - (swarm.seenMs[place] ?? 0) > 1_000 ? 0.4 : 1;
      const fill = color === NO_COLOR ? paint.sunken : hex(color);
      dots.current.draw(context, x, y, { fill, edge: isPicked ? paint.accent : paint.edge, radius, line: isPicked ? 3 : 1.5 });
      if (ids.length <= 60 || isPicked) {
        context.fillStyle = paint.text;
        context.font = "11px ui-monospace, monospace";
        context.fillText(id, x, y + radius + 9);
      }
      context.globalAlpha = 1;
    }
    const drag = box.current;
    if (!drag) return;
    context.fillStyle = paint.accent;
    context.globalAlpha = 0.15;
    context.fillRect(drag.x, drag.y, drag.toX - drag.x, drag.toY - drag.y);
    context.globalAlpha = 1;
    context.strokeStyle = paint.accent;
    context.strokeRect(drag.x, drag.y, drag.toX - drag.x, drag.toY - drag.y);
  };
  const canvas = useCanvas(draw);

  const finish = (event: PointerEvent) => {
    const [drag, element] = [box.current, canvas.current];
    box.current = undefined;
    if (!drag || !element) return;
    const how = event.shiftKey || event.ctrlKey || event.metaKey ? "add" : "only";
    const { clientWidth: width, clientHeight: height } = element;
    const [left, right] = [Math.min(drag.x, drag.toX), Math.max(drag.x, drag.toX)];
    const [top, bottom] = [Math.min(drag.y, drag.toY), Math.max(drag.y, drag.toY)];
    const points = shown.peek().map(id => ({ id, at: pointOf(swarm.place(id) ?? 0, width, height) }));
    if (right - left > DRAG || bottom - top > DRAG) {
      pick(points.filter(({ at: [x, y] }) => x >= left && x <= right && y >= top && y <= bottom).map(({ id }) => id), how);
      return;
    }
    let nearest: string | undefined;
    let least = NEAR;
    for (const { id, at: [x, y] } of points) {
      const distance = Math.hypot(x - drag.x, y - drag.y);
      if (distance < least) [nearest, least] = [id, distance];
    }
    if (nearest !== undefined) pick([nearest], how === "add" ? "toggle" : "only");
    else if (how === "only") pick([], "only");
  };

  return (
    <canvas
      ref={canvas}
      class="floor"
      role="img"
      aria-label="The floor, with each device where its beacons say that it is. The table has the same places as text."
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        box.current = { x: event.offsetX, y: event.offsetY, toX: event.offsetX, toY: event.offsetY };
      }}
      onPointerMove={event => {
        if (box.current) Object.assign(box.current, { toX: event.offsetX, toY: event.offsetY });
      }}
      onPointerUp={finish}
      onPointerCancel={() => (box.current = undefined)}
    />
  );
}
