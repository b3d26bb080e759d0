// The devices: found, sorted, picked, and shown as a grid, on the floor or in a table.

import { useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Button, Card } from "../../design/parts";
import { Floor } from "./floor";
import { Grid } from "./grid";
import { gone, isHeld, pick, picked, query, reachable, shown, sort, type SortKey, swarm, unpick, type View, view, watching } from "./state";
import { Table } from "./table";
import { Welcome } from "./welcome";

const VIEWS: readonly { name: View; label: string }[] = [
  { name: "grid", label: "Grid" },
  { name: "floor", label: "Floor" },
  { name: "table", label: "Table" },
];

const SORTS: readonly { key: SortKey; label: string }[] = [
  { key: "id", label: "by id" },
  { key: "tap", label: "last tapped" },
  { key: "pull", label: "most moved" },
  { key: "east", label: "west to east" },
  { key: "color", label: "by LED colour" },
  { key: "rate", label: "fastest" },
  { key: "age", label: "newest frame" },
];

/** Fingers have no Ctrl, and each tap adds. */
const isTouched = matchMedia("(hover: none)").matches;

const count = (number: number, one: string): string => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

function Views() {
  return (
    <div class="row joined" role="group" aria-label="View">
      {VIEWS.map(({ name, label }) => (
        <button key={name} type="button" class="button" aria-pressed={view.value === name} onClick={() => (view.value = name)}>{label}</button>
      ))}
    </div>
  );
}

function Picked() {
  const [here, left] = [reachable.value.length, gone.value];
  return (
    <div class="row ends picked-bar">
      <p role="status">
        {picked.value.size === 0 ? isTouched ? "None picked. Tap devices." : "None picked. Click a device, hold Ctrl for more." : `${here} picked`}
        {left.length > 0 && <span class="left"> · {left.slice(0, 8).join(", ")}{left.length > 8 ? ` and ${left.length - 8} more` : ""} left</span>}
      </p>
      <div class="row">
        {left.length > 0 && <Button onClick={() => unpick(left)}>Forget those that left</Button>}
        <Button onClick={() => pick(shown.peek(), "only")} disabled={shown.value.length === 0}>
          {query.value.trim() === "" ? "Pick all" : "Pick those found"}
        </Button>
        <Button onClick={() => pick([], "only")} disabled={picked.value.size === 0}>Pick none</Button>
      </div>
    </div>
  );
}

function Title({ there }: { there: number }) {
  return (
    <>
      Devices <span class="quiet" data-count={there}>{there === 0 ? "" : there.toLocaleString("en")}</span>
      {there > 0 && <span class="rate small quiet" aria-hidden="true">{watching.rate.value.toLocaleString("en")} frames/s</span>}
    </>
  );
}

/** What one picks from. Its order stays while somebody points at it, or is in it with the keys. */
function Held({ children }: { children: ComponentChildren }) {
  const isOver = useSignal(false);
  const isIn = useSignal(false);
  useSignalEffect(() => void (isHeld.value = isOver.value || isIn.value));
  useEffect(() => () => void (isHeld.value = false), []);
  return (
    <div
      class="stack tight"
      onPointerEnter={() => (isOver.value = true)}
      onPointerLeave={() => (isOver.value = false)}
      onFocusIn={() => (isIn.value = true)}
      onFocusOut={() => (isIn.value = false)}
    >
      {children}
    </div>
  );
}

export function Devices() {
  const there = swarm.ids.value.length;
  const isEmpty = there === 0;
  return (
    <Card class="devices" title={<Title there={there} />} aside={<Views />}>
      {isEmpty ? (
        <>
          <Welcome />
          {picked.value.size > 0 && <Picked />}
        </>
      ) : (
        <>
          <div class="row tools">
            <label class="grow">
              <span class="unseen">Search by id</span>
              <input class="input mono" type="search" placeholder="Search by id" autocomplete="off" spellcheck={false} value={query.value}
                onInput={event => (query.value = event.currentTarget.value)} />
            </label>
            <label>
              <span class="unseen">Sort</span>
              <select class="input" value={sort.value.key} onInput={event => (sort.value = { key: event.currentTarget.value as SortKey, down: false })}>
                {SORTS.map(({ key, label }) => <option key={key} value={key}>{label}</option>)}
              </select>
            </label>
          </div>
          {shown.value.length === 0 && <p class="quiet">No device has “{query.value.trim()}” in its id; {count(there, "device")} there.</p>}
          <Held>{view.value === "grid" ? <Grid /> : view.value === "floor" ? <Floor /> : <Table />}</Held>
          <Picked />
        </>
      )}
    </Card>
  );
}
