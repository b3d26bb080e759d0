// What is wrong now, in sentences, at the top of the page.

import { useSignal } from "@preact/signals";
import { ago } from "../../design/ago";
import { Button, Notice } from "../../design/parts";
import { base, ageMs, isLive, link, problem, sinceMs, system } from "./state";
import type { Trouble } from "./system";

/** Sentences that are shown until somebody asks for all. */
const FEW = 5;

/** What keeps something from working; the others only threaten to. */
const BAD: ReadonlySet<string> = new Set(["node_gone", "nats_away", "bus_away"]);

/** The page is without the monitor. */
function Away() {
  const age = ageMs.value;
  const isAway = link.value === "away";
  // Before its first answer nothing is old.
  if (isLive.value || (!isAway && age === undefined)) return null;
  return (
    <Notice kind="bad">
      {isAway ? `${problem.value} It is tried again by itself; “grouploop up” and “grouploop monitor” have a monitor, this page asks the one at ${base}.` : `The monitor at ${base} says nothing.`}
      {age !== undefined && ` What is shown below is not of now: it is ${ago(age)} old.`}
    </Notice>
  );
}

function Line({ trouble: { kind, text, since } }: { trouble: Trouble }) {
  return (
    <li class="trouble" data-kind={BAD.has(kind) ? "bad" : "warn"} data-trouble={kind}>
      <span class="grow">{text}</span>
      <span class="quiet small since">{ago(sinceMs(since))}</span>
    </li>
  );
}

export function Troubles() {
  const isWhole = useSignal(false);
  const troubles = system.value?.troubles ?? [];
  const shown = isWhole.value ? troubles : troubles.slice(0, FEW);
  const more = troubles.length - shown.length;
  return (
    <div class="said troubles">
      <Away />
      {/* Always there, so that what appears in it is read out. */}
      <ul class={isLive.value ? "" : "old"} aria-label="Troubles" aria-live="polite" aria-relevant="additions">
        {shown.map(trouble => <Line key={`${trouble.kind} ${trouble.about}`} trouble={trouble} />)}
      </ul>
      {(more > 0 || isWhole.value) && troubles.length > FEW && (
        <Button aria-expanded={isWhole.value} onClick={() => (isWhole.value = !isWhole.peek())}>{isWhole.value ? "Fewer" : `${more} more`}</Button>
      )}
      {system.value && troubles.length === 0 && isLive.value && <p class="fine small">Nothing is wrong.</p>}
    </div>
  );
}
