// The device and nothing else, for holding it up in a crowd: the screen takes the colour of the lights.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Cross } from "../../design/icons";
import type { Online } from "./online";
import { useFrames } from "./frames";
import { lessMotion } from "./wearable";

/** The screen follows the lights this slowly: as large as it is, it must never flash (WCAG 2.3.1). */
const FOLLOW_MS = 400;

export function HoldUp(props: { device: Online; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const color = useRef<readonly number[]>([0, 0, 0]);
  const last = useRef(performance.now());
  useEffect(() => dialog.current?.showModal(), []);
  useFrames(dialog, (element, nowMs) => {
    const { lights } = props.device.body.wearable;
    const leds = lessMotion.matches ? lights.still() : lights.shown(nowMs);
    const share = 1 - Math.exp(-Math.max(0, nowMs - last.current) / FOLLOW_MS);
    last.current = nowMs;
    color.current = color.current.map((part, index) => {
      const mean = leds.reduce((sum, led) => sum + led[index]!, 0) / leds.length;
      return part + (mean - part) * share;
    });
    element.style.backgroundColor = `rgb(${color.current.map(Math.round).join(" ")})`;
  });
  return (
    <dialog class="holdup" ref={dialog} aria-label={`Device ${props.device.id}`} onClose={props.onClose}>
      <button type="button" class="button icon" aria-label="Back to the page" onClick={() => dialog.current?.close()}>
        <Cross />
      </button>
      {props.children}
    </dialog>
  );
}
