// The device in focus, large: its lights, its id, and the place to tap it.

import { useEffect, useState } from "preact/hooks";
import { Button, Dialog, Field, Notice } from "../../design/parts";
import { anyId } from "../../device/id";
import { devices, focused, rename, takeAnother } from "./devices";
import { HoldUp } from "./holdup";
import type { Online } from "./online";
import { SensorCall, source } from "./motion";
import { isPhone, sensors } from "./sensors";
import { Wearable } from "./wearable";

/** How long a tap is seen at least. */
const FLASH_MS = 140;

/** Elements for which the space bar has a meaning of its own; for those that take no text, only if a key brought the focus there. */
const TYPES = "input, textarea, select";
const PRESSES = "button:not(.puck), a";

/** Presses the device in focus for as long as a finger or the space bar is down. */
function useTap(): { tapped: boolean; press: () => void; release: () => void } {
  const [tapped, setTapped] = useState(false);
  useEffect(() => {
    if (!tapped) return undefined;
    const timer = setInterval(() => !focused.peek().body.tap.held && setTapped(false), FLASH_MS);
    return () => clearInterval(timer);
  }, [tapped]);
  const press = () => {
    focused.peek().body.tap.press();
    setTapped(true);
  };
  const release = () => devices.peek().forEach(device => device.body.tap.release());
  useEffect(() => {
    // A button that was clicked keeps the focus: whoever then presses the space bar means a tap.
    let clicked: Element | null = null;
    const point = (event: PointerEvent) => void (clicked = (event.target as Element).closest(PRESSES));
    const isTap = ({ key, ctrlKey, altKey, metaKey, target }: KeyboardEvent) => {
      if (key !== " " || ctrlKey || altKey || metaKey || !(target instanceof Element)) return false;
      return !target.matches(TYPES) && (!target.matches(PRESSES) || target === clicked);
    };
    const down = (event: KeyboardEvent) => {
      if (!isTap(event)) {
        clicked = null;
        return;
      }
      event.preventDefault();
      if (!event.repeat) press();
    };
    const up = (event: KeyboardEvent) => {
      if (event.key !== " ") return;
      release();
      // On the puck the space bar would also be a click when it is let go.
      if (isTap(event)) event.preventDefault();
    };
    addEventListener("pointerdown", point, true);
    addEventListener("keydown", down);
    addEventListener("keyup", up);
    addEventListener("blur", release);
    return () => {
      removeEventListener("pointerdown", point, true);
      removeEventListener("keydown", down);
      removeEventListener("keyup", up);
      removeEventListener("blur", release);
    };
  }, []);
  return { tapped, press, release };
}

function Puck({ device }: { device: Online }) {
  const { tapped, press, release } = useTap();
  const vibrating = device.vibrating.value;
  return (
    <button
      type="button"
      class={`puck ${tapped ? "tapped" : ""} ${vibrating ? "vibrating" : ""}`}
      aria-describedby="lights"
      onPointerDown={event => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        press();
      }}
      onPointerUp={release}
      onPointerCancel={release}
      onLostPointerCapture={release}
      // Enter, and a screen reader's or a voice's click: those have no pointer.
      onClick={event => {
        if (event.detail !== 0) return;
        press();
        release();
      }}
      onContextMenu={event => event.preventDefault()}
    >
      <Wearable device={device} detail />
      <span class="middle">
        <strong>Tap</strong>
        <span class="unseen"> device {device.id} </span>
        <span class="keys">space bar</span>
      </span>
    </button>
  );
}

function Rename(props: { device: Online; open: boolean; onClose: () => void }) {
  const [draft, setDraft] = useState("");
  const [wrong, setWrong] = useState<string>();
  useEffect(() => {
    if (!props.open) return;
    setDraft(props.device.id.value);
    setWrong(undefined);
  }, [props.open, props.device]);
  const submit = (event: Event) => {
    event.preventDefault();
    const problem = rename(props.device, draft);
    setWrong(problem);
    if (!problem) props.onClose();
  };
  return (
    <Dialog title="The device's id" open={props.open} onClose={props.onClose}>
      <form class="stack" onSubmit={submit} noValidate>
        <Field label="Id" hint="4 hex digits. Two devices with one id in one space take turns with the commands." wrong={wrong}>
          {field => (
            <input
              {...field}
              class="input mono"
              value={draft}
              autofocus
              maxLength={12}
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              onFocus={event => event.currentTarget.select()}
              onInput={event => setDraft(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="row">
          <Button first type="submit">Use this id</Button>
          <Button onClick={() => setDraft(anyId(devices.value.map(device => device.id.value)))}>Roll another</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function Stage() {
  const device = focused.value;
  const [renaming, setRenaming] = useState(false);
  const [up, setUp] = useState(false);
  return (
    <section class="stage card" aria-labelledby="device">
      <div class="row ends">
        <h2 id="device">
          Device <span class="mono">{device.id}</span>
        </h2>
        <Button onClick={() => setRenaming(true)}>Change id</Button>
      </div>
      {device.clash.value && (
        <Notice kind="warn">
          <div class="stack tight">
            <p>
              Another device sends as <span class="mono">{device.id}</span> too. Apps see both as one, and commands reach now this one, now
              that one.
            </p>
            <div><Button onClick={() => takeAnother(device)}>Take another id</Button></div>
          </div>
        </Notice>
      )}
      {sensors.value !== "on" && (
        <p class="quiet small">
          This page is a wearable: 20 times a second it tells your server how it is held, and it shows the lights that it is told to.
        </p>
      )}
      {isPhone && source.value === "phone" && <SensorCall />}
      {/* One at a time: each listens to the space bar. */}
      {up ? <HoldUp device={device} onClose={() => setUp(false)}><Puck device={device} /></HoldUp> : <Puck device={device} />}
      <p id="lights" class="lights" role="status">
        <span>{device.words}</span>
        {device.vibrating.value && <span class="motor">vibrating</span>}
      </p>
      <Button onClick={() => setUp(true)}>Hold it up</Button>
      <Rename device={device} open={renaming} onClose={() => setRenaming(false)} />
    </section>
  );
}
