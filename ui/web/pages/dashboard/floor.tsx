// The devices where the beacons say that they are. A click picks the nearest, a drag those in its box, the keys go from one to the next.

import { useRef, useState } from "preact/hooks";
import { type Sheet, useCanvas } from "../../design/canvas";
import { colors } from "../../design/colors";
import { Dots } from "../../design/dots";
import { isCalm } from "../../design/motion";
import { Field } from "../../design/parts";
import { NO_COLOR } from "../../store/swarm";
import { flashLeft, hex, opacity } from "./cell";
import { ListBox, useCursor } from "./listbox";
import { drawPlan, type Plan, planOf, type Point, pointOf } from "./plan";
import { FLOOR_LIMITS, floor, pick, picked, shown, swarm, tick } from "./state";

/** Square pixels for each device with which dots are large, and with which their ids can be read. */
const ROOM_FOR_LARGE = 1_200;
const ROOM_FOR_IDS = 6_000;
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

/** How the keys go: by the order of the devices, which is the one of the grid. */
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, PageUp: -10, PageDown: 10 };

/** How large the floor is: without that nobody can tell how far it is from one beacon to the next. */
function Size() {
  const [typed, setTyped] = useState({ widthM: String(floor.peek().widthM), depthM: String(floor.peek().depthM) });
  const [wrong, setWrong] = useState<string>();
  const set = (side: "widthM" | "depthM", text: string) => {
    setTyped({ ...typed, [side]: text });
    const metres = text.trim() === "" ? NaN : Number(text.trim().replace(",", "."));
    const fits = metres >= FLOOR_LIMITS.least && metres <= FLOOR_LIMITS.most;
    setWrong(fits ? undefined : side);
    if (fits) floor.value = { ...floor.peek(), [side]: metres };
  };
  const fields = [["widthM", "West to east (m)"], ["depthM", "North to south (m)"]] as const;
  return (
    <div class="row floor-size">
      {fields.map(([side, label]) => (
        <Field key={side} label={label} wrong={wrong === side ? `Must be ${FLOOR_LIMITS.least} to ${FLOOR_LIMITS.most} metres.` : undefined}>
          {field => (
            <input {...field} class="input mono" inputMode="decimal" autocomplete="off" value={typed[side]} onInput={event => set(side, event.currentTarget.value)} />
          )}
        </Field>
      ))}
    </div>
  );
}

const NOWHERE: Plan = { left: 0, top: 0, scale: 1 };

/** How many devices are not on the floor, because they hear no beacon. */
function Unheard() {
  tick.value;
  const { length } = shown.value.filter(id => pointOf(id, NOWHERE) === undefined);
  if (length === 0) return null;
  return <p class="quiet small">{length === 1 ? "1 device hears" : `${length} devices hear`} no beacon, and so {length === 1 ? "is" : "are"} not on the floor.</p>;
}

export function Floor() {
  const cursor = useCursor();
  const box = useRef<Box>(undefined);
  const dots = useRef(new Dots());

  const draw = ({ context, width, height }: Sheet, now: number) => {
    const paint = colors.peek();
    const plan = planOf(floor.peek(), width, height);
    context.clearRect(0, 0, width, height);
    drawPlan(context, floor.peek(), plan, paint);
    const ids = shown.peek();
    const room = (width * height) / Math.max(1, ids.length);
    const radius = room < ROOM_FOR_LARGE ? 4 : 7;
    const currentId = cursor.isFocused.peek() ? cursor.id.peek() : undefined;
    const drawDevice = (id: string, isPicked: boolean) => {
      const place = swarm.place(id);
      const at = pointOf(id, plan);
      if (place === undefined || at === undefined) return;
      const { x, y } = at;
      const flash = flashLeft(swarm.tappedMs[place] ?? -Infinity, now);
      if (flash > 0) {
        context.globalAlpha = isCalm.peek() ? 1 : flash;
        context.beginPath();
        context.arc(x, y, isCalm.peek() ? radius + 4 : radius + 2 + 10 * (1 - flash), 0, 2 * Math.PI);
        context.lineWidth = 2;
        context.strokeStyle = paint.accent;
        context.stroke();
      }
      const color = swarm.color[place] ?? NO_COLOR;
      context.globalAlpha = opacity(now - (swarm.seenMs[place] ?? 0));
      const fill = color === NO_COLOR ? paint.edge : hex(color);
      dots.current.draw(context, x, y, { fill, edge: isPicked ? paint.accent : paint.quiet, radius, line: isPicked ? 3 : 1.5 });
      const isCurrent = id === currentId;
      if (room > ROOM_FOR_IDS || isPicked || isCurrent) {
        context.fillStyle = paint.text;
        context.font = "11px ui-monospace, monospace";
        context.fillText(id, x, y + radius + 9);
      }
      context.globalAlpha = 1;
      if (!isCurrent) return;
      context.beginPath();
      context.arc(x, y, radius + 5, 0, 2 * Math.PI);
      context.lineWidth = 3;
      context.strokeStyle = paint.text;
      context.stroke();
    };
    // What was picked lies on top.
    const isOnTop = (id: string) => picked.peek().has(id) || id === currentId;
    for (const id of ids) if (!isOnTop(id)) drawDevice(id, false);
    for (const id of ids) if (isOnTop(id)) drawDevice(id, picked.peek().has(id));
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
    const plan = planOf(floor.peek(), element.clientWidth, element.clientHeight);
    const [left, right] = [Math.min(drag.x, drag.toX), Math.max(drag.x, drag.toX)];
    const [top, bottom] = [Math.min(drag.y, drag.toY), Math.max(drag.y, drag.toY)];
    if (right - left > DRAG || bottom - top > DRAG) {
      const isIn = (at: Point | undefined) => at && at.x >= left && at.x <= right && at.y >= top && at.y <= bottom;
      pick(shown.peek().filter(id => isIn(pointOf(id, plan))), how);
      return;
    }
    let nearest: string | undefined;
    let least = NEAR;
    for (const id of shown.peek()) {
      const at = pointOf(id, plan);
      const distance = at ? Math.hypot(at.x - drag.x, at.y - drag.y) : Infinity;
      if (distance < least) [nearest, least] = [id, distance];
    }
    // Shift adds here: there is no order in which one lies between two others.
    const held = { shiftKey: false, ctrlKey: how === "add", metaKey: false };
    if (nearest !== undefined) cursor.choose(nearest, held, matchMedia("(pointer: coarse)").matches);
    else if (how === "only") pick([], "only");
  };

  return (
    <>
      <ListBox cursor={cursor} label="Devices on the floor" class="floor" style={{ aspectRatio: `${floor.value.widthM} / ${floor.value.depthM}` }} steps={() => STEPS}>
        <canvas
          ref={canvas}
          class="floor-canvas"
          aria-hidden="true"
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
      </ListBox>
      <Unheard />
      <Size />
    </>
  );
}
