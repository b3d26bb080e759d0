// The floor with every device that is drawn, as the simulator's pictures have them. A click looks at one.

import { useRef } from "preact/hooks";
import { type Sheet, useCanvas } from "../../design/canvas";
import { colors } from "../../design/colors";
import { Card } from "../../design/parts";
import { Device } from "./device";
import { idOf } from "./picture";
import { FloorDrawing, planOf, type Size } from "./drawing";
import { MOST_DRAWN, MOST_STREAMS } from "./streams";
import { chosen, drawable, drawnNames, link, looks, running, streams } from "./state";
import { Scenarios } from "./scenarios";
import { StartSome } from "./swarms";

/** How near a click must be, in pixels. */
const NEAR = 24;
/** The floor that swarms have when nobody says otherwise. */
const USUAL: Size = { widthM: 12, depthM: 9 };

/** The floor that all swarms fit on which are drawn; each has its north-west corner at that of the others. */
function sizeNow(): Size {
  let size: Size | undefined;
  for (const { picture: { widthM, depthM } } of streams.drawn()) {
    size = { widthM: Math.max(size?.widthM ?? 0, widthM), depthM: Math.max(size?.depthM ?? 0, depthM) };
  }
  return size ?? USUAL;
}

/** What is not on the floor, and why. */
function Missing() {
  looks.value;
  const said: string[] = [];
  for (const { name, picture } of streams.drawn()) {
    if (picture.devices > picture.count) said.push(`Of ${name} the first ${picture.count.toLocaleString("en")} of ${picture.devices.toLocaleString("en")} devices are drawn.`);
  }
  const more = drawable.value.length - drawnNames.value.length;
  if (more > 0) said.push(`${more} more ${more === 1 ? "swarm is" : "swarms are"} not drawn: ${MOST_STREAMS} are at a time. Choose which with “Draw”.`);
  if (said.length === 0) return null;
  return <p class="quiet small">{said.join(" ")}</p>;
}

function Canvas() {
  const drawing = useRef<FloorDrawing>(undefined);
  drawing.current ??= new FloorDrawing();
  const canvas = useCanvas((sheet: Sheet, now) => drawing.current?.draw(sheet, sizeNow(), streams.drawn(), colors.peek(), chosen.peek(), now));
  const look = (event: MouseEvent) => {
    const element = canvas.current;
    if (!element) return;
    const size = sizeNow();
    const plan = planOf(size, element.clientWidth, element.clientHeight);
    let least = NEAR ** 2;
    let nearest: { swarm: string; id: string } | undefined;
    for (const { name, picture } of streams.drawn()) {
      const [wide, deep] = [picture.widthM * plan.scale, picture.depthM * plan.scale];
      for (let place = 0; place < picture.count; place++) {
        const [x, y] = [plan.left + picture.x[place]! * wide, plan.top + picture.y[place]! * deep];
        const distance = (x - event.offsetX) ** 2 + (y - event.offsetY) ** 2;
        if (distance < least) [least, nearest] = [distance, { swarm: name, id: idOf(picture.ids[place]!) }];
      }
    }
    chosen.value = nearest;
  };
  return <canvas ref={canvas} class="floor-canvas" role="img" aria-label="The floor with the devices. To look at one without a pointer, type its id below." onClick={look} />;
}

export function Floor() {
  const names = drawnNames.value;
  const drawn = looks.value >= 0 ? [...streams.drawn()].reduce((sum, { picture }) => sum + picture.count, 0) : 0;
  const isEmpty = running.value.length === 0;
  return (
    <Card title={isEmpty ? "Nothing is simulated" : "Floor"} class="floor-card" aside={!isEmpty && <span class="quiet small" data-drawn={drawn}>{drawn.toLocaleString("en")} devices drawn</span>}>
      {isEmpty
        ? link.value === "there" && (
          <div class="stack">
            <p class="lead">Virtual devices that nobody can tell from real ones on the wire: they move, tap, obey commands and light up.</p>
            <StartSome first />
            <h3>Or a scenario</h3>
            <Scenarios />
          </div>
        )
        : (
          <>
            <div class="floor"><Canvas /></div>
            {names.length === 0 && <p class="quiet small">No swarm is chosen to be drawn.</p>}
            <Missing />
            <Device />
          </>
        )}
    </Card>
  );
}

export { MOST_DRAWN };
