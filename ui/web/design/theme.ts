// Light or dark: the system's choice until the reader makes one.

import { effect } from "@preact/signals";
import { remembered } from "./remembered";

export type Theme = "system" | "light" | "dark";

const isTheme = (text: string): text is Theme => ["system", "light", "dark"].includes(text);

export const theme = remembered<Theme>("theme", "system", text => (isTheme(text) ? text : undefined), value => value);

effect(() => {
  if (theme.value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
});
