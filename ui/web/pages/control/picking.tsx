// The devices on the floor, and the ways to pick some of them.

import { useSignal } from "@preact/signals";
import { FloorMap } from "../../design/floor/map";
import { FloorSize } from "../../design/floor/size";
import { Tools } from "../../design/floor/tools";
import { Unheard } from "../../design/floor/unheard";
import { useCursor } from "../../design/listbox";
import { Button, Card, Field } from "../../design/parts";
import { rememberedText } from "../../design/remembered";
import { few, typedIds } from "./ids";
import { isShaking, LIMITS, shaken, threshold } from "./shaking";
import { away, choice, floor, pick, picked, swarm, tick, tool, unpick, watching } from "./state";

/** Characters of typed ids at most. */
const MOST_TYPED = 20_000;

const count = (number: number): string => `${number.toLocaleString("en")} ${number === 1 ? "device" : "devices"}`;

/** As they are typed. */
const typed = rememberedText("control.typed-ids");

/** Ids that somebody knows by heart, or has on a list. */
function Typed() {
  const said = useSignal<{ good?: string; wrong?: string }>({});
  const take = (how: "only" | "add") => {
    const { there, absent, malformed } = typedIds(typed.peek(), swarm.ids.peek());
    if (there.length > 0) pick(there, how);
    const wrong = [
      malformed.length > 0 && `${few(malformed)}: no ids. One has 4 hex digits, such as 1a2b; a range is 1a00-1a20.`,
      absent.length > 0 && `${few(absent)}: not there.`,
      there.length + absent.length + malformed.length === 0 && "Type ids, such as 1a2b, 1a2c or 1a00-1a20.",
    ].filter(Boolean).join(" ");
    said.value = { ...(there.length > 0 && { good: `${count(there.length)} found.` }), ...(wrong !== "" && { wrong }) };
  };
  return (
    <form class="typed-ids" noValidate onSubmit={event => {
      event.preventDefault();
      take("only");
    }}>
      <Field label="Ids" hint={said.value.good ?? "With commas or spaces between them; 1a00-1a20 is a range"} wrong={said.value.wrong}>
        {field => (
          <input {...field} class="input mono" autocomplete="off" autocapitalize="off" spellcheck={false} maxLength={MOST_TYPED} value={typed.value}
            onInput={event => (typed.value = event.currentTarget.value)} />
        )}
      </Field>
      <div class="row">
        <Button type="submit">Pick these</Button>
        <Button onClick={() => take("add")}>Add these</Button>
      </div>
    </form>
  );
}

/** Picks who is shaken. */
function Shake() {
  return (
    <div class="shake">
      <Button aria-pressed={isShaking.value} onClick={() => (isShaking.value = !isShaking.peek())}>Shake to select</Button>
      <label class="row small grow">
        <span>From {threshold.value.toFixed(1)} g</span>
        <input type="range" class="grow" min={LIMITS.least} max={LIMITS.most} step="0.1" value={threshold.value} onInput={event => (threshold.value = Number(event.currentTarget.value))} />
      </label>
      <p class="small quiet" role="status">
        {isShaking.value ? `On: ${count(shaken.value)} shaken so far.` : shaken.value > 0 ? `${count(shaken.value)} shaken.` : ""}
      </p>
    </div>
  );
}

function Selection() {
  const ids = swarm.ids.value;
  const [all, left] = [picked.value.size, away.value];
  return (
    <div class="row ends picked-bar">
      <p role="status" data-picked={all}>
        {all === 0 ? "None picked. Draw around some, click one, or use the arrow keys and Space." : `${count(all)} picked`}
        {left.length > 0 && <span class="left"> · {few(left)} away</span>}
      </p>
      <div class="row">
        {left.length > 0 && <Button onClick={() => unpick(left)}>Forget those away</Button>}
        {/* Not disabled by what they do themselves, or the keys would be nowhere then. */}
        <Button onClick={() => ids.length > 0 && pick(ids, "only")} aria-disabled={ids.length === 0}>All</Button>
        <Button onClick={() => pick([], "only")} aria-disabled={all === 0}>None</Button>
        <Button onClick={() => ids.length > 0 && pick([...ids.filter(id => !picked.peek().has(id))], "only")} aria-disabled={ids.length === 0}>Invert</Button>
      </div>
    </div>
  );
}

export function Picking() {
  const cursor = useCursor(choice);
  const there = swarm.ids.value.length;
  const title = (
    <>
      Devices <span class="quiet" data-count={there}>{there === 0 ? "" : there.toLocaleString("en")}</span>
      {there > 0 && <span class="rate small quiet" aria-hidden="true">{watching.rate.value.toLocaleString("en")} frames/s</span>}
    </>
  );
  return (
    <Card class="picking" title={title} aside={<Tools tool={tool} />}>
      <FloorMap swarm={swarm} floor={floor} choice={choice} cursor={cursor} tool={tool} label="Devices on the floor" />
      {there === 0 && (
        <p class="quiet">{watching.state.value === "disconnected" ? "Not connected, so no device can be seen." : "No device is there. The dashboard has ways to get some."}</p>
      )}
      <Unheard swarm={swarm} shown={swarm.ids} tick={tick} />
      <Selection />
      <div class="ways-to-pick">
        <Typed />
        <Shake />
      </div>
      <details>
        <summary>How large the floor is</summary>
        <FloorSize floor={floor} />
      </details>
    </Card>
  );
}
