// A wearable as far as commands go: what the stock firmware does with each line, and what one then sees. Pure: lines and the time in
// (milliseconds of one clock), states out. The same as the simulator's wearables, but for updates: a page has no firmware to flash.

import { Lights } from "./lights";
import { parsePattern, springOf } from "./pattern";
import { BLACK, color, hex, int, threeBytes } from "./read";
import { MAX_COMMAND_BYTES } from "./slot";

/** What came of a command. */
export type Outcome =
  /** It is done; the state shows it. */
  | { readonly kind: "done" }
  /** The wearable printed this on its serial port. */
  | { readonly kind: "printed"; readonly text: string }
  /** A wearable would now fetch firmware from here. */
  | { readonly kind: "update"; readonly url: string }
  /** Nothing happened: no command that it knows, or a parameter that it can do nothing with. */
  | { readonly kind: "ignored" };

const DONE: Outcome = { kind: "done" };
const IGNORED: Outcome = { kind: "ignored" };

const outcome = (done: boolean): Outcome => (done ? DONE : IGNORED);

export class Wearable {
  readonly lights = new Lights();
  #motorUntilMs = 0;

  /** Whether the motor runs. */
  vibrating(nowMs: number): boolean {
    return nowMs < this.#motorUntilMs;
  }

  /** How long the motor still runs. */
  motorMs(nowMs: number): number {
    return Math.max(0, this.#motorUntilMs - nowMs);
  }

  /** Obeys a line as it arrives from the server: `<command>:<parameters>`. Any text is safe. */
  obey(line: string, nowMs: number): Outcome {
    if (line.length > MAX_COMMAND_BYTES) return IGNORED;
    const [command, parameters] = splitOnce(line);
    const { lights } = this;
    switch (command) {
      case "led":
        lights.setColor(color(parameters));
        return DONE;
      case "pattern": {
        const pattern = parsePattern(parameters.trim());
        if (pattern) lights.play(pattern, nowMs);
        return outcome(pattern !== undefined);
      }
      case "brightness":
        lights.brightness = Math.min(255, Math.max(0, int(parameters)));
        return DONE;
      case "spring_param": {
        const bytes = threeBytes(parameters);
        if (!bytes) return IGNORED;
        lights.spring = springOf(bytes);
        lights.restart(nowMs);
        return DONE;
      }
      case "reset":
        lights.restart(nowMs);
        return DONE;
      case "led_set": {
        // `toInt` makes 0 of nothing, so a missing index is the first LED.
        const [index, rgb] = splitOnce(parameters);
        return outcome(lights.set(int(index), color(rgb)));
      }
      case "led_off":
        return outcome(lights.set(int(parameters), BLACK));
      case "led_all_off":
        lights.allOff();
        return DONE;
      case "vibrate": {
        const durationMs = int(parameters);
        if (durationMs > 0) this.#motorUntilMs = nowMs + durationMs;
        return outcome(durationMs > 0);
      }
      case "led_get_state":
        return { kind: "printed", text: lights.shown(nowMs).map((led, index) => `led ${index}: ${hex(led)}`).join(", ") };
      case "status":
        return { kind: "printed", text: this.#status(nowMs) };
      case "ota":
        return parameters.trim() ? { kind: "update", url: parameters.trim() } : IGNORED;
      default:
        return IGNORED;
    }
  }

  #status(nowMs: number): string {
    const { color, pattern, brightness } = this.lights;
    return `version stock, color ${hex(color)}, pattern ${pattern}, brightness ${brightness}, vibrating ${this.vibrating(nowMs)}`;
  }
}

/** What is before the first colon, and what is after it. */
function splitOnce(text: string): [string, string] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
}
