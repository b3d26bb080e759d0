// Whether a page is live, stale or disconnected, and how old the newest frame is.

import type { ReadonlySignal } from "@preact/signals";
import type { LinkState } from "../library/api";
import { ago } from "./ago";

interface LiveProps {
  readonly state: ReadonlySignal<LinkState>;
  readonly ageMs: ReadonlySignal<number | undefined>;
  /** What is so old. */
  readonly what?: string;
}

/** The badge. The state is read out when it changes; the age, which always does, is for eyes alone. */
export function Live({ state, ageMs, what = "newest frame" }: LiveProps) {
  const age = ageMs.value;
  return (
    <span class="live" data-state={state.value}>
      <span role="status">{state.value === "stale" && age === undefined ? "connected" : state}</span>
      {age !== undefined && <span aria-hidden="true">{ago(age)}</span>}
      {age !== undefined && <span class="unseen">{what} {ago(age)} old</span>}
    </span>
  );
}
