// One device, looked at again and again: where it is, what it does, and what it was told.

import { effect, signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { Button, Field } from "../../design/parts";
import { device, type Seen } from "./api";
import { Refusal } from "./refusal";
import { type Chosen, chosen, running } from "./state";

/** Between two looks, in milliseconds. */
const LOOK_MS = 400;

const seen = signal<Seen | undefined>(undefined);
const problem = signal<string | undefined>(undefined);

effect(() => {
  const one = chosen.value;
  seen.value = undefined;
  problem.value = undefined;
  if (!one) return undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const look = async () => {
    try {
      const now = await device(one.swarm, one.id);
      if (isOver) return;
      seen.value = now;
      problem.value = undefined;
    } catch (error) {
      if (isOver) return;
      seen.value = undefined;
      problem.value = error instanceof Refusal && !error.isAway ? error.message : "The simulator does not answer; it is asked again.";
    }
    timer = setTimeout(() => void look(), LOOK_MS);
  };
  void look();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
});

/** The swarm that may have a device of this id: the first that says so. */
async function find(id: string): Promise<Chosen | string> {
  if (!/^[0-9a-f]{4}$/.test(id)) return "It must be 4 hex digits, such as 1a2b.";
  for (const { name } of running.peek()) {
    try {
      await device(name, id);
      return { swarm: name, id };
    } catch (error) {
      if (error instanceof Refusal && error.status !== 404 && error.status !== 409) return error.message;
    }
  }
  return `No swarm here has a device ${id}.`;
}

function Facts({ one, now }: { one: Chosen; now: Seen }) {
  const { body, wearable, present } = now;
  const facts: readonly (readonly [string, string])[] = [
    ["Swarm", one.swarm],
    ["State", !present ? "away" : wearable.activity],
    ["Motion", `${body.motion}${body.tapped ? ", tapped" : ""}`],
    ["Place", `${body.x.toFixed(1)} m, ${body.y.toFixed(1)} m`],
    ["Colour", `#${wearable.color}`],
    ["Pattern", wearable.pattern],
    ["Brightness", String(wearable.brightness)],
    ["Vibrates", wearable.vibrating ? "yes" : "no"],
    ["Firmware", wearable.version ?? "as it came"],
  ];
  return (
    <>
      <ul class="leds" aria-label={`LEDs: ${wearable.leds.join(", ")}`}>
        {wearable.leds.map((led, place) => <li key={place} style={{ background: `#${led}` }} title={`LED ${place}: #${led}`} />)}
      </ul>
      <dl class="facts">{facts.map(([name, value]) => <div key={name}><dt class="small quiet">{name}</dt><dd class="mono">{value}</dd></div>)}</dl>
    </>
  );
}

export function Device() {
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState<string>();
  const one = chosen.value;
  const submit = async (event: Event) => {
    event.preventDefault();
    const found = await find(typed.trim().toLowerCase());
    setWrong(typeof found === "string" ? found : undefined);
    if (typeof found !== "string") chosen.value = found;
  };
  return (
    <div class="device stack tight">
      <form class="row" onSubmit={event => void submit(event)} noValidate>
        <Field label="Look at a device: click it, or type its id" wrong={wrong}>
          {field => (
            <input {...field} class="input mono" autocomplete="off" autocapitalize="off" spellcheck={false} value={typed}
              onInput={event => setTyped(event.currentTarget.value)} />
          )}
        </Field>
        <Button type="submit">Look</Button>
      </form>
      {one && (
        <section class="inspector stack tight" aria-label={`Device ${one.id}`} data-device={one.id}>
          <div class="row ends">
            <h3 class="mono">{one.id}</h3>
            <Button onClick={() => (chosen.value = undefined)}>Close</Button>
          </div>
          {problem.value && <p class="quiet small" role="status">{problem.value}</p>}
          {seen.value && <Facts one={one} now={seen.value} />}
        </section>
      )}
    </div>
  );
}
