// What somebody typed to roll firmware out, checked, and as the CDN takes it. Pure.

import { fieldsOf } from "../../../store/space";

/** Devices of one rollout. */
export const MAX_DEVICES = 4_096;
/** The longest timeout, in seconds. */
const MAX_SECONDS = 3_600;

/** Whom it is for. */
export type Whom = "picked" | "all" | "typed";

/** The form as it was filled in. */
export interface Form {
  /** Empty is the first board that there is, and its current image. */
  readonly board: string;
  readonly version: string;
  readonly whom: Whom;
  readonly ids: string;
  readonly canary: string;
  readonly wave: string;
  readonly maxFailed: string;
  readonly startS: string;
  readonly stallS: string;
  readonly settleS: string;
  readonly restartS: string;
  readonly anyBoard: boolean;
}

/** As the CDN would have it when nobody says otherwise. */
export const USUAL_RULES = { canary: "1", wave: "25%", maxFailed: "10%", startS: "30", stallS: "60", settleS: "20", restartS: "90" } as const;

/** Before anybody has filled it in. */
export const EMPTY: Form = { board: "", version: "", whom: "picked", ids: "", ...USUAL_RULES, anyBoard: false };

/** A form that was kept; what does not fit is as usual. */
export function readForm(text: string): Form | undefined {
  try {
    const kept = fieldsOf(JSON.parse(text));
    const same = Object.entries(EMPTY).filter(([key, usual]) => typeof kept[key] === typeof usual);
    const form = { ...EMPTY, ...Object.fromEntries(same.map(([key]) => [key, kept[key]])) };
    return { ...form, whom: ["picked", "all", "typed"].includes(form.whom) ? form.whom : EMPTY.whom };
  } catch {
    return undefined;
  }
}

/** The timeouts: which key of the form, of the API, and what it is for people. */
export const TIMEOUTS = [
  { key: "startS", name: "start_s", label: "To begin to download", hint: "Also how long one that is away is waited for." },
  { key: "stallS", name: "stall_s", label: "Without one more byte", hint: "Of the download." },
  { key: "settleS", name: "settle_s", label: "To go away", hint: "With the whole image, and still sending frames." },
  { key: "restartS", name: "restart_s", label: "To be back", hint: "With the whole image, until it sends frames again." },
] as const;

/** A number of devices, or a share of them. */
export type Amount = { readonly devices: number } | { readonly percent: number };

/** `5`, or `25%`; `undefined` for anything else. */
export function readAmount(text: string): Amount | undefined {
  const percent = /^(\d{1,3})\s*%$/.exec(text.trim())?.[1];
  if (percent !== undefined) return Number(percent) <= 100 ? { percent: Number(percent) } : undefined;
  return /^\d{1,5}$/.test(text.trim()) ? { devices: Number(text) } : undefined;
}

/** So many of a whole, rounded down, as the CDN counts. */
export const amountOf = (amount: Amount, whole: number): number =>
  "devices" in amount ? amount.devices : Math.floor((whole * amount.percent) / 100);

/** What is wrong, by the field at which it is said. `whole` is for what belongs to none. */
export type Mistakes = Partial<Record<"image" | "devices" | "canary" | "wave" | "maxFailed" | (typeof TIMEOUTS)[number]["key"] | "whole", string>>;

/** What is wrong with the form for these devices. */
export function mistakesOf(form: Form, devices: { readonly ids: readonly string[]; readonly wrong: string | undefined }): Mistakes {
  const mistakes: Mistakes = {};
  if (devices.wrong !== undefined) mistakes.devices = devices.wrong;
  else if (devices.ids.length === 0) {
    mistakes.devices = {
      picked: "No device is picked: pick some on the floor, choose all, or type their ids.",
      all: "There is no device in this space now.", typed: "Type their ids.",
    }[form.whom];
  } else if (devices.ids.length > MAX_DEVICES) mistakes.devices = `A rollout takes at most ${MAX_DEVICES} devices.`;
  if (!/^\d{1,5}$/.test(form.canary.trim())) mistakes.canary = "It must be a number of devices, 0 for none.";
  const amount = "It must be a number of devices, or a share such as 25%.";
  const wave = readAmount(form.wave);
  if (wave === undefined) mistakes.wave = amount;
  else if ("devices" in wave && wave.devices === 0) mistakes.wave = "It must be 1 or more.";
  if (readAmount(form.maxFailed) === undefined) mistakes.maxFailed = amount;
  for (const { key } of TIMEOUTS) {
    const fits = /^\d{1,4}$/.test(form[key].trim()) && Number(form[key]) >= 1 && Number(form[key]) <= MAX_SECONDS;
    if (!fits) mistakes[key] = `It must be 1 to ${MAX_SECONDS} seconds.`;
  }
  return mistakes;
}

const amountSaid = (text: string): number | string => (text.includes("%") ? text.replace(/\s/g, "") : Number(text));

/** What the CDN is asked for. Only of a form without mistakes. */
export function definitionOf(form: Form, image: { readonly board: string; readonly version: string }, devices: readonly string[]): unknown {
  return {
    firmware: image, devices,
    canary: Number(form.canary), wave: amountSaid(form.wave), max_failed: amountSaid(form.maxFailed),
    timeouts: Object.fromEntries(TIMEOUTS.map(({ key, name }) => [name, Number(form[key])])),
    ...(form.anyBoard && { any_board: true }),
  };
}

const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** How it will go, in words; `undefined` while something of it is wrong. */
export function course(form: Form, count: number): string | undefined {
  const [wave, failed] = [readAmount(form.wave), readAmount(form.maxFailed)];
  if (count === 0 || wave === undefined || failed === undefined || !/^\d{1,5}$/.test(form.canary.trim())) return undefined;
  const canary = Math.min(Number(form.canary), count);
  const rest = count - canary;
  const size = Math.max(1, amountOf(wave, count));
  const waves = Math.ceil(rest / size);
  const most = (stage: number): string => {
    const may = amountOf(failed, stage);
    if (may >= stage) return stage === 1 ? "it may fail" : "all of them may fail";
    return may === 0 ? "any that fails stops it" : `more than ${many(may, "failure")} ${may === 1 ? "stops" : "stop"} it`;
  };
  const first = canary > 0 && `First ${many(canary, "device")} alone: ${most(canary)}.`;
  const inWaves = waves === 1 ? `${canary > 0 ? "Then the other" : "All"} ${many(rest, "device")} at once` : `${canary > 0 ? "Then" : "In"} ${waves} waves of ${rest % size === 0 ? "" : "at most "}${size}`;
  return [first, waves > 0 && `${inWaves}: ${most(Math.min(size, rest))}.`].filter(Boolean).join(" ");
}

/** Fields of the API, and where what is wrong with them is said. */
const PLACES: readonly (readonly [RegExp, keyof Mistakes])[] = [
  [/^firmware\b/, "image"], [/^devices\b/, "devices"], [/^any_board\b/, "devices"], [/^canary\b/, "canary"], [/^wave\b/, "wave"],
  [/^max_failed\b/, "maxFailed"], ...TIMEOUTS.map(({ key, name }) => [new RegExp(`^timeouts\\.${name}\\b`), key] as const),
];

/** Mistakes that are said at one field; whoever made more of them has enough to read. */
const MOST_SAID = 4;

/** What the CDN found wrong, each at its field. */
export function placed(mistakes: readonly string[]): Mistakes {
  const said = new Map<keyof Mistakes, string[]>();
  for (const mistake of mistakes) {
    const place = PLACES.find(([pattern]) => pattern.test(mistake))?.[1] ?? "whole";
    // The name of the field stands above it; how programs get around a wrong board is a switch of the form.
    const words = (place === "whole" ? mistake : mistake.replace(/^[^\s:]+: /, "")).replace(/; `any_board` lets .*$/, "");
    said.set(place, [...(said.get(place) ?? []), words]);
  }
  const sentences = (all: readonly string[]) =>
    `${all.slice(0, MOST_SAID).map(words => `${words.charAt(0).toUpperCase()}${words.slice(1)}`.replace(/\.?$/, ".")).join(" ")}${all.length > MOST_SAID ? ` And ${all.length - MOST_SAID} more.` : ""}`;
  return Object.fromEntries([...said].map(([place, all]) => [place, sentences(all)]));
}
