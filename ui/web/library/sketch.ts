// A connection in the manner of p5.js: `draw()` asks for what there is, in units that a sketch can draw with. Nothing of p5 is needed.

import type { CommandAnswer, Device, GroupLoop, LinkState, Sketch, SketchDevice } from "./api.js";
import { floorPosition } from "./position.js";
import { toG, twoDigits } from "./wire.js";

/** A tap that nobody has asked for is forgotten after so many milliseconds, so that none fires long after. */
const TAP_KEPT_MS = 1_000;

/** One device as a sketch sees it. */
class View implements SketchDevice {
  readonly id: string;
  readonly #device: Device;
  readonly #now: () => number;
  #wasDown = false;
  #taps = 0;
  #tappedAt = 0;

  constructor(device: Device, now: () => number) {
    this.id = device.id;
    this.#device = device;
    this.#now = now;
  }

  get ax(): number { return toG(this.#device.ax); }
  get ay(): number { return toG(this.#device.ay); }
  get az(): number { return toG(this.#device.az); }
  get dNW(): number { return this.#device.dNW / 255; }
  get dNE(): number { return this.#device.dNE / 255; }
  get dSE(): number { return this.#device.dSE / 255; }
  get dSW(): number { return this.#device.dSW / 255; }
  get x(): number { return floorPosition(this.#device).x; }
  get y(): number { return floorPosition(this.#device).y; }
  get tap(): boolean { return this.#device.tap; }
  get ageMs(): number { return this.#now() - this.#device.seenMs; }

  /** A frame came: a tap begins where the one before was not tapped. */
  noteFrame(): void {
    const { tap, seenMs } = this.#device;
    if (tap && !this.#wasDown) {
      this.#taps = this.#pending() + 1;
      this.#tappedAt = seenMs;
    }
    this.#wasDown = tap;
  }

  /** Takes one tap away, if there is one. */
  takeTap(): boolean {
    const pending = this.#pending();
    this.#taps = Math.max(0, pending - 1);
    return pending > 0;
  }

  #pending(): number {
    return this.#now() - this.#tappedAt > TAP_KEPT_MS ? 0 : this.#taps;
  }
}

/** Colours of all kinds as the text of a command. */
function colorText(color: Parameters<Sketch["led"]>[1]): string {
  if (typeof color === "string") return color;
  const [red = 0, green = red, blue = red] = "levels" in color ? color.levels : color;
  return [red, green, blue].map(twoDigits).join("");
}

/** A sketch on a connection. */
export class SketchOf implements Sketch {
  readonly connection: GroupLoop;
  readonly #views = new Map<string, View>();
  #listed: readonly View[] | undefined;

  constructor(connection: GroupLoop, now: () => number = () => performance.now()) {
    this.connection = connection;
    connection.on("join", device => {
      this.#views.set(device.id, new View(device, now));
      this.#listed = undefined;
    });
    connection.on("leave", ({ id }) => {
      this.#views.delete(id);
      this.#listed = undefined;
    });
    connection.on("frame", ({ id }) => this.#views.get(id)?.noteFrame());
    connection.on("problem", problem => console.warn(`GroupLoop: ${problem}`));
  }

  get state(): LinkState {
    return this.connection.state;
  }

  get devices(): readonly SketchDevice[] {
    return this.#listed ??= [...this.#views.values()];
  }

  device(id: string): SketchDevice | undefined {
    return this.#views.get(id.toLowerCase());
  }

  tapped(device: string | SketchDevice): boolean {
    return this.#views.get(idOf(device))?.takeTap() ?? false;
  }

  led(target: string | SketchDevice, color: Parameters<Sketch["led"]>[1]): void {
    tell(this.connection.send(idOf(target), "led", colorText(color)));
  }

  vibrate(target: string | SketchDevice, duration_ms = 200): void {
    tell(this.connection.send(idOf(target), "vibrate", Math.round(duration_ms)));
  }

  close(): void {
    this.connection.close();
  }
}

const idOf = (device: string | SketchDevice): string => (typeof device === "string" ? device.toLowerCase() : device.id);

/** A sketch does not wait for answers; whoever looks at the console learns of those that are none. */
function tell(answer: Promise<CommandAnswer>): void {
  void answer.then(({ ok, message }) => ok || console.warn(`GroupLoop: ${message}`));
}
