// Whether the reader asked for less motion: for canvases, which style sheets do not reach.

import { signal } from "@preact/signals";

const asked = matchMedia("(prefers-reduced-motion: reduce)");

export const isCalm = signal(asked.matches);

asked.addEventListener("change", () => (isCalm.value = asked.matches));
