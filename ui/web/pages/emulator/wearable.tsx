// A device's lights, drawn when they change.

import { useRef } from "preact/hooks";
import { useCanvas } from "../../design/canvas";
import { drawWearable } from "./draw";
import type { Online } from "./online";

/** Whether the reader asked for less motion. */
export const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");

export function Wearable({ device, detail = false }: { device: Online; detail?: boolean }) {
  const drawn = useRef("");
  const canvas = useCanvas(({ context, width }, nowMs) => {
    const { lights } = device.body.wearable;
    const leds = lessMotion.matches ? lights.still() : lights.shown(nowMs);
    const key = `${leds.join(";")} ${context.canvas.width}`;
    if (key === drawn.current) return;
    drawn.current = key;
    drawWearable(context, width, leds, detail);
  });
  return <canvas ref={canvas} aria-hidden="true" />;
}
