// The devices of a swarm where the beacons say that they are. A click picks the nearest, a drag those in its box or its loop, the keys go
// from one to the next.

import "./floor.css";
import type { ReadonlySignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { type Floor, locate } from "../../store/floor";
import { NO_COLOR, type Swarm } from "../../store/swarm";
import { type Sheet, useCanvas } from "../canvas";
import { colors } from "../colors";
import { type Choice, type Cursor, ListBox } from "../listbox";
import { flashLeft, opacity } from "../looks";
import { isCalm } from "../motion";
import { CURRENT, Dots, PICKED } from "./dots";
import { drawBox, drawLoop, hasRoomForLabels, Painter } from "./painter";
import { around, inBox, inLoop, nearest } from "./picking";
import type { Plan } from "./plan";
import type { Tool } from "./tools";

/** How near a click must be, in pixels. */
const NEAR = 22;
/** A shorter way of the pointer is a click. */
const DRAG = 6;
/** Pixels from one corner of a loop to the next, and corners that one has at most. */
const STRIDE = 3;
const MOST_CORNERS = 2_000;

/** How the keys go: by the order of the devices. */
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, PageUp: -10, PageDown: 10 };

/** What a pointer draws: its way, as x, y of each corner. A box has the first and the last. */
interface Drag {
  readonly pointer: number;
  readonly tool: Tool;
  readonly way: number[];
}

/** Takes a further place of the pointer into its way. */
function go({ tool, way }: Drag, x: number, y: number): void {
  const isNear = Math.hypot(x - (way.at(-2) ?? 0), y - (way.at(-1) ?? 0)) < STRIDE;
  if (tool === "lasso" && isNear) return;
  // A box, and a loop that is full, have their last corner where the pointer is.
  if (way.length > 2 && (tool === "box" || way.length >= 2 * MOST_CORNERS)) way.length -= 2;
  way.push(x, y);
}

const boxOf = ({ way }: Drag) => ({ x: way[0] ?? 0, y: way[1] ?? 0, toX: way.at(-2) ?? 0, toY: way.at(-1) ?? 0 });

interface FloorMapProps {
  readonly swarm: Swarm;
  /** How large the floor is. */
  readonly floor: ReadonlySignal<Floor>;
  readonly choice: Choice;
  readonly cursor: Cursor;
  /** What a drag draws. */
  readonly tool: ReadonlySignal<Tool>;
  readonly label: string;
}

export function FloorMap({ swarm, floor, choice, cursor, tool, label }: FloorMapProps) {
  const drag = useRef<Drag>(undefined);
  const painter = useRef<Painter>(undefined);
  painter.current ??= new Painter();
  /** The newest picture: what a click is about. */
  const dots = useRef<Dots>(undefined);
  dots.current ??= new Dots();
  const drawn = useRef<{ plan: Plan; ids: readonly string[] }>(undefined);

  const fill = (dots: Dots, ids: readonly string[], sheet: Sheet, now: number) => {
    const [size, picked] = [floor.peek(), choice.picked.peek()];
    // Over one another nobody could read them.
    const [all, chosen] = [hasRoomForLabels(sheet, ids.length), hasRoomForLabels(sheet, picked.size)];
    const current = cursor.isFocused.peek() ? cursor.id.peek() : undefined;
    const spot = { x: 0, y: 0 };
    dots.resize(ids.length);
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at] ?? "";
      const place = swarm.place(id);
      if (place === undefined || !locate(swarm.beacons, place * 4, size, spot)) {
        dots.x[at] = dots.y[at] = NaN;
        continue;
      }
      dots.x[at] = spot.x;
      dots.y[at] = spot.y;
      dots.color[at] = swarm.color[place] ?? NO_COLOR;
      dots.opacity[at] = opacity(now - (swarm.seenMs[place] ?? 0));
      dots.flash[at] = flashLeft(swarm.tappedMs[place] ?? -Infinity, now);
      dots.flags[at] = (picked.has(id) ? PICKED : 0) | (id === current ? CURRENT : 0);
      dots.labels[at] = all || id === current || (chosen && dots.flags[at] !== 0) ? id : "";
    }
  };

  const draw = (sheet: Sheet, now: number) => {
    if (!painter.current || !dots.current) return;
    const ids = choice.shown.peek();
    fill(dots.current, ids, sheet, now);
    const plan = painter.current.paint(sheet, floor.peek(), dots.current, { colors: colors.peek(), isCalm: isCalm.peek() });
    drawn.current = { plan, ids };
    const shape = drag.current;
    if (shape?.tool === "box") drawBox(sheet, boxOf(shape), colors.peek());
    else if (shape) drawLoop(sheet, shape.way, colors.peek());
  };
  const canvas = useCanvas(draw);

  const begin = (event: PointerEvent) => {
    // A second finger moves the page.
    if (drag.current) return void (drag.current = undefined);
    if (event.button !== 0) return;
    canvas.current?.setPointerCapture(event.pointerId);
    drag.current = { pointer: event.pointerId, tool: tool.peek(), way: [event.offsetX, event.offsetY] };
  };

  const finish = (event: PointerEvent) => {
    const [shape, picture, spots] = [drag.current, drawn.current, dots.current];
    if (shape?.pointer !== event.pointerId) return;
    drag.current = undefined;
    if (!picture || !spots) return;
    go(shape, event.offsetX, event.offsetY);
    const { plan, ids } = picture;
    // A finger holds no key: what it picks comes to the rest.
    const isFinger = event.pointerType === "touch";
    const how = isFinger || event.shiftKey || event.ctrlKey || event.metaKey ? "add" : "only";
    const { x, y, toX, toY } = around(shape.way);
    if (toX - x > DRAG || toY - y > DRAG) {
      const found = shape.tool === "box" ? inBox(spots, plan, boxOf(shape)) : inLoop(spots, plan, shape.way);
      choice.pick(found.map(at => ids[at] ?? ""), how);
      return;
    }
    const id = ids[nearest(spots, plan, event.offsetX, event.offsetY, NEAR) ?? -1];
    // Shift adds here: there is no order in which one lies between two others.
    if (id !== undefined) cursor.choose(id, { shiftKey: false, ctrlKey: how === "add", metaKey: false });
    else if (how === "only") choice.pick([], "only");
  };

  return (
    <ListBox choice={choice} cursor={cursor} label={label} class="floor" style={{ aspectRatio: `${floor.value.widthM} / ${floor.value.depthM}` }} steps={() => STEPS}>
      <canvas
        ref={canvas}
        class="floor-canvas"
        aria-hidden="true"
        onPointerDown={begin}
        onPointerMove={event => {
          if (drag.current?.pointer === event.pointerId) go(drag.current, event.offsetX, event.offsetY);
        }}
        onPointerUp={finish}
        onPointerCancel={() => (drag.current = undefined)}
      />
    </ListBox>
  );
}
