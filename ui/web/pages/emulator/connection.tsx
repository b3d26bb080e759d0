// The server and the space that the devices are on, how that goes, and whether the screen stays on.

import { useEffect, useState } from "preact/hooks";
import { Button, Card, Field, Notice } from "../../design/parts";
import { wanted, awake } from "./awake";
import { heldUp } from "./beat";
import { address, addressOf, devices, focused, server, shownServer, space } from "./devices";
import { config } from "../../design/config";

/** What went wrong with the connection of the device in focus, and what to do. */
export function Trouble() {
  const down = focused.value.down.value;
  const { problem, url } = address.value;
  if (problem !== undefined) return <Notice kind="bad">{problem} Change it under “Connection”.</Notice>;
  if (!down) return null;
  const again = <Button onClick={() => devices.value.forEach(device => device.again())}>Try now</Button>;
  const front = new URL(url);
  return (
    <Notice kind="bad">
      <div class="stack tight">
        <p>
          {down.message} {down.retryInMs === undefined ? "" : "It is tried again by itself; taps until then are lost."}
        </p>
        {front.protocol === "wss:" && !down.wasOpen && (
          <p>
            If the server made its certificate itself, this browser must be told once that it is all right: open{" "}
            <a href={`https://${front.host}/`} target="_blank" rel="noreferrer">https://{front.host}/</a>, go on in spite of the warning,
            and come back.
          </p>
        )}
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
const PLAIN = { class: "input mono", autocomplete: "off", autocapitalize: "off", spellcheck: false } as const;

export function Connection() {
  const [draft, setDraft] = useState({ server: shownServer.peek(), space: space.peek() });
  const [wrong, setWrong] = useState<string>();
  useEffect(() => shownServer.subscribe(server => setDraft(draft => ({ ...draft, server }))), []);
  const submit = (event: Event) => {
    event.preventDefault();
    const { problem } = addressOf(draft.server, draft.space.trim());
    setWrong(problem);
    if (problem) return;
    const same = addressOf(draft.server, draft.space.trim()).url === address.value.url;
    server.value = draft.server.trim() === config.wsDefaultUrl ? "" : draft.server.trim();
    space.value = draft.space.trim();
    if (same) devices.value.forEach(device => device.again());
  };
  const isSpace = wrong?.includes("space");
  const state = focused.value.state.value;
  const changed = draft.server !== shownServer.value || draft.space !== space.value;
  return (
    <Card title="Connection">
      <form class="stack" onSubmit={submit} noValidate>
        <Field label="Server" wrong={isSpace ? undefined : wrong}>
          {field => (
            <input
              {...field}
              {...PLAIN}
              inputMode="url"
              value={draft.server}
              onInput={event => setDraft({ ...draft, server: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field
          label="Space"
          hint="A group's own world of ids. Left empty, it is the one of everybody."
          wrong={isSpace ? wrong : undefined}
        >
          {field => (
            <input
              {...field}
              {...PLAIN}
              value={draft.space}
              onInput={event => setDraft({ ...draft, space: event.currentTarget.value })}
            />
          )}
        </Field>
        <div class="row">
          <Button first={changed} type="submit">Connect</Button>
          {server.value !== "" && <Button onClick={() => (server.value = "")}>This page's own server</Button>}
        </div>
      </form>
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
