// Whether the page is in view: not in a tab behind another one.

import { type ReadonlySignal, signal } from "@preact/signals";

const isInView = () => document.visibilityState !== "hidden";
const now = signal(isInView());
document.addEventListener("visibilitychange", () => (now.value = isInView()));

export const isSeen: ReadonlySignal<boolean> = now;
