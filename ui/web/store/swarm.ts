// The devices that are there, as numbers in typed arrays: a place for each device, which another one gets when it has left. Frames go into
// them and canvases read them; nothing is allocated for a frame, and nothing is told to anybody. Only who comes and goes is a signal, once
// for each animation frame at most.

import { type ReadonlySignal, signal } from "@preact/signals";
import type { Device } from "../library/api";

/** Samples of acceleration that are kept of each device: 3.2 s at 20 Hz. */
export const HISTORY = 64;
/** How long a tap lights up, in milliseconds. */
export const FLASH_MS = 400;
/** Share of a new reading of a beacon in the one that is kept: they are noisy. */
const NEW_READING = 0.2;
/** Frames in a row without a beacon after which it is not heard any more; fewer are a reading that went missing. */
const MISSING_MOST = 20;
/** Share of a new rate in the one that is shown. */
const NEW_RATE = 0.5;
/** The colour of a device to which nobody sent one. */
export const NO_COLOR = -1;

/** What a command does to the light that one sees of a device: another colour as 0xrrggbb, dark, or lit again in the colour that it has. */
export type Light = number | "off" | "on";

/** How hard something is pulled, in wire units of one g (63.75) from 0 g: a device at rest has 64, whichever way it lies. */
function pull(device: Device): number {
  const [x, y, z] = [device.ax - 127.5, device.ay - 127.5, device.az - 127.5];
  return Math.min(255, Math.round(Math.sqrt(x * x + y * y + z * z)));
}

/** All devices of a space. */
export class Swarm {
  readonly #places = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #ids = signal<readonly string[]>([]);
  readonly #soon: (call: () => void) => void;
  #told = true;
  #lookedMs = 0;
  #room = 0;

  /** When the newest frame came, in milliseconds of `performance.now()`. */
  seenMs = new Float64Array(0);
  /** When the last tap began; far in the past when there was none. */
  tappedMs = new Float64Array(0);
  /** Frames since the device is there. */
  frames = new Uint32Array(0);
  /** Frames a second. */
  rate = new Float32Array(0);
  /** Nearness of the beacons in wire units, smoothed: NW, NE, SE, SW of each device; 0 is one that is not heard. */
  beacons = new Float32Array(0);
  /** The LED colour that was sent last, as 0xrrggbb, or `NO_COLOR`. */
  color = new Int32Array(0);
  /** The colour that it has in the dark too. */
  #lit = new Int32Array(0);
  /** The newest acceleration: three bytes for each device. */
  acceleration = new Uint8Array(0);
  /** `HISTORY` samples for each device, a ring that begins at `frames % HISTORY`. */
  history = new Uint8Array(0);
  #tapping = new Uint8Array(0);
  #missing = new Uint8Array(0);
  #before = new Uint32Array(0);

  /** `soon` calls once, before the next picture. */
  constructor(soon: (call: () => void) => void = call => void requestAnimationFrame(call)) {
    this.#soon = soon;
  }

  /** Who is there, in the order of their ids. */
  get ids(): ReadonlySignal<readonly string[]> {
    return this.#ids;
  }

  /** Where the numbers of a device are; `undefined` when it is not there. */
  place(id: string): number | undefined {
    return this.#places.get(id);
  }

  /** Takes a frame. */
  take(device: Device): void {
    const place = this.#places.get(device.id) ?? this.#add(device);
    this.seenMs[place] = device.seenMs;
    const sample = pull(device);
    const frames = this.frames[place] ?? 0;
    this.history[place * HISTORY + (frames % HISTORY)] = sample;
    this.frames[place] = frames + 1;
    this.acceleration[place * 3] = device.ax;
    this.acceleration[place * 3 + 1] = device.ay;
    this.acceleration[place * 3 + 2] = device.az;
    // A tap lasts for some frames, and is one.
    if (device.tap && !this.#tapping[place]) this.tappedMs[place] = device.seenMs;
    this.#tapping[place] = device.tap ? 1 : 0;
    this.#hear(place * 4, device.dNW);
    this.#hear(place * 4 + 1, device.dNE);
    this.#hear(place * 4 + 2, device.dSE);
    this.#hear(place * 4 + 3, device.dSW);
  }

  /** A device has left. */
  leave(id: string): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    this.#free.push(place);
    this.#tell();
  }

  /** Everybody has left. */
  clear(): void {
    for (const id of [...this.#places.keys()]) this.leave(id);
  }

  /** Keeps the light that was sent to a device, or to all that are there. */
  paint(target: string, light: Light): void {
    for (const id of target === "all" ? this.#places.keys() : [target]) {
      const place = this.#places.get(id);
      if (place === undefined) continue;
      if (typeof light === "number") this.#lit[place] = light;
      this.color[place] = light === "off" ? 0 : (this.#lit[place] ?? NO_COLOR);
    }
  }

  /** Counts the rates anew; to be called about once a second. What it returns is that of all together, in frames a second. */
  look(nowMs: number): number {
    const seconds = (nowMs - this.#lookedMs) / 1_000;
    let all = 0;
    this.#lookedMs = nowMs;
    for (const place of this.#places.values()) {
      const frames = this.frames[place] ?? 0;
      const before = this.#before[place] ?? 0;
      this.#before[place] = frames;
      const rate = (frames - before) / seconds;
      const known = this.rate[place] ?? 0;
      this.rate[place] = known === 0 ? rate : known + (rate - known) * NEW_RATE;
      all += rate;
    }
    return all;
  }

  /** Takes a reading of a beacon into what is kept of it. */
  #hear(beacon: number, reading: number): void {
    const known = this.beacons[beacon] ?? 0;
    if (reading > 0) {
      this.#missing[beacon] = 0;
      this.beacons[beacon] = known === 0 ? reading : known + (reading - known) * NEW_READING;
    } else if (known > 0) {
      const missing = (this.#missing[beacon] ?? 0) + 1;
      this.#missing[beacon] = missing;
      if (missing > MISSING_MOST) this.beacons[beacon] = 0;
    }
  }

  #add(device: Device): number {
    const place = this.#free.pop() ?? this.#places.size;
    if (place >= this.#room) this.#grow(Math.max(64, this.#room * 2));
    this.#places.set(device.id, place);
    this.beacons.fill(0, place * 4, place * 4 + 4);
    this.frames[place] = this.#before[place] = this.rate[place] = this.#tapping[place] = 0;
    this.tappedMs[place] = -Infinity;
    this.color[place] = this.#lit[place] = NO_COLOR;
    this.history.fill(pull(device), place * HISTORY, (place + 1) * HISTORY);
    this.#tell();
    return place;
  }

  #grow(room: number): void {
    const more = <A extends { set(from: A): void }>(now: A, make: (length: number) => A, each = 1): A => {
      const grown = make(room * each);
      grown.set(now);
      return grown;
    };
    this.seenMs = more(this.seenMs, length => new Float64Array(length));
    this.tappedMs = more(this.tappedMs, length => new Float64Array(length));
    this.frames = more(this.frames, length => new Uint32Array(length));
    this.#before = more(this.#before, length => new Uint32Array(length));
    this.rate = more(this.rate, length => new Float32Array(length));
    this.beacons = more(this.beacons, length => new Float32Array(length), 4);
    this.#missing = more(this.#missing, length => new Uint8Array(length), 4);
    this.color = more(this.color, length => new Int32Array(length));
    this.#lit = more(this.#lit, length => new Int32Array(length));
    this.#tapping = more(this.#tapping, length => new Uint8Array(length));
    this.acceleration = more(this.acceleration, length => new Uint8Array(length), 3);
    this.history = more(this.history, length => new Uint8Array(length), HISTORY);
    this.#room = room;
  }

  /** Soon: a thousand that come at once are told once. */
  #tell(): void {
    if (!this.#told) return;
    this.#told = false;
    this.#soon(() => {
      this.#told = true;
      this.#ids.value = [...this.#places.keys()].sort();
    });
  }
}
