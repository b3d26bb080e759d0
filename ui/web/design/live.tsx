// Whether a page is live, stale or disconnected, and how old the newest frame is.

import type { ReadonlySignal } from "@preact/signals";
import type { LinkState } from "../library/api";

/** A time that passed, as people say it: `0.2 s`, `14 s`, `3 min`. */
export function ago(ms: number): string {
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 99_500) return `${Math.round(ms / 1_000)} s`;
  return ms < 5_970_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

/** The badge. The state is read out when it changes; the age, which always does, is for eyes alone. */
export function Live(props: { state: ReadonlySignal<LinkState>; ageMs: ReadonlySignal<number | undefined> }) {
  const age = props.ageMs.value;
  return (
    <span class="live" data-state={props.state.value}>
      <span role="status">{props.state}</span>
      {age !== undefined && <span aria-hidden="true">{ago(age)}</span>}
      {age !== undefined && <span class="unseen">newest frame {ago(age)} old</span>}
    </span>
  );
}
