// Whether a page is live, stale or disconnected, and how old the newest frame is.

import type { ReadonlySignal } from "@preact/signals";
import type { LinkState } from "../library/api";
import { ago } from "./ago";

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
