// The motion sensors of this phone: asking for them, hearing them, and knowing why when there is nothing to hear.

import { signal } from "@preact/signals";
import { Jolt } from "../../device/jolt";
import { Phone } from "../../device/phone";
import type { Force } from "../../device/reading";

/**
 * `off`: nobody asked yet; `asking`: the browser asks the person; `waiting`: allowed, nothing came yet; `on`: readings come. And the reasons
 * why there are none: `insecure`: the page came over plain http; `missing`: the browser has no motion events; `denied`: somebody said no;
 * `silent`: nothing came for a while.
 */
export type SensorState = "off" | "asking" | "waiting" | "on" | "insecure" | "missing" | "denied" | "silent";

/** How long to wait for a reading. Phones give 60 in a second. */
const PATIENCE_MS = 2_000;

/** Browsers that ask the person have this; those on iOS do. */
interface AskingEvent {
  requestPermission?: () => Promise<"granted" | "denied">;
}

/** Whether this is something that one holds in a hand: those are told about sensors first. */
export const isPhone = matchMedia("(pointer: coarse)").matches;

/** All browsers on iOS and iPadOS are WebKit, and say whose it is. */
export const isApple = navigator.vendor.startsWith("Apple");

export const sensors = signal<SensorState>(isPhone && !window.isSecureContext ? "insecure" : "off");

let stop: (() => void) | undefined;

/** Asks for the sensors and listens. On iOS this must be called in a click. */
export async function listen(hear: (force: Force, jolt: boolean) => void): Promise<void> {
  stop?.();
  sensors.value = refusal() ?? "asking";
  if (sensors.value !== "asking") return;
  sensors.value = (await isAllowed()) ? "waiting" : "denied";
  if (sensors.value === "waiting") stop = hearken(hear);
}

/** Hears the sensors no longer. */
export function leave(): void {
  stop?.();
  stop = undefined;
  if (["asking", "waiting", "on", "silent"].includes(sensors.value)) sensors.value = "off";
}

function refusal(): SensorState | undefined {
  if (!window.isSecureContext) return "insecure";
  return typeof DeviceMotionEvent === "undefined" ? "missing" : undefined;
}

async function isAllowed(): Promise<boolean> {
  try {
    // In a click, and before anything is awaited: later it is no click any more.
    const answer = await (DeviceMotionEvent as AskingEvent).requestPermission?.call(DeviceMotionEvent);
    if (answer === "denied") return false;
  } catch {
    // It was not asked in a click; or somebody said no for good.
    return false;
  }
  try {
    // Chrome has a switch for each site. Other browsers do not know this name.
    const { state } = await navigator.permissions.query({ name: "accelerometer" as PermissionName });
    return state !== "denied";
  } catch {
    return true;
  }
}

function hearken(hear: (force: Force, jolt: boolean) => void): () => void {
  const phone = new Phone(isApple);
  const jolt = new Jolt();
  let heardMs = performance.now();
  const motion = (event: DeviceMotionEvent) => {
    const force = phone.motion(event.accelerationIncludingGravity);
    if (!force) return;
    heardMs = performance.now();
    sensors.value = "on";
    hear(force, jolt.felt(force, event.timeStamp));
  };
  const orientation = (event: DeviceOrientationEvent) => phone.orientation(event.beta, event.gamma);
  const timer = setInterval(() => {
    // A page that is not in front gets no readings, and that is no fault.
    if (document.hidden) heardMs = performance.now();
    else if (performance.now() - heardMs >= PATIENCE_MS) sensors.value = "silent";
  }, 250);
  addEventListener("devicemotion", motion);
  addEventListener("deviceorientation", orientation);
  return () => {
    clearInterval(timer);
    removeEventListener("devicemotion", motion);
    removeEventListener("deviceorientation", orientation);
  };
}
