// The floor with every device that is drawn, as the simulator's pictures have them. A click looks at one.

import "../../design/floor/floor.css";
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { type Sheet, useCanvas } from "../../design/canvas";
import { colors } from "../../design/colors";
import { Dots } from "../../design/floor/dots";
import { hasRoomForLabels, Painter } from "../../design/floor/painter";
import { nearest } from "../../design/floor/picking";
import type { Plan } from "../../design/floor/plan";
import { isCalm } from "../../design/motion";
import { Card } from "../../design/parts";
import { whole } from "../../design/words";
import { USUAL_FLOOR } from "../../store/floor";
import { Device } from "./device";
import { drawLeds, fill, floorOf, originOf } from "./painting";
import { idOf } from "./picture";
import { Scenarios } from "./scenarios";
import { chosen, drawable, drawnNames, link, looks, running, streams } from "./state";
import { type Drawn, MOST_STREAMS } from "./streams";
import { StartSome } from "./swarms";

/** How near a click must be, in pixels. */
const NEAR = 24;

/** What is not on the floor, and why. */
function Missing() {
  looks.value;
  const said: string[] = [];
  for (const { name, picture } of streams.drawn()) {
    const [some, all] = [whole(picture.count), whole(picture.devices)];
    if (picture.devices > picture.count) said.push(`Of ${name} the first ${some} of ${all} devices are drawn.`);
  }
  const { refused } = streams;
  if (refused.length > 0) {
    said.push(`No pictures come of ${refused.join(", ")}: perhaps as many are looked at as the simulator allows (simulator.max_streams). It is tried again by itself.`);
  }
  const more = drawable.value.length - drawnNames.value.length;
  if (more > 0) said.push(`${more} more ${more === 1 ? "swarm is" : "swarms are"} not drawn: ${MOST_STREAMS} are at a time. Choose which with “Draw”.`);
  if (drawable.value.length === 0) said.push("No swarm is chosen to be drawn.");
  if (said.length === 0) return null;
  return <p class="quiet small">{said.join(" ")}</p>;
}

function Canvas() {
  const painter = useRef<Painter>(undefined);
  painter.current ??= new Painter();
  const dots = useRef<Dots>(undefined);
  dots.current ??= new Dots();
  /** The newest picture: what a click is about. */
  const painted = useRef<{ plan: Plan; all: readonly Drawn[] }>(undefined);
  /** The proportions of the floor, which the box follows. */
  const shape = useSignal(`${USUAL_FLOOR.widthM} / ${USUAL_FLOOR.depthM}`);
  const canvas = useCanvas((sheet: Sheet, nowMs) => {
    if (!painter.current || !dots.current) return;
    const all = [...streams.drawn()];
    const floor = floorOf(all, USUAL_FLOOR);
    shape.value = `${floor.widthM} / ${floor.depthM}`;
    fill(dots.current, all, floor, chosen.peek(), hasRoomForLabels(sheet, dots.current.count), nowMs);
    const plan = painter.current.paint(sheet, floor, dots.current, { colors: colors.peek(), isCalm: isCalm.peek() });
    drawLeds(sheet, plan, dots.current, all);
    painted.current = { plan, all };
  });
  const look = ({ offsetX, offsetY }: MouseEvent) => {
    if (!painted.current || !dots.current) return;
    const { plan, all } = painted.current;
    const found = originOf(all, nearest(dots.current, plan, offsetX, offsetY, NEAR) ?? Infinity);
    chosen.value = found && { swarm: found.drawn.name, id: idOf(found.drawn.picture.ids[found.place]!) };
  };
  return (
    <div class="floor" style={{ aspectRatio: shape.value }}>
      <canvas ref={canvas} class="floor-canvas" role="img" onClick={look}
        aria-label="The floor with the devices. To look at one without a pointer, type its id below." />
    </div>
  );
}

export function Floor() {
  looks.value;
  if (running.value.length === 0) {
    return (
      <Card title="Nothing is simulated" class="floor-card">
        <div class="stack">
          <p class="lead">Virtual devices that nobody can tell from real ones on the wire: they move, tap, obey commands and light up.</p>
          {link.value === "there" && <StartSome first />}
          {link.value === "there" && <h3>Or a scenario</h3>}
          <Scenarios />
        </div>
      </Card>
    );
  }
  const drawn = [...streams.drawn()].reduce((sum, { picture }) => sum + picture.count, 0);
  return (
    <Card title="Floor" class="floor-card" aside={<span class="quiet small" data-drawn={drawn}>{link.value === "there" && `${whole(drawn)} devices drawn`}</span>}>
      <Canvas />
      <Missing />
      <Device />
    </Card>
  );
}
