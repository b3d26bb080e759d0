// How old figures are that are not of now. Greyed figures alone would say it to eyes only.

import { ago } from "../../design/ago";
import { isHearing, oldMs } from "./state";

/** Beside a heading: nothing while the figures below it are of now. */
export function Aged() {
  const old = oldMs();
  return old === undefined ? null : <span class="aged small">{ago(old)} old</span>;
}

/** For a part of the page that is about nodes, spaces and subjects. */
export const agedClass = (): string => (isHearing.value ? "" : "old");
