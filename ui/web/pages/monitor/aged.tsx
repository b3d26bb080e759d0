// How old figures are that are not of now. Greyed figures alone would say it to eyes only.

import { ago } from "../../design/ago";
import { ageMs, isLive } from "./state";

/** Beside a heading: nothing while the figures below it are of now. */
export function Aged() {
  if (isLive.value || ageMs.value === undefined) return null;
  return <span class="aged small">{ago(ageMs.value)} old</span>;
}

/** For a part of the page whose figures are all as old as the newest event. */
export const agedClass = (): string => (isLive.value ? "" : "old");
