// The colours of the design for canvases, which do not hear of style sheets by themselves.

import { signal } from "@preact/signals";
import { theme } from "./theme";

const NAMES = ["ground", "surface", "sunken", "line", "edge", "text", "quiet", "accent", "accent-soft", "good", "warn", "bad"] as const;

export type Colors = Readonly<Record<(typeof NAMES)[number], string>>;

/** Read by way of an element, since what a variable holds is a formula. */
function read(): Colors {
  const probe = document.createElement("span");
  document.body.append(probe);
  const colors = Object.fromEntries(NAMES.map(name => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  }));
  probe.remove();
  return colors as Colors;
}

/** Those of now; another object when they are others. */
export const colors = signal<Colors>(read());

const again = () => void (colors.value = read());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
theme.subscribe(again);
