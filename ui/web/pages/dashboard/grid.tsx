// The devices as cells of a grid, all on one canvas: one more device is a few lines more to draw, not one more thing in the page. Only cells
// with something new are drawn.

import { useRef } from "preact/hooks";
import { type Sheet, useCanvas } from "../../design/canvas";
import { colors } from "../../design/colors";
import { ListBox, useCursor } from "../../design/listbox";
import { paleness } from "../../design/looks";
import { isCalm } from "../../design/motion";
import { FLASH_MS } from "../../store/swarm";
import { drawCell, type Layout, layoutFor } from "./cell";
import { choice, picked, shown, swarm } from "./state";

/** The most that a box may be high, in pixels, by its style sheet. */
const mostOf = (box: HTMLElement): number => parseFloat(getComputedStyle(box).maxHeight) || box.clientHeight;

/** What a cell looked like when it was drawn last: it is drawn again when this is another number. */
function look(place: number, isPicked: boolean, isCurrent: boolean, now: number): number {
  const flash = now - (swarm.tappedMs[place] ?? 0) < FLASH_MS;
  // While a flash fades, each picture is new.
  const fading = flash && !isCalm.peek() ? Math.floor(now / 33) % 8 : 0;
  const pale = paleness(now - (swarm.seenMs[place] ?? 0));
  return (swarm.frames[place] ?? 0) * 1024 + pale * 64 + (isPicked ? 32 : 0) + (isCurrent ? 16 : 0) + (flash ? 8 : 0) + fading;
}

export function Grid() {
  const scroller = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const cursor = useCursor(choice);
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
      const isCurrent = cursor.isFocused.peek() && id === cursor.id.peek();
      const looks = look(place, isPicked, isCurrent, now);
      if (last.looks[index] === looks) continue;
      last.looks[index] = looks;
      const x = (index % grid.columns) * grid.cellWidth;
      const y = Math.floor(index / grid.columns) * grid.cellHeight - top;
      drawCell(context, { x, y, id, place, isPicked, isCurrent, isCalm: isCalm.peek(), now }, grid, swarm, colors.peek());
    }
  };
  const canvas = useCanvas(draw);

  const idAt = (event: MouseEvent): string | undefined => {
    const box = canvas.current?.getBoundingClientRect();
    const grid = layout.current;
    if (!box || !grid) return undefined;
    const column = Math.floor((event.clientX - box.left) / grid.cellWidth);
    const row = Math.floor((event.clientY - box.top + (scroller.current?.scrollTop ?? 0)) / grid.cellHeight);
    return column < grid.columns ? shown.peek()[row * grid.columns + column] : undefined;
  };

  const steps = () => {
    const { columns, cellHeight } = layout.current ?? { columns: 1, cellHeight: 1 };
    const page = columns * Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / cellHeight));
    return { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page };
  };

  const bringIntoView = (index: number) => {
    const [grid, box] = [layout.current, scroller.current];
    if (!grid || !box) return;
    const top = Math.floor(index / grid.columns) * grid.cellHeight;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + grid.cellHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + grid.cellHeight - box.clientHeight;
  };

  return (
    <ListBox
      choice={choice}
      cursor={cursor}
      label="Devices"
      class="grid-box"
      box={scroller}
      steps={steps}
      onMove={bringIntoView}
      onClick={event => {
        const id = idAt(event);
        // A finger holds no Ctrl.
        if (id !== undefined) cursor.choose(id, event, matchMedia("(pointer: coarse)").matches);
      }}
    >
      <canvas ref={canvas} class="grid-canvas" aria-hidden="true" />
      <div ref={spacer} />
    </ListBox>
  );
}
