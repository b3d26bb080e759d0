// How large the floor is: without that nobody can tell how far it is from one beacon to the next.

import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { type Floor, USUAL_FLOOR } from "../../store/floor";
import { Field } from "../parts";
import { remembered } from "../remembered";

/** Metres that a side of a floor may have. */
const LIMITS = { least: 1, most: 1_000 };
const isSide = (metres: number | undefined): metres is number => metres !== undefined && metres >= LIMITS.least && metres <= LIMITS.most;

/** The floor that the beacons stand around, kept under this name. */
export const rememberedFloor = (name: string): Signal<Floor> => remembered<Floor>(
  name,
  USUAL_FLOOR,
  text => {
    const [widthM, depthM] = text.split("x").map(Number);
    return isSide(widthM) && isSide(depthM) ? { widthM, depthM } : undefined;
  },
  ({ widthM, depthM }) => `${widthM}x${depthM}`,
);

/** The fields for it. */
export function FloorSize({ floor }: { floor: Signal<Floor> }) {
  const [typed, setTyped] = useState({ widthM: String(floor.peek().widthM), depthM: String(floor.peek().depthM) });
  const [wrong, setWrong] = useState<string>();
  const set = (side: "widthM" | "depthM", text: string) => {
    setTyped({ ...typed, [side]: text });
    const metres = text.trim() === "" ? NaN : Number(text.trim().replace(",", "."));
    const fits = isSide(metres);
    setWrong(fits ? undefined : side);
    if (fits) floor.value = { ...floor.peek(), [side]: metres };
  };
  const fields = [["widthM", "West to east (m)"], ["depthM", "North to south (m)"]] as const;
  return (
    <div class="row floor-size">
      {fields.map(([side, label]) => (
        <Field key={side} label={label} wrong={wrong === side ? `Must be ${LIMITS.least} to ${LIMITS.most} metres.` : undefined}>
          {field => (
            <input {...field} class="input mono" inputMode="decimal" autocomplete="off" value={typed[side]} onInput={event => set(side, event.currentTarget.value)} />
          )}
        </Field>
      ))}
    </div>
  );
}
