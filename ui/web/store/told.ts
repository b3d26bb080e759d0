// What each device was told last about its lights, as far as this page knows: it sent that itself. A device says nothing of its lights, so
// what others sent, and what it showed before, nobody can know. From it come scenes that are saved, and the way back from one. Pure.

import { colorDigits } from "../library/registry";
import type { Order } from "./acts";

/** LEDs of a wearable. */
const LEDS = 6;
/** Devices that are remembered: as many as a space can have. */
const MOST_DEVICES = 65_536;

/** What one device was told. What is `undefined` it was not told. */
export interface Told {
  readonly color?: string;
  readonly pattern?: string;
  readonly brightness?: string;
  readonly spring?: string;
  /** LEDs that were set one by one since the whole was lit, by their index. */
  readonly leds?: Readonly<Record<string, string>>;
}

const NOTHING: Told = {};
const DARK = "000000";

/** The parts of what a device is told that a command changes. */
export type Part = "lights" | "brightness" | "spring";

/** What a command is about; `undefined` when it leaves no trace. */
export function partOf(command: string): Part | undefined {
  switch (command) {
    case "led": case "pattern": case "led_set": case "led_off": case "led_all_off": case "reset": return "lights";
    case "brightness": return "brightness";
    case "spring_param": return "spring";
    default: return undefined;
  }
}

/** What a device was told, after a further command. As in the firmware, what is for all LEDs takes away what was set one by one. */
export function after({ leds, ...told }: Told, command: string, [first = "", second = ""]: readonly string[]): Told {
  const more = (index: string, color: string): Told => (Number(index) < LEDS ? { ...told, leds: { ...leds, [Number(index)]: color } } : { ...told, ...(leds && { leds }) });
  switch (command) {
    // A dark device is lit by a colour; which pattern it has otherwise stays.
    case "led": return { ...told, color: colorDigits(first) ?? DARK, ...(told.pattern === "off" && { pattern: "solid" }) };
    case "pattern": return { ...told, pattern: first };
    case "led_all_off": return { ...told, pattern: "off" };
    case "reset": return told;
    case "spring_param": return { ...told, spring: first };
    case "led_set": return more(first, colorDigits(second) ?? DARK);
    case "led_off": return more(first, DARK);
    case "brightness": return { ...told, ...(leds && { leds }), brightness: first };
    // It starts anew.
    case "ota": return NOTHING;
    default: return { ...told, ...(leds && { leds }) };
  }
}

/** The commands that make a device what it was told, in an order in which none undoes another. */
export function commandsFor({ color, pattern, brightness, spring, leds = {} }: Told): readonly Omit<Order, "to">[] {
  return [
    ...(spring === undefined ? [] : [{ command: "spring_param", parameters: [spring] }]),
    ...(color === undefined ? [] : [{ command: "led", parameters: [color] }]),
    ...(pattern === undefined ? [] : [{ command: "pattern", parameters: [pattern] }]),
    ...Object.entries(leds).map(([index, led]) => ({ command: "led_set", parameters: [index, led] })),
    ...(brightness === undefined ? [] : [{ command: "brightness", parameters: [brightness] }]),
  ];
}

/** Kinds of commands in the order in which they are sent. */
const TURNS = ["spring_param", "led_all_off", "led", "pattern", "led_set", "brightness"];

/** Commands for single devices as few orders: those who get the same get it together. */
export function together(commands: ReadonlyMap<string, readonly Omit<Order, "to">[]>): readonly Order[] {
  const orders = new Map<string, { to: string[]; command: string; parameters: readonly string[] }>();
  for (const [id, each] of [...commands].sort(([one], [other]) => (one < other ? -1 : 1))) {
    for (const { command, parameters } of each) {
      const key = [command, ...parameters].join(":");
      const order = orders.get(key) ?? { to: [], command, parameters };
      order.to.push(id);
      orders.set(key, order);
    }
  }
  return [...orders.values()].sort((one, other) => TURNS.indexOf(one.command) - TURNS.indexOf(other.command));
}

/** The way back from a scene. */
export interface Way {
  readonly orders: readonly Order[];
  /** How many get back what this page had sent them. */
  readonly known: number;
  /** Those that go dark, because this page had sent them nothing for their lights. */
  readonly dark: readonly string[];
  /** Those whose brightness or spring stays, because it is not known what it was. */
  readonly staying: readonly string[];
}

/** The way back for devices of which some parts were changed, to what they had been told before. */
export function wayBack(changed: ReadonlyMap<string, ReadonlySet<Part>>, before: (id: string) => Told): Way {
  const commands = new Map<string, readonly Omit<Order, "to">[]>();
  const dark: string[] = [], staying: string[] = [];
  let known = 0;
  for (const [id, parts] of changed) {
    const told = before(id);
    const isLit = told.color !== undefined || told.pattern !== undefined;
    const isUnknown = parts.has("lights") && !isLit && told.leds === undefined;
    const stays = (parts.has("brightness") && told.brightness === undefined) || (parts.has("spring") && told.spring === undefined);
    // The spring starts the pattern anew, and so takes away what was set one by one.
    const withLights = parts.has("lights") || (parts.has("spring") && told.leds !== undefined);
    const lights: Told = {
      ...(told.color !== undefined && { color: told.color }),
      // Who had a colour and no pattern showed it, as far as anybody knows.
      ...(isLit && { pattern: told.pattern ?? "solid" }),
      ...(told.leds && { leds: told.leds }),
    };
    const back = commandsFor({
      ...(withLights && lights),
      ...(parts.has("brightness") && told.brightness !== undefined && { brightness: told.brightness }),
      ...(parts.has("spring") && told.spring !== undefined && { spring: told.spring }),
    });
    const off = [{ command: "led_all_off", parameters: [] }, { command: "pattern", parameters: ["off"] }];
    commands.set(id, withLights && !isLit ? [...off, ...back] : back);
    if (isUnknown) dark.push(id);
    else if (!stays) known++;
    if (stays) staying.push(id);
  }
  return { orders: together(commands), known, dark: dark.sort(), staying: staying.sort() };
}

function take(told: Map<string, Told>, ids: readonly string[], command: string, parameters: readonly string[]): void {
  if (partOf(command) === undefined && command !== "ota") return;
  for (const id of ids) if (told.has(id) || told.size < MOST_DEVICES) told.set(id, after(told.get(id) ?? NOTHING, command, parameters));
}

/** What devices were told before an act: also by what was sent before it and is answered later. */
export class Before {
  readonly #own: readonly Order[];
  readonly #onBegin: () => void;
  readonly #onEarlier: () => void;
  #told: ReadonlyMap<string, Told> = new Map();
  /** What was sent before and is not answered. */
  #open = new Set<Order>();
  #hasBegun = false;

  constructor(own: readonly Order[], onBegin: () => void, onEarlier: () => void) {
    this.#own = own;
    this.#onBegin = onBegin;
    this.#onEarlier = onEarlier;
  }

  /** Whether something that was sent before is not answered. */
  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  of(id: string): Told {
    return this.#told.get(id) ?? NOTHING;
  }

  /** An order is sent: with the first of its own it stands. */
  begin(order: Order, told: ReadonlyMap<string, Told>, open: ReadonlySet<Order>): void {
    if (this.#hasBegun || !this.#own.includes(order)) return;
    this.#hasBegun = true;
    [this.#told, this.#open] = [new Map(told), new Set(open)];
    this.#onBegin();
  }

  /** An order was written to these. */
  end(order: Order, reached: readonly string[]): void {
    if (!this.#open.delete(order)) return;
    const told = new Map(this.#told);
    take(told, reached, order.command, order.parameters);
    this.#told = told;
    this.#onEarlier();
  }
}

/** What all devices were told. */
export class AllTold {
  readonly #told = new Map<string, Told>();
  /** What is sent and not answered. */
  readonly #open = new Set<Order>();
  readonly #before = new Set<Before>();
  readonly #over = new Set<Before>();

  of(id: string): Told {
    return this.#told.get(id) ?? NOTHING;
  }

  /**
   * What they were told before these orders, which are about to be sent; `onBegin` is called just before the first of them is, and `onEarlier`
   * when something that was sent before them is answered.
   */
  before(orders: readonly Order[], onBegin: () => void, onEarlier = () => {}): Before {
    const before = new Before(orders, onBegin, onEarlier);
    this.#before.add(before);
    return before;
  }

  /** Its orders are answered; what was sent before them may not be yet. */
  over(before: Before): void {
    if (!before.isOpen) this.#before.delete(before);
    else this.#over.add(before);
  }

  /** An order is sent. */
  begin(order: Order): void {
    for (const before of this.#before) before.begin(order, this.#told, this.#open);
    this.#open.add(order);
  }

  /** An order was written to these; elsewhere the same ids are other devices. */
  end(order: Order, reached: readonly string[], isHere: boolean): void {
    this.#open.delete(order);
    for (const before of this.#before) before.end(order, reached);
    for (const before of this.#over) if (!before.isOpen) this.#over.delete(before), this.#before.delete(before);
    if (isHere) this.take(reached, order.command, order.parameters);
  }

  /** A command was written to these. */
  take(ids: readonly string[], command: string, parameters: readonly string[]): void {
    take(this.#told, ids, command, parameters);
  }

  /** Nothing is known of anybody any more. */
  clear(): void {
    this.#told.clear();
  }
}
