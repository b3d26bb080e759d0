// Why nothing was started: in words, and with a way on where devices are in another rollout.

import { Button, Notice } from "../../../design/parts";
import { Why } from "../why";
import type { Failed } from "../../../store/space";
import { devices } from "./record";
import { show } from "./state";

/** Ids that are named. */
const NAMED = 8;

export function Taken({ refused, onWithout }: { refused: Failed; onWithout?: (ids: readonly string[]) => void }) {
  const { rollout, devices: taken } = refused.said;
  if (refused.code !== "devices_taken" || typeof rollout !== "string" || !Array.isArray(taken)) {
    return <Notice kind="bad"><Why failed={refused} /> {refused.is === "away" && "What you chose stays; try again."}</Notice>;
  }
  const ids = taken.filter(id => typeof id === "string");
  const rest = ids.length - NAMED;
  return (
    <Notice kind="bad">
      <div class="stack tight">
        <p>{devices(ids.length)} {ids.length === 1 ? "is" : "are"} in another rollout, which is under way: <span class="mono">{ids.slice(0, NAMED).join(" ")}</span>{rest > 0 && ` and ${rest} more`}. A device is in one at a time.</p>
        <div class="row">
          <Button onClick={() => show(rollout)}>Show that rollout</Button>
          {onWithout && <Button onClick={() => onWithout(ids)}>Leave {ids.length === 1 ? "it" : "them"} out</Button>}
        </div>
      </div>
    </Notice>
  );
}
