// A wearable as one sees it: a dark disc with six LEDs that glow.

import { LEDS } from "../../device/pattern";
import type { Rgb } from "../../device/read";

/** Shares of half the width of the drawing. */
const DISC = 0.8;
const RING = 0.6;
const LED = 0.075;
const GLOW = 0.4;

/** Draws it to fill a square. LED 0 is at the top, and they go round like a clock. `detail` is for the large one. */
export function drawWearable(context: CanvasRenderingContext2D, size: number, leds: readonly Rgb[], detail: boolean): void {
  const middle = size / 2;
  const at = (share: number) => share * middle;
  context.clearRect(0, 0, size, size);
  const disc = context.createRadialGradient(middle, middle - at(0.35), at(0.1), middle, middle, at(DISC));
  disc.addColorStop(0, "#2c2926");
  disc.addColorStop(0.75, "#191715");
  disc.addColorStop(1, "#0d0c0b");
  circle(context, middle, middle, at(DISC), disc);
  if (detail) {
    context.lineWidth = 1.5;
    context.strokeStyle = "#4a453f";
    context.stroke();
    context.beginPath();
    context.arc(middle, middle, at(0.42), 0, 2 * Math.PI);
    context.strokeStyle = "#ffffff14";
    context.stroke();
  }
  leds.forEach((led, index) => {
    const angle = (index / LEDS) * 2 * Math.PI - Math.PI / 2;
    const [x, y] = [middle + at(RING) * Math.cos(angle), middle + at(RING) * Math.sin(angle)];
    circle(context, x, y, at(LED), "#37322d");
    const light = Math.max(...led) / 255;
    if (light === 0) return;
    // Light adds up where glows meet. Eyes see half the power as much more than half as bright.
    const seen = light ** 0.6;
    const [red, green, blue] = led.map(part => Math.round(part / light));
    context.globalCompositeOperation = "lighter";
    const glow = context.createRadialGradient(x, y, 0, x, y, at(GLOW));
    // It falls off with the square of the distance to its edge, so that there is no edge to see.
    for (let step = 0; step <= 8; step++) {
      glow.addColorStop(step / 8, `rgb(${red} ${green} ${blue} / ${0.7 * seen * (1 - step / 8) ** 2.5})`);
    }
    circle(context, x, y, at(GLOW), glow);
    context.globalCompositeOperation = "source-over";
    circle(context, x, y, at(LED), `rgb(${red} ${green} ${blue} / ${seen})`);
    const core = context.createRadialGradient(x, y, 0, x, y, at(LED));
    core.addColorStop(0, `rgb(255 255 255 / ${0.85 * seen})`);
    core.addColorStop(1, "rgb(255 255 255 / 0)");
    circle(context, x, y, at(LED), core);
  });
}

function circle(context: CanvasRenderingContext2D, x: number, y: number, radius: number, fill: string | CanvasGradient): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
}
