// One rollout, looked at: where it is, what can be done about it, its stages and its devices.

import { useEffect, useRef, useState } from "preact/hooks";
import { Button, Dialog, Notice } from "../../../design/parts";
import type { Failed } from "../../../store/space";
import { AllDark } from "../panic";
import { picked } from "../state";
import { Bar } from "./bar";
import { Devices } from "./devices";
import { devices, hasEnded, readRollout, type Rollout, stateWords, summary, underWay, verdict } from "./record";
import type { Verb } from "./rollouts";
import { rollouts, show, toShow } from "./state";
import { Taken } from "./taken";

const NOTICES = { going: "warn", good: "good", warn: "warn", bad: "bad" } as const;

/** What can be done now, with what became of the last try. */
function Actions({ rollout }: { rollout: Rollout }) {
  const [asked, setAsked] = useState<Verb>();
  const [refused, setRefused] = useState<Failed>();
  const [isSure, setSure] = useState(false);
  const { id, state, wanted, counts } = rollout;
  const ask = async (verb: Verb) => {
    if (asked) return;
    setAsked(verb);
    setRefused(undefined);
    const outcome = await rollouts.ask(id, verb);
    setAsked(undefined);
    if (outcome.is !== "done") setRefused(outcome);
    else if (verb === "retry") toShow.value = readRollout(outcome.value)?.id;
    // The button is gone, and with it where the keys were.
    else if (verb === "abort") toShow.value = id;
  };
  const canStop = ["waiting", "running", "paused"].includes(state) && wanted !== "abort";
  const rest = counts.failed + counts.skipped;
  const failed = rollouts.record.value?.id === id ? rollouts.record.value.devices.filter(device => device.state === "failed") : [];
  const going = underWay(rollout);
  return (
    <>
      <div class="row">
        {canStop && (
          // The second click of two is not meant for what the button says by then.
          <Button first={wanted === "pause"} aria-disabled={asked !== undefined} onClick={event => event.detail < 2 && void ask(wanted === "pause" ? "resume" : "pause")}>
            {wanted === "pause" ? "Resume" : "Pause"}
          </Button>
        )}
        {canStop && <Button aria-disabled={asked !== undefined} onClick={() => setSure(true)}>Abort…</Button>}
        {hasEnded(rollout) && rest > 0 && (
          <Button first aria-disabled={asked !== undefined} onClick={() => void ask("retry")}>
            Again for the {rest} that {counts.skipped === 0 ? "failed" : `${counts.failed === 0 ? "" : "failed or "}${rest === 1 ? "was" : "were"} skipped`}
          </Button>
        )}
        {failed.length > 0 && <Button onClick={() => (picked.value = new Set(failed.map(device => device.id)))}>Pick the {failed.length} that failed</Button>}
      </div>
      {refused && <Taken refused={refused} />}
      <Dialog aside={<AllDark />} title="Abort this rollout?" open={isSure} onClose={() => setSure(false)}>
        <p>
          {counts.waiting > 0 ? `${devices(counts.waiting)} that wait for their turn keep what they run. ` : ""}
          {going > 0 ? `${devices(going)} under way come to their end: nobody is left without firmware.` : "Nobody is left without firmware."}
        </p>
        <div class="row">
          <Button first onClick={() => {
            setSure(false);
            void ask("abort");
          }}>Abort it</Button>
          <Button onClick={() => setSure(false)}>Let it go on</Button>
        </div>
      </Dialog>
    </>
  );
}

/** Rows of the table of stages at most: each device may be a stage of its own. */
const MOST_STAGES = 50;

function Stages({ rollout }: { rollout: Rollout }) {
  // Whoever is under way is in the stage of now.
  const going = underWay(rollout);
  const now = hasEnded(rollout) ? -1 : rollout.stages.findIndex(stage => stage.done + stage.failed + stage.skipped < stage.devices);
  // Of many, those around the one of now, or where it was stopped.
  const at = now >= 0 ? now : rollout.stages.findIndex(stage => stage.failed > stage.maxFailed);
  const first = Math.max(0, Math.min(at - MOST_STAGES / 2, rollout.stages.length - MOST_STAGES));
  const shown = rollout.stages.slice(first, first + MOST_STAGES);
  return (
    <div class="scroll tall" role="region" aria-label="Stages" tabIndex={0}>
      <table class="stages">
        <thead>
          <tr><th scope="col">Stage</th><th scope="col">Devices</th><th scope="col">Done</th><th scope="col">Failed</th><th scope="col">May fail</th><th scope="col"><span class="unseen">Progress</span></th></tr>
        </thead>
        <tbody>
          {shown.map(({ name, devices, done, failed, skipped, maxFailed }, row) => {
            const isNow = first + row === now;
            return (
              <tr key={name} aria-current={isNow ? "step" : undefined}>
                <th scope="row">{name}</th><td>{devices}</td><td>{done}</td><td data-bad={failed > maxFailed}>{failed}</td><td>{maxFailed}</td>
                <td class="progress"><Bar counts={{ done, failed, skipped, asked: isNow ? going : 0, waiting: devices - done - failed - skipped - (isNow ? going : 0) }} /></td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {shown.length < rollout.stages.length && <p class="small quiet">{shown.length} of {rollout.stages.length} stages.</p>}
    </div>
  );
}

/** Why devices failed, each reason once. */
function Reasons({ rollout }: { rollout: Rollout }) {
  const record = rollouts.record.value;
  if (record?.id !== rollout.id || rollout.counts.failed === 0) return null;
  const reasons = new Map<string, string[]>();
  for (const { state, reason = "for no reason that is known", id } of record.devices) {
    if (state === "failed") reasons.set(reason, [...(reasons.get(reason) ?? []), id]);
  }
  const most = [...reasons].sort(([, one], [, other]) => other.length - one.length).slice(0, 6);
  return (
    <ul class="reasons">
      {most.map(([reason, ids]) => (
        <li key={reason}><span class="mono">{ids.slice(0, 12).join(" ")}{ids.length > 12 && ` and ${ids.length - 12} more`}</span>: {reason}.</li>
      ))}
    </ul>
  );
}

export function Details({ rollout }: { rollout: Rollout }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (toShow.value !== rollout.id) return;
    toShow.value = undefined;
    box.current?.focus();
    box.current?.scrollIntoView({ block: "nearest" });
  }, [toShow.value, rollout.id]);
  const { note, runner, retryOf } = rollout;
  const first = retryOf !== undefined && rollouts.all.value?.find(({ id }) => id === retryOf);
  return (
    <div class="stack" ref={box} tabIndex={-1} aria-label={`Rollout of ${rollout.version}`} role="group">
      {/* Counts change all the time; who listens is told of what it comes to alone. */}
      <p class="unseen" role="status">{rollout.version}: {stateWords(rollout)}</p>
      <Bar counts={rollout.counts} />
      <p>{summary(rollout)}</p>
      {note !== undefined && <Notice kind={NOTICES[verdict(rollout)]}>{note.charAt(0).toUpperCase()}{note.slice(1)}.</Notice>}
      {rollout.state === "done" && rollout.counts.done === rollout.total && <Notice kind="good">Every device runs it.</Notice>}
      {rollout.state === "done" && rollout.counts.done < rollout.total && <Notice kind="warn">Every device had its turn, and not all of them took it.</Notice>}
      <Reasons rollout={rollout} />
      <Actions rollout={rollout} />
      {first && <p class="small">It is for those that failed or were skipped in <button type="button" class="link" onClick={() => show(first.id)}>an earlier one</button>.</p>}
      {!hasEnded(rollout) && (
        <p class="small quiet">{runner === undefined ? "No CDN has taken it up yet; the first that can will." : <>The CDN <code>{runner}</code> runs it. Closing this page changes nothing.</>}</p>
      )}
      <Stages rollout={rollout} />
      <Devices rollout={rollout} />
    </div>
  );
}
