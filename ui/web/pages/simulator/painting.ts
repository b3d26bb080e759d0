// The devices of all swarms that are drawn as dots of one floor, and with room enough each with its six LEDs.

import type { Sheet } from "../../design/canvas";
import { CURRENT, type Dots, NO_FILL } from "../../design/floor/dots";
import type { Plan } from "../../design/floor/plan";
import { flashLeft } from "../../design/looks";
import type { Floor } from "../../store/floor";
import { idOf, LED_BYTES, PRESENT } from "./picture";
import type { Chosen } from "./state";
import type { Drawn } from "./streams";

/** What a device that is away for a while is drawn with, of 1. */
const AWAY = 0.3;
/** Square pixels for each device with which its LEDs are drawn one by one. */
const ROOM_FOR_LEDS = 2_400;
/** Pixels from the middle of a device to its LEDs, and of one of these. */
const RING = 7, LED = 2.4;

/** Where on the common floor a dot is from: the swarm, and its place in that one's picture. */
export interface Origin {
  readonly drawn: Drawn;
  readonly place: number;
}

/** The floor that all of them fit on; each has its north-west corner at that of the others. */
export function floorOf(all: readonly Drawn[], otherwise: Floor): Floor {
  if (all.length === 0) return otherwise;
  const most = (side: (drawn: Drawn) => number) => all.reduce((most, drawn) => Math.max(most, side(drawn)), 0);
  return { widthM: most(({ picture }) => picture.widthM), depthM: most(({ picture }) => picture.depthM) };
}

/** Fills the dots anew. */
export function fill(dots: Dots, all: readonly Drawn[], floor: Floor, chosen: Chosen | undefined, isLabelled: boolean, nowMs: number): void {
  dots.resize(all.reduce((sum, { picture }) => sum + picture.count, 0));
  let at = 0;
  for (const { name, picture } of all) {
    const [wide, deep] = [picture.widthM / floor.widthM, picture.depthM / floor.depthM];
    const progress = picture.progress(nowMs);
    const current = chosen?.swarm === name ? parseInt(chosen.id, 16) : -1;
    for (let place = 0; place < picture.count; place++, at++) {
      const id = picture.ids[place]!;
      const shine = picture.shineOf(place);
      dots.x[at] = picture.xAt(place, progress) * wide;
      dots.y[at] = picture.yAt(place, progress) * deep;
      dots.color[at] = shine === 0 ? NO_FILL : shine;
      dots.opacity[at] = picture.flags[place]! & PRESENT ? 1 : AWAY;
      dots.flash[at] = flashLeft(picture.tappedMs[place]!, nowMs);
      dots.flags[at] = id === current ? CURRENT : 0;
      dots.labels[at] = isLabelled || id === current ? idOf(id) : "";
    }
  }
}

/** Which device a dot is. */
export function originOf(all: readonly Drawn[], at: number): Origin | undefined {
  let place = at;
  for (const drawn of all) {
    if (place < drawn.picture.count) return { drawn, place };
    place -= drawn.picture.count;
  }
  return undefined;
}

/** Draws the LEDs of each over what is painted, when there is room for them. */
export function drawLeds({ context, width, height }: Sheet, plan: Plan, dots: Dots, all: readonly Drawn[]): void {
  if (width * height < ROOM_FOR_LEDS * dots.count) return;
  let at = 0;
  for (const { picture } of all) {
    for (let place = 0; place < picture.count; place++, at++) {
      const [x, y] = [plan.left + dots.x[at]! * plan.width, plan.top + dots.y[at]! * plan.depth];
      context.globalAlpha = dots.opacity[at]!;
      // A wearable is dark where it does not shine, in light as in dark; its edge is seen on both.
      disc(context, x, y, RING + LED + 2, "#857d72");
      disc(context, x, y, RING + LED + 1, "#1d1a18");
      for (let led = 0; led < 6; led++) {
        const from = place * LED_BYTES + led * 3;
        const angle = (led / 6) * 2 * Math.PI - Math.PI / 2;
        const [red, green, blue] = [picture.leds[from]!, picture.leds[from + 1]!, picture.leds[from + 2]!];
        const isDark = red + green + blue === 0;
        disc(context, x + RING * Math.cos(angle), y + RING * Math.sin(angle), LED, isDark ? "#4a453f" : `rgb(${red} ${green} ${blue})`);
      }
    }
  }
  context.globalAlpha = 1;
}

function disc(context: CanvasRenderingContext2D, x: number, y: number, radius: number, fill: string): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
}
