// The server and the space that the devices are on, how that goes, and whether the screen stays on.

import { AddressForm, CertificateHint } from "../../design/address-form";
import { Button, Card, Notice } from "../../design/parts";
import { address } from "../../store/server";
import { wanted, awake } from "./awake";
import { heldUp } from "./beat";
import { devices, focused } from "./devices";

/** What went wrong with the connection of the device in focus, and what to do. */
export function Trouble() {
  const down = focused.value.down.value;
  const { problem, url } = address.value;
  if (problem !== undefined) return <Notice kind="bad">{problem} Change it under “Connection”.</Notice>;
  if (!down) return null;
  const again = <Button onClick={() => devices.value.forEach(device => device.again())}>Try now</Button>;
  return (
    <Notice kind="bad">
      <div class="stack tight">
        <p>
          {down.message} {down.retryInMs === undefined ? "" : "It is tried again by itself; taps until then are lost."}
        </p>
        {!down.wasOpen && <CertificateHint url={url} />}
        <div>{again}</div>
      </div>
    </Notice>
  );
}

/** The browser gave the page too little time. */
export function Slowed() {
  const held = heldUp.value;
  if (!held) return null;
  return (
    <Notice kind="warn" onDismiss={() => (heldUp.value = undefined)}>
      {held.frames} frames were left out, because the browser gave this page no time
      {held.hidden ? ": it was not in front. Keep it in front, with the screen on." : ". Keep it in front, and close what else keeps this device busy."}
    </Notice>
  );
}

/** What comes of the wish that the screen stays on. */
function awakeWords(): string {
  if (!wanted.value) return "The screen may go off, and with it the motion.";
  switch (awake.value) {
    case "yes":
      return "The screen stays on.";
    case "no":
      return "The screen is kept on while this page is in front.";
    case "impossible": {
      const why = window.isSecureContext ? "This browser cannot keep the screen on" : "Browsers keep the screen on for https pages alone";
      return `${why}: choose a longer time in the settings of the phone.`;
    }
    case "refused":
      return "The system refuses to keep the screen on, perhaps to save power.";
  }
}

function Awake() {
  return (
    <div class="stack tight">
      <label class="check">
        <input type="checkbox" checked={wanted.value} onChange={event => (wanted.value = event.currentTarget.checked)} />
        Keep the screen on
      </label>
      <p class="quiet small" role="status">{awakeWords()}</p>
    </div>
  );
}

/** What no keyboard should improve. */
export function Connection() {
  const state = focused.value.state.value;
  return (
    <Card title="Connection">
      <AddressForm onSame={() => devices.value.forEach(device => device.again())} />
      <p class="quiet small">
        {state === "live"
          ? "Live: connected, and 20 frames leave each second."
          : state === "stale"
            ? "Stale: connected, but no frame has left for a second."
            : "Disconnected: no frame leaves."}
      </p>
      <Awake />
    </Card>
  );
}
