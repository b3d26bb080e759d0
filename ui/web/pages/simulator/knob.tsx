// One knob of a swarm: a slider for the hand, a field for the number, and what is wrong with it.

import { useId } from "preact/hooks";
import type { Definition, Swarm } from "./api";
import { type Knob as Of, readNumber, sliderOf, valueAt, valueOf } from "./knobs";
import { draftOf } from "./state";

export function Knob(props: { swarm: Swarm; knob: Of; value?: number; patch?: (value: number) => Definition }) {
  const { swarm, knob } = props;
  const { label, unit, hint, key, restarts } = knob;
  const id = useId();
  const draft = draftOf(swarm.name);
  const value = props.value ?? valueOf(swarm.definition, knob, swarm.devices);
  const text = draft.typed.value[key] ?? String(value);
  const wrong = draft.wrong.value[key];
  const typed = readNumber(knob, text);
  const { min, max, step, at } = sliderOf(knob, typeof typed === "number" ? typed : value);
  const set = (text: string, how: "dragged" | "typed") => draft.turn(knob, text, how, props.patch);
  const about = [hint, restarts && "The swarm begins anew for it."].filter(Boolean).join(" ");
  const described = [about && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined;
  const spoken = `${text} ${unit ?? ""}`.trim();
  return (
    <div class="knob">
      <label for={id}>{label}</label>
      <input type="range" aria-label={label} aria-valuetext={spoken} min={min} max={max} step={step} value={at}
        onInput={event => set(String(valueAt(knob, Number(event.currentTarget.value))), "dragged")} />
      <span class="number">
        <input id={id} class="input mono" inputMode="decimal" autocomplete="off" value={text}
          aria-describedby={described} aria-invalid={wrong ? "true" : undefined}
          onFocus={() => (draft.editing = key)}
          onInput={event => set(event.currentTarget.value, "typed")}
          onKeyDown={event => event.key === "Enter" && draft.finish(key)}
          onBlur={() => draft.leave(key)} />
        {unit && <span class="unit small quiet">{unit}</span>}
      </span>
      {about && <span class="hint small quiet" id={`${id}-hint`}>{about}</span>}
      <span class="wrong small" id={`${id}-wrong`} role="alert">{wrong}</span>
    </div>
  );
}
