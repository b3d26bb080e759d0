// What this page does to devices, and what each of them was told.

import { effect } from "@preact/signals";
import { Acts } from "../../store/acts";
import { AllTold } from "../../store/told";
import { url, watching } from "./state";

export const told = new AllTold();

export const acts = new Acts(async (order, signal, place) => {
  const { to, command, parameters } = order;
  told.begin(order);
  const outcome = await watching.sendMany(place, to, command, parameters, signal);
  told.end(order, outcome.reached, place === url.peek());
  return outcome;
}, url);

// Devices elsewhere are others, even where they have the same ids.
effect(() => {
  url.value;
  told.clear();
});
