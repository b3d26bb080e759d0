// The devices as cells of a grid, all on one canvas: one more device is a few lines more to draw, not one more thing in the page. Only cells
// with something new are drawn. For ears and keys it is a list box of which the current device is the one option that exists.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { type Sheet, useCanvas } from "../../design/canvas";
import { colors } from "../../design/colors";
import { drawCell, type Layout, layoutFor } from "./cell";
import { FLASH_MS } from "../../store/swarm";
import { pick, picked, shown, swarm } from "./state";

/** Silence after which a device is shown as pale, in milliseconds. */
const PALE_MS = 1_000;

/** The most that a box may be high, in pixels, by its style sheet. */
const mostOf = (box: HTMLElement): number => parseFloat(getComputedStyle(box).maxHeight) || box.clientHeight;

/** What a cell looked like when it was drawn last: it is drawn again when this is another number. */
function look(place: number, isPicked: boolean, isCurrent: boolean, now: number): number {
  const flash = now - (swarm.tappedMs[place] ?? 0) < FLASH_MS;
  const pale = now - (swarm.seenMs[place] ?? 0) > PALE_MS;
  // While a flash fades, each picture is new; of a silent device, the time that is told.
  const fading = flash ? Math.floor(now / 33) % 8 : pale ? Math.floor(now / 250) % 8 : 0;
  return (swarm.frames[place] ?? 0) * 128 + (isPicked ? 64 : 0) + (isCurrent ? 32 : 0) + (pale ? 16 : 0) + (flash ? 8 : 0) + fading;
}

export function Grid() {
  const scroller = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const current = useSignal(0);
  const focused = useSignal(false);
  /** The last cell that was picked without Shift: where a range begins. */
  const anchor = useRef(0);
  const layout = useRef<Layout>(undefined);
  const most = useRef({ window: 0, pixels: 0 });
  const drawn = useRef({ looks: new Float64Array(0), key: "", ids: shown.peek(), colors: colors.peek(), picked: picked.peek() });

  const draw = ({ context, width, height }: Sheet, now: number) => {
    const ids = shown.peek();
    const box = scroller.current;
    if (!box || !spacer.current) return;
    if (most.current.window !== window.innerHeight) most.current = { window: window.innerHeight, pixels: mostOf(box) };
    const grid = layoutFor(ids.length, width, most.current.pixels);
    layout.current = grid;
    box.style.height = `${grid.height}px`;
    spacer.current.style.height = `${Math.max(0, grid.height - height)}px`;
    const top = box.scrollTop;
    const last = drawn.current;
    const key = `${width} ${height} ${top} ${grid.columns} ${context.getTransform().a}`;
    const all = key !== last.key || ids !== last.ids || colors.peek() !== last.colors;
    if (all) {
      context.clearRect(0, 0, width, height);
      last.looks = new Float64Array(ids.length).fill(-1);
      Object.assign(last, { key, ids, colors: colors.peek() });
    }
    const first = Math.max(0, Math.floor(top / grid.cellHeight) * grid.columns);
    const end = Math.min(ids.length, Math.ceil((top + height) / grid.cellHeight) * grid.columns);
    for (let index = first; index < end; index++) {
      const id = ids[index] ?? "";
      const place = swarm.place(id);
      if (place === undefined) continue;
      const isPicked = picked.peek().has(id);
      const isCurrent = focused.peek() && index === current.peek();
      const now_ = look(place, isPicked, isCurrent, now);
      if (last.looks[index] === now_) continue;
      last.looks[index] = now_;
      const x = (index % grid.columns) * grid.cellWidth;
      const y = Math.floor(index / grid.columns) * grid.cellHeight - top;
      drawCell(context, { x, y, id, place, isPicked, isCurrent, now }, grid, swarm, colors.peek());
    }
  };
  const canvas = useCanvas(draw);

  const indexAt = (event: MouseEvent): number | undefined => {
    const box = canvas.current?.getBoundingClientRect();
    const grid = layout.current;
    if (!box || !grid) return undefined;
    const column = Math.floor((event.clientX - box.left) / grid.cellWidth);
    const row = Math.floor((event.clientY - box.top + (scroller.current?.scrollTop ?? 0)) / grid.cellHeight);
    const index = row * grid.columns + column;
    return column < grid.columns && index < shown.peek().length ? index : undefined;
  };

  /** Picks as lists do: alone, one more with Ctrl, a range with Shift. */
  const choose = (index: number, event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }, more = false) => {
    const ids = shown.peek();
    current.value = index;
    if (event.shiftKey) {
      const [from, to] = [Math.min(anchor.current, index), Math.max(anchor.current, index)];
      pick(ids.slice(from, to + 1), more || event.ctrlKey || event.metaKey ? "add" : "only");
      return;
    }
    anchor.current = index;
    const id = ids[index];
    if (id !== undefined) pick([id], more || event.ctrlKey || event.metaKey ? "toggle" : "only");
  };

  const move = (index: number) => {
    const [grid, box] = [layout.current, scroller.current];
    if (!grid || !box) return;
    current.value = Math.max(0, Math.min(shown.peek().length - 1, index));
    const top = Math.floor(current.value / grid.columns) * grid.cellHeight;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + grid.cellHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + grid.cellHeight - box.clientHeight;
  };

  const onKey = (event: KeyboardEvent) => {
    const columns = layout.current?.columns ?? 1;
    const page = columns * Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / (layout.current?.cellHeight ?? 1)));
    const steps: Record<string, number> = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity,
    };
    const step = steps[event.key];
    if (step !== undefined) {
      const before = current.value;
      move(Math.max(0, before + step));
      if (event.shiftKey) choose(current.value, event);
    } else if (event.key === " " || event.key === "Enter") {
      choose(current.value, event, true);
    } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      pick(shown.peek(), "only");
    } else if (event.key === "Escape") {
      pick([], "only");
    } else {
      return;
    }
    event.preventDefault();
  };

  // A list that became shorter keeps its current device within it.
  useEffect(() => shown.subscribe(ids => void (current.value = Math.min(current.peek(), Math.max(0, ids.length - 1)))), []);

  const id = shown.value[current.value];
  return (
    <div
      ref={scroller}
      class="grid-box"
      tabIndex={0}
      role="listbox"
      aria-label="Devices"
      aria-multiselectable="true"
      aria-activedescendant={id === undefined ? undefined : "grid-current"}
      onKeyDown={onKey}
      onFocus={() => (focused.value = true)}
      onBlur={() => (focused.value = false)}
      onClick={event => {
        const index = indexAt(event);
        if (index !== undefined) choose(index, event, matchMedia("(pointer: coarse)").matches);
      }}
    >
      <canvas ref={canvas} class="grid-canvas" aria-hidden="true" />
      <div ref={spacer} />
      {id !== undefined && (
        <div class="unseen" role="option" id="grid-current" aria-selected={picked.value.has(id)} aria-posinset={current.value + 1} aria-setsize={shown.value.length}>
          Device {id}
        </div>
      )}
    </div>
  );
}
