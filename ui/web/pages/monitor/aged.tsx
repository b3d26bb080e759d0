// How old figures are that are not of now. Greyed figures alone would say it to eyes only.

import { ago } from "../../design/ago";
import { ageMs, isHearing, oldMs, rosters } from "./state";

/** Beside a heading: nothing while the figures below it are of now. */
export function Aged() {
  const old = oldMs();
  return old === undefined ? null : <span class="aged small">{ago(old)} old</span>;
}

/** For a part of the page that is about nodes, spaces and subjects. */
export const agedClass = (): string => (isHearing.value ? "" : "old");

/** Whether what is known of the devices of a space is not of now: the monitor does not say it, says nothing at all, or hears nothing itself. */
const isRosterOld = (): boolean => rosters.problem.value !== undefined || !isHearing.value;

/** Beside a heading of devices: nothing while what is known of them is of now. */
export function RosterAged() {
  // An age is another one with each of its ticks.
  ageMs.value;
  return isRosterOld() ? <span class="aged small">{ago(rosters.ageMs())} old</span> : null;
}

/** For a part of the page that is about devices. */
export const rosterClass = (): string => (isRosterOld() ? "old" : "");
