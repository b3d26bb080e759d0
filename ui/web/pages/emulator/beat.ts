// When frames are due: the steady clock, and what wakes this page for it.

import { signal } from "@preact/signals";
import { SteadyClock } from "../../device/clock";

/** What the browser did not give us time for. */
export interface HeldUp {
  readonly frames: number;
  readonly hidden: boolean;
}

/** Frames that were left out because the page got no time, until somebody has read it. */
export const heldUp = signal<HeldUp | undefined>(undefined);

/** Fewer left out in one go, which is half a second, are a hiccup that nobody notices. */
const WORTH_SAYING = 10;
/** A page that has just been opened has much to do, and nobody moves yet. */
const SETTLED_AFTER_MS = 3_000;

/** Calls `frames` with how many are due and the time, for as long as the page lives. */
export function startBeat(frames: (count: number, nowMs: number) => void): void {
  const startedMs = performance.now();
  const clock = new SteadyClock(startedMs);
  let skipped = 0;
  const ring = () => {
    const nowMs = performance.now();
    const due = clock.due(nowMs);
    if (clock.skipped - skipped >= WORTH_SAYING && nowMs - startedMs >= SETTLED_AFTER_MS) {
      heldUp.value = { frames: (heldUp.value?.frames ?? 0) + clock.skipped - skipped, hidden: document.hidden };
    }
    skipped = clock.skipped;
    if (due > 0) frames(due, nowMs);
    wait(clock.waitMs(performance.now()));
  };
  let wait = (ms: number): void => void setTimeout(ring, ms);
  try {
    const alarm = new Worker(new URL("./beat.worker.ts", import.meta.url), { type: "module" });
    const ask = (ms: number) => alarm.postMessage(ms);
    alarm.onmessage = ring;
    // Without its worker a page beats by itself, which is as good while it is in front.
    alarm.onerror = () => {
      if (wait !== ask) return;
      wait = ms => void setTimeout(ring, ms);
      ring();
    };
    wait = ask;
  } catch {
    // There are no workers here.
  }
  wait(clock.waitMs(performance.now()));
}
