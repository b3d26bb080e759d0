// The devices of this page, and the commands that reached the one in focus.

import { Button, Card } from "../../design/parts";
import { MOST_DEVICES, add, devices, focus, focused, remove } from "./devices";
import type { Entry, Online } from "./online";
import { Wearable } from "./wearable";

function Tile({ device }: { device: Online }) {
  const state = device.state.value;
  return (
    <button type="button" class="tile" aria-pressed={device === focused.value} onClick={() => focus(device)}>
      <Wearable device={device} />
      <span class="mono">{device.id}</span>
      <span class="small" data-state={state}>{device.clash.value ? "clash" : state}</span>
      <span class="unseen">{device.words}{device.vibrating.value && ", vibrating"}</span>
    </button>
  );
}

export function Devices() {
  const { length } = devices.value;
  return (
    <Card title={length === 1 ? "One device" : `${length} devices`}>
      {length > 1 && <div class="tiles">{devices.value.map(device => <Tile key={device} device={device} />)}</div>}
      <div class="row">
        <Button disabled={length >= MOST_DEVICES} onClick={() => add()}>Add a device</Button>
        {length > 1 && <Button onClick={() => remove(focused.value)}>Remove <span class="mono">{focused.value.id}</span></Button>}
      </div>
      <p class="quiet small">
        {length >= MOST_DEVICES
          ? `${MOST_DEVICES} devices are what a page carries. For more, start a swarm from the dashboard.`
          : "Each has its own connection and lights. Motion, place and tap are for the chosen one; the others stay as they are."}
      </p>
    </Card>
  );
}

/** What the device made of a command, in words; nothing when it just did it. */
function remark({ outcome }: Entry): string | undefined {
  switch (outcome.kind) {
    case "done":
      return undefined;
    case "printed":
      return `On its serial port: ${outcome.text}`;
    case "update":
      return `A wearable would now fetch firmware from ${outcome.url} and restart. A page has none to flash, and goes on.`;
    case "ignored":
      return "Ignored: a wearable can do nothing with it.";
    case "lost":
      return "Lost: the next one came within 10 ms, and a wearable keeps the last one only.";
  }
}

export function Commands() {
  const { commands, id } = focused.value;
  return (
    <Card title="Last commands">
      {commands.value.length === 0 && (
        <p class="quiet small">
          None yet. From the dashboard, send one to <span class="mono">{id}</span>, such as <code>led</code> or <code>vibrate</code>.
        </p>
      )}
      <ol class="commands" tabIndex={commands.value.length > 6 ? 0 : undefined} aria-label="Commands, the newest first">
        {commands.value.map(entry => (
          <li key={entry.key}>
            <time class="quiet small mono" dateTime={entry.at.toISOString()}>{entry.at.toLocaleTimeString()}</time>
            <div class="grow">
              <code>{entry.line}</code>
              {remark(entry) && <p class="quiet small">{remark(entry)}</p>}
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}
