// The six LEDs of those that are picked, each with a colour of its own, as one act.

import { signal } from "@preact/signals";
import { Button, Notice } from "../../design/parts";
import { remembered } from "../../design/remembered";
import { colorDigits } from "../../library/registry";
import { acts } from "./acts";

/** `undefined` leaves an LED as it is. */
type Lamp = string | undefined;

const USUAL: readonly Lamp[] = ["ff0000", "ffff00", "00ff00", "00ffff", "0000ff", "ff00ff"];
const textOf = (lamps: readonly Lamp[]): string => lamps.map(lamp => lamp ?? "-").join(" ");

function readLamps(text: string): readonly Lamp[] | undefined {
  const lamps = text.split(" ").map(lamp => colorDigits(lamp));
  return lamps.length === USUAL.length ? lamps : undefined;
}

const lamps = remembered<readonly Lamp[]>("control.lamps", USUAL, readLamps, lamps => (textOf(lamps) === textOf(USUAL) ? undefined : textOf(lamps)));
const problem = signal<string | undefined>(undefined);

const change = (at: number, lamp: Lamp): void => void (lamps.value = lamps.peek().map((other, index) => (index === at ? lamp : other)));

function send(ids: readonly string[]): void {
  const orders = lamps.peek().flatMap((color, index) => (color === undefined ? [] : [{ to: ids, command: "led_set", parameters: [String(index), color] }]));
  problem.value = ids.length === 0 ? "No device is picked: draw around some on the floor." : orders.length === 0 ? "All six are left as they are: give one a colour." : undefined;
  if (problem.value !== undefined) return;
  const text = `led_set: ${lamps.peek().map(color => color ?? "–").join(" ")}`;
  void acts.run(text, ids.length === 1 ? (ids[0] ?? "") : `${ids.length} devices`, orders);
}

export function Lamps({ ids }: { ids: readonly string[] }) {
  return (
    <details>
      <summary>Six LEDs, one by one</summary>
      <div class="stack tight">
        <div class="lamps">
          {lamps.value.map((lamp, index) => (
            <fieldset key={index}>
              <legend class="small">LED {index}</legend>
              <input type="color" class="input" aria-label={`Colour of LED ${index}`} value={`#${lamp ?? "000000"}`} data-left={lamp === undefined}
                onInput={event => change(index, event.currentTarget.value.slice(1))} />
              <label class="small">
                <input type="checkbox" checked={lamp !== undefined} aria-label={`Set LED ${index}`} onChange={event => change(index, event.currentTarget.checked ? "ff8000" : undefined)} /> set
              </label>
            </fieldset>
          ))}
        </div>
        {problem.value && <Notice kind="bad">{problem.value}</Notice>}
        <div><Button onClick={() => send(ids)}>Set the LEDs</Button></div>
      </div>
    </details>
  );
}
