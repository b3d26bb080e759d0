// What can be turned on a swarm while it runs: where it stands in the definition, how far it goes, and what a change of it is. Pure.

import type { Definition } from "./api";

/** One thing to turn. */
export interface Knob {
  /** Where it stands in the definition: `taps.per_second`. */
  readonly key: string;
  readonly label: string;
  readonly unit?: string;
  readonly hint?: string;
  /** What the simulator allows; `whole` is without a fraction. */
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
  /** Where the slider ends, which is earlier than what is allowed, and the least step that it makes. */
  readonly slider: { readonly least: number; readonly most: number; readonly step: number; readonly isRatio?: boolean };
  /** A share of the devices, which is shown and written in per cent. */
  readonly isShare?: boolean;
  /** Whether the swarm begins anew for it. */
  readonly restarts?: boolean;
}

const share = (key: string, label: string, hint: string, more: Partial<Knob> = {}): Knob => ({
  key: `faults.${key}`, label, unit: "%", hint, least: 0, most: 100, slider: { least: 0, most: 100, step: 1 }, isShare: true, ...more,
});

export const CROWD: readonly Knob[] = [
  { key: "devices", label: "Devices", least: 1, most: 65_536, whole: true, slider: { least: 1, most: 5_000, step: 1, isRatio: true } },
  { key: "rate_hz", label: "Rate", unit: "Hz", hint: "Frames a second of each device; firmware sends 20.", least: 0.1, most: 1_000, slider: { least: 0.5, most: 100, step: 0.5, isRatio: true } },
];

export const BODY: readonly Knob[] = [
  { key: "bpm", label: "Beat", unit: "bpm", hint: "What dancers dance to.", least: 20, most: 300, slider: { least: 40, most: 200, step: 1 } },
  { key: "taps.per_second", label: "Taps", unit: "a second", hint: "Of each device, on average.", least: 0, most: 20, slider: { least: 0, most: 4, step: 0.05 } },
  { key: "taps.duration_ms", label: "Length of a tap", unit: "ms", least: 0, most: 10_000, whole: true, slider: { least: 0, most: 1_000, step: 10 } },
];

export const FAULTS: readonly Knob[] = [
  { key: "jitter_ms", label: "Jitter", unit: "ms", hint: "How much later than its time a frame may be.", least: 0, most: 10_000, slider: { least: 0, most: 50, step: 1 } },
  { key: "radio.missing", label: "Beacons not heard", unit: "%", hint: "Of all readings.", least: 0, most: 100, slider: { least: 0, most: 100, step: 1 }, isShare: true },
  { key: "churn.leave_per_minute", label: "Leaving", unit: "a minute", hint: "How often a device leaves for a while.", least: 0, most: 600, slider: { least: 0, most: 30, step: 0.5 } },
  share("silent", "Silent", "Are there, and send nothing."),
  share("malformed", "Malformed", "Send lines that are no frames."),
  share("flapping", "Flapping", "Lose their connection again and again."),
  share("failing_updates", "Failing updates", "Fetch an image, and go on with the old one."),
  share("duplicate_ids", "Duplicate ids", "Send under the id of another one.", { restarts: true }),
  share("slow_links", "Slow links", "Two frames a second get through.", { restarts: true }),
];

/** Motions, in the order of their sliders. */
export const MOTION_WORDS = ["flock", "walk", "dance", "rest", "free"] as const;
export type MotionWord = (typeof MOTION_WORDS)[number];

/** One motion of a mix: how much of it there is beside the others. */
export const mixKnob = (word: MotionWord): Knob => ({
  key: `motion.${word}`, label: word.replace(/^./, first => first.toUpperCase()), unit: "parts", least: 0, most: 1_000_000,
  slider: { least: 0, most: 100, step: 1 },
});

function find(definition: Definition, key: string): unknown {
  return key.split(".").reduce<unknown>((value, part) => (value as Definition | undefined)?.[part], definition);
}

/** Rounds off what binary numbers add. */
const tidy = (value: number): number => Number(value.toPrecision(6));

/** What a knob stands at. */
export function valueOf(definition: Definition, { key, isShare }: Knob, devices: number): number {
  // A swarm with ids of its own choice has a list of them.
  if (key === "devices") return devices;
  const value = find(definition, key);
  if (typeof value === "string" && value.endsWith("%")) return tidy(Number(value.slice(0, -1)));
  if (typeof value !== "number") return 0;
  if (!isShare) return value;
  // So many devices are whole numbers, a fraction is a share. Of all readings there are shares alone.
  const isCount = key.startsWith("faults.") && Number.isInteger(value);
  return tidy(isCount ? (100 * value) / Math.max(1, devices) : 100 * value);
}

/** The change that sets a knob. */
export function patchOf({ key, isShare }: Knob, value: number): Definition {
  const written = !isShare ? value : key.startsWith("faults.") ? `${value}%` : value / 100;
  const [first = "", second] = key.split(".");
  return second === undefined ? { [first]: written } : { [first]: { [second]: written } };
}

/** Changes together, the later ones last. */
export function together(patches: Iterable<Definition>): Definition {
  const all: Record<string, unknown> = {};
  const isTable = (value: unknown): value is Definition => typeof value === "object" && value !== null && !Array.isArray(value);
  for (const patch of patches) {
    for (const [key, value] of Object.entries(patch)) {
      const before = all[key];
      all[key] = isTable(before) && isTable(value) ? { ...before, ...value } : value;
    }
  }
  return all;
}

/** Digits in threes, as this page writes large numbers. */
const IN_THREES = /^\d{1,3}([,'’\s]\d{3})+(\.\d+)?$/;

/** A typed number, or a sentence on what is wrong with it. */
export function readNumber({ least, most, whole }: Knob, text: string): number | string {
  const typed = text.trim();
  const plain = IN_THREES.test(typed) ? typed.replace(/[^\d.]/g, "") : whole ? typed : typed.replace(",", ".");
  const value = plain === "" ? NaN : Number(plain);
  const fits = value >= least && value <= most && (!whole || Number.isInteger(value));
  return fits ? value : `It must be a ${whole ? "whole number" : "number"} from ${least} to ${most.toLocaleString("en")}.`;
}

/** Steps of a slider that goes by ratio: as many from 1 to 2 as from 1,000 to 2,000. */
const RATIO_STEPS = 200;

/** The slider of a knob: where it ends, its step, and where it stands for a value. */
export function sliderOf({ slider: { least, most, step, isRatio } }: Knob, value: number): { min: number; max: number; step: number; at: number } {
  const within = Math.min(most, Math.max(least, value));
  if (!isRatio) return { min: least, max: most, step, at: within };
  return { min: 0, max: RATIO_STEPS, step: 1, at: Math.round((RATIO_STEPS * Math.log(within / least)) / Math.log(most / least)) };
}

/** The value at a place of the slider, in numbers that people would choose. */
export function valueAt({ slider: { least, most, step, isRatio } }: Knob, at: number): number {
  if (!isRatio) return tidy(at);
  const exact = least * (most / least) ** (at / RATIO_STEPS);
  // Two digits are as fine as the place of the thumb.
  const digits = Number(exact.toPrecision(2));
  return tidy(Math.min(most, Math.max(least, Math.round(digits / step) * step)));
}

/** The motions of a mix by their shares; a word alone is all of it. */
export function mixOf(motion: unknown): Readonly<Record<MotionWord, number>> {
  const parts = (word: MotionWord): number => {
    if (typeof motion === "string") return motion === word ? 100 : 0;
    const value = (motion as Definition | undefined)?.[word];
    return typeof value === "number" ? value : 0;
  };
  return Object.fromEntries(MOTION_WORDS.map(word => [word, parts(word)])) as Record<MotionWord, number>;
}

/** A mix as parts of a hundred, for sliders: shares of a whole, and numbers of any size, become that. */
export function partsOf(mix: Readonly<Record<MotionWord, number>>): Readonly<Record<MotionWord, number>> {
  const most = Math.max(...Object.values(mix));
  if (most > 1 && most <= 100) return mix;
  const whole = Object.values(mix).reduce((sum, part) => sum + part, 0) || 1;
  return Object.fromEntries(MOTION_WORDS.map(word => [word, tidy((100 * mix[word]) / whole)])) as Record<MotionWord, number>;
}
