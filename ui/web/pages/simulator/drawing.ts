// The floor on a canvas, with thousands of devices.

import type { Sheet } from "../../design/canvas";
import type { Colors } from "../../design/colors";
import { Dots } from "../../design/dots";
import { isCalm } from "../../design/motion";
import { idOf, LED_BYTES, PRESENT, TAPPED } from "./picture";
import type { Drawn } from "./streams";

/** Metres of a floor. */
export interface Size {
  readonly widthM: number;
  readonly depthM: number;
}

/** A floor on a canvas: where its north-west corner is, and how long a metre is, in pixels. */
export interface Plan {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

/** Pixels around the floor. */
const MARGIN = 14;

export function planOf({ widthM, depthM }: Size, width: number, height: number): Plan {
  const scale = Math.max(0, Math.min((width - 2 * MARGIN) / widthM, (height - 2 * MARGIN) / depthM));
  return { left: (width - widthM * scale) / 2, top: (height - depthM * scale) / 2, scale };
}

export class FloorDrawing {
  readonly #dots = new Dots();

  draw({ context, width, height }: Sheet, size: Size, all: Iterable<Drawn>, paint: Colors, chosen: { swarm: string; id: string } | undefined, _now: number): void {
    const plan = planOf(size, width, height);
    context.clearRect(0, 0, width, height);
    context.fillStyle = paint.surface;
    context.fillRect(plan.left, plan.top, size.widthM * plan.scale, size.depthM * plan.scale);
    for (const { name, picture } of all) {
      const [wide, deep] = [picture.widthM * plan.scale, picture.depthM * plan.scale];
      for (let place = 0; place < picture.count; place++) {
        const [x, y] = [plan.left + picture.x[place]! * wide, plan.top + picture.y[place]! * deep];
        const flags = picture.flags[place]!;
        const at = place * LED_BYTES;
        const fill = `rgb(${picture.leds[at]} ${picture.leds[at + 1]} ${picture.leds[at + 2]})`;
        context.globalAlpha = flags & PRESENT ? 1 : 0.3;
        this.#dots.draw(context, x, y, { fill, edge: flags & TAPPED && !isCalm.peek() ? paint.accent : paint.quiet, radius: 4, line: 1.5 });
        if (chosen && chosen.swarm === name && chosen.id === idOf(picture.ids[place]!)) {
          context.beginPath();
          context.arc(x, y, 10, 0, 2 * Math.PI);
          context.lineWidth = 3;
          context.strokeStyle = paint.text;
          context.stroke();
        }
      }
      context.globalAlpha = 1;
    }
  }
}
