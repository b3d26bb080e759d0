// What a device looks like wherever it is drawn: how pale after a silence, how bright after a tap, and its colour as style sheets write it. Pure.

import { FLASH_MS } from "../store/swarm";

/** Silence until a device begins to fade, in milliseconds, and each further step of it. */
const FADE_MS = 1_000;
/** What is left of a device at each step. */
const FADED = [1, 0.7, 0.55, 0.45, 0.35] as const;

/** How far a device has faded after this silence: a step of `FADED`. */
export const paleness = (ageMs: number): number => Math.max(0, Math.min(FADED.length - 1, Math.floor(ageMs / FADE_MS)));

/** How opaque a device is drawn after this silence. */
export const opacity = (ageMs: number): number => FADED[paleness(ageMs)] ?? 1;

/** How much of a flash is left, 1 at the tap. The time of a picture may be before that of a tap that came in since. */
export const flashLeft = (tappedMs: number, now: number): number => Math.max(0, Math.min(1, 1 - (now - tappedMs) / FLASH_MS));

/** A colour, 0xrrggbb, with all its digits. */
export const hex = (color: number): string => `#${color.toString(16).padStart(6, "0")}`;
