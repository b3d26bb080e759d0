// How the device is held: by this phone's own sensors, or by a cube that one turns.

import { useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Button, Card, Notice } from "../../design/parts";
import { type Attitude, FLAT, matrix, turned } from "../../device/attitude";
import type { Force } from "../../device/reading";
import { devices, focused } from "./devices";
import { useFrames } from "./frames";
import { isApple, isPhone, leave, listen, sensors } from "./sensors";

/** Whose motion the device in focus has. */
export const source = signal<"phone" | "cube">(isPhone ? "phone" : "cube");

/** A click beside the middle, and an arrow key, tilt by so much; a drag over the width of the cube by half a turn. */
const STEP = Math.PI / 12;
/** A pointer that moved less did not drag. */
const CLICK_PX = 6;

const RIGHT: Force = [1, 0, 0];
const AWAY: Force = [0, 1, 0];

const start = () => {
  source.value = "phone";
  void listen((force, jolt) => {
    const { body } = focused.peek();
    body.feel(force);
    if (jolt) body.tap.knock();
  });
};

/** The cube has the device from now on. */
const byHand = (act: () => void) => {
  if (source.value === "phone") leave();
  source.value = "cube";
  act();
};

/** Tilts it: to the right, and away from the reader, in radians. */
const tilt = (right: number, away: number) =>
  byHand(() => {
    const { body } = focused.peek();
    body.lie(turned(turned(body.attitude, AWAY, right), RIGHT, -away));
  });

const pose = (attitude: Attitude) => byHand(() => focused.peek().body.lie(attitude));

const QUARTER = Math.PI / 2;
const POSES: readonly (readonly [name: string, attitude: Attitude])[] = [
  ["Flat", FLAT],
  ["Upright", turned(FLAT, RIGHT, QUARTER)],
  ["On its side", turned(FLAT, AWAY, QUARTER)],
  ["Face down", turned(FLAT, AWAY, 2 * QUARTER)],
];

const KEYS: Record<string, readonly [right: number, away: number]> = {
  ArrowRight: [STEP, 0],
  ArrowLeft: [-STEP, 0],
  ArrowUp: [0, STEP],
  ArrowDown: [0, -STEP],
};

function Cube() {
  const box = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; y: number; moved: number } | undefined>(undefined);
  useFrames(box, (element, nowMs) => {
    const { body } = focused.peek();
    // Screens have y downwards, so it changes its sign on both sides.
    const [right, top, face] = matrix(body.attitude);
    const [pullX, , pullZ] = body.pull(nowMs);
    const turn = [right[0], -right[1], right[2], 0, -top[0], top[1], -top[2], 0, face[0], -face[1], face[2], 0, 0, 0, 0, 1];
    const shaken = `translate3d(${(pullX * 8).toFixed(1)}px, ${(-pullZ * 8).toFixed(1)}px, 0)`;
    element.style.transform = `${shaken} rotateX(50deg) matrix3d(${turn.map(part => part.toFixed(4)).join()})`;
  });
  return (
    <div
      class="cube"
      role="application"
      tabIndex={0}
      aria-label="Cube: the arrow keys tilt the device"
      aria-describedby="cube-hint"
      onKeyDown={event => {
        const step = KEYS[event.key];
        if (!step) return;
        event.preventDefault();
        tilt(...step);
      }}
      onPointerDown={event => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { x: event.clientX, y: event.clientY, moved: 0 };
      }}
      onPointerMove={event => {
        const last = drag.current;
        if (!last) return;
        const [x, y] = [event.clientX - last.x, event.clientY - last.y];
        const moved = last.moved + Math.hypot(x, y);
        drag.current = { x: event.clientX, y: event.clientY, moved };
        const perPixel = Math.PI / event.currentTarget.clientWidth;
        if (moved >= CLICK_PX) tilt(x * perPixel, -y * perPixel);
      }}
      onPointerUp={event => {
        const last = drag.current;
        drag.current = undefined;
        if (!last || last.moved >= CLICK_PX) return;
        // A click does what a drag to that side does: it presses that side down.
        const around = event.currentTarget.getBoundingClientRect();
        const [x, y] = [(event.clientX - around.x) / around.width - 0.5, (event.clientY - around.y) / around.height - 0.5];
        if (Math.abs(x) > Math.abs(y)) tilt(Math.sign(x) * STEP, 0);
        else tilt(0, -Math.sign(y) * STEP);
      }}
      onPointerCancel={() => (drag.current = undefined)}
    >
      <div class="box" ref={box} aria-hidden="true">
        <div class="face front"><i /></div>
        <div class="face back" />
        <div class="face north" />
        <div class="face south" />
        <div class="face east" />
        <div class="face west" />
      </div>
    </div>
  );
}

const AXES = ["x", "y", "z"] as const;

/** What the accelerometer shows, several times a second: as bars, and as numbers. */
function Readout() {
  const rows = useRef<HTMLDivElement>(null);
  const shown = useRef(0);
  useFrames(rows, (element, nowMs) => {
    if (nowMs - shown.current < 80) return;
    shown.current = nowMs;
    focused.peek().body.force(nowMs).forEach((force, axis) => {
      const [bar, text] = element.children[axis]!.querySelectorAll<HTMLElement>("i, b");
      const share = Math.min(2, Math.abs(force)) / 4;
      bar!.style.left = `${(force < 0 ? 0.5 - share : 0.5) * 100}%`;
      bar!.style.width = `${share * 100}%`;
      text!.textContent = `${force < 0 ? "−" : "+"}${Math.abs(force).toFixed(2)} g`;
    });
  });
  return (
    <div class="readout" role="group" aria-label="Acceleration" ref={rows}>
      {AXES.map(axis => (
        <div key={axis}>
          <span class="mono">{axis}</span>
          <span class="bar" aria-hidden="true"><i /></span>
          <b class="mono" />
        </div>
      ))}
    </div>
  );
}

/** Asks for the motion sensors; says why there is no motion, and what to do about it. */
export function SensorCall(): ComponentChildren {
  const retry = <Button onClick={start}>Try again</Button>;
  switch (sensors.value) {
    case "insecure": {
      const here = `https://${location.host}${location.pathname}${location.search}`;
      return (
        <Notice kind="warn">
          <p>Phones give motion to secure pages alone, and this one came over plain http. Open it here: <a href={here}>{here}</a></p>
          <p>
            If that does not answer, the server runs without TLS: start it with <code>grouploop up --tls</code>, which answers both ways on
            this port. The phone warns once of a certificate that the server made itself; go on to the page.
          </p>
          <p>Until then the cube below does the same.</p>
        </Notice>
      );
    }
    case "missing":
      return (
        <Notice kind="warn">
          This browser has no motion events. Open the page in the phone's own browser (Safari or Chrome), or turn the cube.
        </Notice>
      );
    case "denied":
      return (
        <Notice kind="warn">
          <div class="stack tight">
            <p>
              This browser was told not to give motion to this page. To allow it again,{" "}
              {isApple
                ? "close the browser altogether, open this page anew, press the button and choose Allow."
                : "touch the sign to the left of the address, then Permissions or Site settings, then Motion sensors, and choose Allow."}
            </p>
            <div>{retry}</div>
          </div>
        </Notice>
      );
    case "silent":
      return (
        <Notice kind="warn">
          <div class="stack tight">
            <p>
              No motion for 2 seconds: this device has no motion sensor, or the browser's settings keep it from pages (Android: Site
              settings, Motion sensors). The cube does the same.
            </p>
            <div>{retry}</div>
          </div>
        </Notice>
      );
    case "asking":
      return <p class="quiet" role="status">The browser asks whether this page may have the motion. Choose Allow.</p>;
    case "waiting":
      return <p class="quiet" role="status">Waiting for the first motion …</p>;
    case "on":
      return <p class="good small" role="status">The device moves as this {isPhone ? "phone" : "computer"} does. A knock is a tap.</p>;
    case "off":
      return <div><Button first onClick={start}>Use the motion sensors</Button></div>;
  }
}

export function Motion() {
  const phone = source.value === "phone";
  const several = devices.value.length > 1;
  return (
    <Card title="Motion" aside={several && <span class="quiet small">of <span class="mono">{focused.value.id}</span></span>}>
      <div class="switch" role="group" aria-label="What moves the device">
        <Button aria-pressed={phone} onClick={start}>{isPhone ? "This phone" : "Motion sensors"}</Button>
        <Button aria-pressed={!phone} onClick={() => byHand(() => {})}>A cube</Button>
      </div>
      {phone && !isPhone && <SensorCall />}
      <Cube />
      <Readout />
      <p id="cube-hint" class="quiet small">
        {phone && sensors.value === "on"
          ? "The cube shows how the phone is held. Drag it, and the cube takes over."
          : "Drag the cube, click beside it, or use the arrow keys."}
      </p>
      <div class="row poses">
        {POSES.map(([name, attitude]) => <Button key={name} onClick={() => pose(attitude)}>{name}</Button>)}
        <Button onClick={() => byHand(() => focused.peek().body.shake(performance.now()))}>Shake</Button>
      </div>
    </Card>
  );
}
