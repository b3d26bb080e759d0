// The six LEDs: a colour, a pattern that plays it, single LEDs that were set by hand, and a brightness over all.

import { LEDS, type Pattern, type Spring, STOCK_SPRING, light } from "./pattern";
import { BLACK, type Rgb, WHITE } from "./read";

/** When somebody asked for less motion, a pattern stands still at the moment in which one sees most of it. */
const STILL_MS: Record<Pattern, number> = { breathing: 2_000, heartbeat: 100, cycle: 0, spring: 0, solid: 0, off: 0 };

/** What the LEDs show, at any time. As after a start: dark, and white when a pattern is chosen. Times are milliseconds of one clock. */
export class Lights {
  color: Rgb = WHITE;
  pattern: Pattern = "off";
  /** 0 to 255. */
  brightness = 255;
  spring: Spring = STOCK_SPRING;
  /** When the pattern began. */
  #beganMs = 0;
  /** LEDs that were set one by one; they hide the pattern. */
  #byHand: (Rgb | undefined)[] = Array(LEDS);

  /** LEDs that were set one by one, each in its place. */
  get byHand(): readonly (Rgb | undefined)[] {
    return this.#byHand;
  }

  /** One colour for all LEDs. It colours the pattern that plays; dark LEDs are simply lit. */
  setColor(color: Rgb): void {
    this.color = color;
    this.#byHand = Array(LEDS);
    if (this.pattern === "off") this.pattern = "solid";
  }

  play(pattern: Pattern, nowMs: number): void {
    this.pattern = pattern;
    this.restart(nowMs);
  }

  /** The pattern from its beginning, on all LEDs. */
  restart(nowMs: number): void {
    this.#beganMs = nowMs;
    this.#byHand = Array(LEDS);
  }

  /** One LED by hand; `false` when there is no such LED. */
  set(index: number, color: Rgb): boolean {
    if (index < 0 || index >= LEDS) return false;
    this.#byHand[index] = color;
    return true;
  }

  allOff(): void {
    this.pattern = "off";
    this.#byHand = Array(LEDS);
  }

  /** The colours that one sees. */
  shown(nowMs: number): readonly Rgb[] {
    return this.#dimmed(Math.max(0, nowMs - this.#beganMs));
  }

  /** The colours that one sees who wants nothing to move. */
  still(): readonly Rgb[] {
    return this.#dimmed(STILL_MS[this.pattern]);
  }

  #dimmed(sinceMs: number): readonly Rgb[] {
    const brightness = this.brightness / 255;
    return light(this.pattern, sinceMs, this.spring).map((light, led) => {
      const byHand = this.#byHand[led];
      return byHand ? dimmed(byHand, brightness) : dimmed(this.color, light * brightness);
    });
  }
}

/** The colour at a light of 0 to 1. */
function dimmed(color: Rgb, light: number): Rgb {
  const [red, green, blue] = color;
  const part = (value: number) => Math.trunc(value * light + 0.5);
  return light > 0 ? [part(red), part(green), part(blue)] : BLACK;
}
