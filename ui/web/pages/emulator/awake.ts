// Keeps the screen on, for as long as somebody wants that and the browser lets us.

import { effect, signal } from "@preact/signals";
import { remembered } from "../../design/remembered";
import { isPhone } from "./sensors";

/** Whether the person wants it. On a phone that is what a device is for. */
export const wanted = remembered("emulator.awake", isPhone, text => text === "yes", on => (on ? "yes" : "no"));

/** Whether the screen is kept on: `no` until it is asked for, and while the page is not in front. */
export const awake = signal<"yes" | "no" | "impossible" | "refused">("no");

let lock: WakeLockSentinel | undefined;

async function take(): Promise<void> {
  if (!("wakeLock" in navigator)) {
    awake.value = "impossible";
    return;
  }
  if (document.hidden || (lock && !lock.released)) return;
  try {
    const taken = await navigator.wakeLock.request("screen");
    if (!wanted.value) return void taken.release();
    lock = taken;
    awake.value = "yes";
    // The browser takes it back when the page goes out of sight; it is taken again when the page returns.
    taken.addEventListener("release", () => lock === taken && (awake.value = "no"));
  } catch {
    // A battery that runs low, or a system that saves power.
    awake.value = "refused";
  }
}

/** For as long as the page lives. */
export function keepAwake(): void {
  document.addEventListener("visibilitychange", () => wanted.value && void take());
  effect(() => {
    if (wanted.value) return void take();
    awake.value = "no";
    void lock?.release();
    lock = undefined;
  });
}
