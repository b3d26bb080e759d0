// The devices of a rollout: each with its state, its download and why it failed. The first of them; the others are found by state or id.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Field } from "../../../design/parts";
import { lookAt } from "../inspector/look-at";
import { DEVICE_STATES, downloaded, type Filter, filtered, type Rollout, type RolloutDevice, runsWords, stepWords, underWay } from "./record";
import { rollouts } from "./state";

/** Rows of the table at most. */
const MOST_ROWS = 100;

const EVERYBODY: Filter = { of: "all", text: "" };
const filter = signal(EVERYBODY);

function Step({ device }: { device: RolloutDevice }) {
  const share = downloaded(device);
  return (
    <>
      <span class="tag" data-step={device.state}>{stepWords(device.state)}{share !== undefined && ` ${Math.floor(share * 100)} %`}</span>
      {share !== undefined && <div class="bar thin" aria-hidden="true"><span data-part="going" style={{ flexGrow: share }} /><span data-part="waiting" style={{ flexGrow: 1 - share }} /></div>}
    </>
  );
}

export function Devices({ rollout }: { rollout: Rollout }) {
  const record = rollouts.record.value?.id === rollout.id ? rollouts.record.value : undefined;
  // Another rollout begins with all of its devices.
  useEffect(() => () => void (filter.value = EVERYBODY), [rollout.id]);
  if (!record) return <p class="quiet small">Looking at its devices.</p>;
  const { of, text } = filter.value;
  const found = filtered(record, filter.value);
  const choices = [
    { of: "all", label: "All", count: record.devices.length },
    { of: "under way", label: "Under way", count: underWay(record) },
    ...DEVICE_STATES.map(state => ({ of: state, label: stepWords(state), count: record.counts[state] })),
  ] as const;
  return (
    <div class="stack tight">
      <div class="filters">
        <Field label="Show">
          {field => (
            <select {...field} class="input" value={of} onInput={event => (filter.value = { ...filter.peek(), of: event.currentTarget.value as Filter["of"] })}>
              {choices.filter(choice => choice.count > 0 || choice.of === of || choice.of === "all").map(choice => (
                <option key={choice.of} value={choice.of}>{choice.label} ({choice.count})</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Id has">
          {field => <input {...field} class="input mono" autocomplete="off" spellcheck={false} value={text} onInput={event => (filter.value = { ...filter.peek(), text: event.currentTarget.value })} />}
        </Field>
      </div>
      <div class="scroll tall devices" role="region" aria-label="Devices of the rollout" tabIndex={0}>
        <table>
          <thead><tr><th scope="col">Device</th><th scope="col">Stage</th><th scope="col">State</th><th scope="col">Runs</th><th scope="col">Why</th></tr></thead>
          <tbody>
            {found.slice(0, MOST_ROWS).map(device => (
              <tr key={device.id}>
                <th scope="row"><button type="button" class="link mono" title="Look at it closely" onClick={() => lookAt(device.id)}>{device.id}</button></th>
                <td>{rollout.stages[device.stage]?.name}</td>
                <td><Step device={device} /></td>
                <td>{runsWords(device)}</td>
                <td class="why">{device.reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.length === 0 && <p class="small quiet">None is like that.</p>}
      {found.length > MOST_ROWS && <p class="small quiet">{MOST_ROWS} of {found.length}: find others by their state or id.</p>}
    </div>
  );
}
