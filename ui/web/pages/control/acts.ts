// What this page does to devices, and what each of them was told.

import { effect } from "@preact/signals";
import { Acts } from "../../store/acts";
import { AllTold } from "../../store/told";
import { url, watching } from "./state";

export const told = new AllTold();

export const acts = new Acts(async ({ to, command, parameters }, signal, place) => {
  const outcome = await watching.sendMany(place, to, command, parameters, signal);
  if (place === url.peek()) told.take(outcome.reached, command, parameters);
  return outcome;
}, url);

// Devices elsewhere are others, even where they have the same ids.
effect(() => {
  url.value;
  told.clear();
});
