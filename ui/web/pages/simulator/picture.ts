// One picture of a swarm as its stream sends it (`docs/simulator.md`), in columns that are filled anew by the next one. Pure.

/** What a device does, by the number in a picture. */
export const MOTIONS = ["flock", "walk", "dance", "rest", "free"] as const;

/** Bits of `flags`. */
export const PRESENT = 1, TAPPED = 2, VIBRATING = 4, UPDATING = 8;

/** Colours of the LEDs of a device: three bytes each, six of them. */
export const LED_BYTES = 18;

/** The only version that there is. */
const VERSION = 1;
/** Bytes that are known of a header and of a record; more may follow. */
const HEADER = 24, RECORD = 28;
/** A pause between two pictures that is longer is none that one goes through slowly, in milliseconds. */
const LONGEST_SPAN_MS = 100;

/** The devices of one swarm as they were last seen. */
export class Picture {
  /** Devices in it; the columns may be longer. */
  count = 0;
  /** Devices of the swarm. */
  devices = 0;
  /** Since the swarm began. */
  atMs = 0;
  widthM = 1;
  depthM = 1;
  ids = new Uint16Array(0);
  flags = new Uint8Array(0);
  motions = new Uint8Array(0);
  /** Shares of the floor, from the west and from the north. */
  x = new Float32Array(0);
  y = new Float32Array(0);
  /** In metres over its usual height. */
  lift = new Float32Array(0);
  leds = new Uint8Array(0);
  /** When a tap was last seen, by the clock of `take`. */
  tappedMs = new Float64Array(0);
  /** When it came, and how long after the one before, by that clock. */
  cameMs = -Infinity;
  spanMs = 0;
  /** The places of the picture before. */
  #fromX = new Float32Array(0);
  #fromY = new Float32Array(0);

  /** Takes a message of the stream; `false`, with nothing changed, for what is none. */
  take(message: ArrayBuffer, nowMs: number): boolean {
    const view = new DataView(message);
    if (view.byteLength < HEADER || view.getUint8(0) !== VERSION) return false;
    const [header, record, count] = [view.getUint8(1), view.getUint8(2), view.getUint32(20, true)];
    if (header < HEADER || record < RECORD || header + count * record > view.byteLength) return false;
    this.#room(count);
    this.#fromX.set(this.x);
    this.#fromY.set(this.y);
    // Who was not there has come from nowhere.
    const before = count === this.count ? count : 0;
    this.count = count;
    this.spanMs = Math.min(LONGEST_SPAN_MS, nowMs - this.cameMs);
    this.cameMs = nowMs;
    this.atMs = view.getUint32(4, true);
    this.widthM = view.getFloat32(8, true);
    this.depthM = view.getFloat32(12, true);
    this.devices = view.getUint32(16, true);
    const bytes = new Uint8Array(message);
    for (let place = 0, at = header; place < count; place++, at += record) {
      this.ids[place] = view.getUint16(at, true);
      this.flags[place] = view.getUint8(at + 2);
      this.motions[place] = view.getUint8(at + 3);
      this.x[place] = view.getUint16(at + 4, true) / 65_535;
      this.y[place] = view.getUint16(at + 6, true) / 65_535;
      this.lift[place] = view.getInt16(at + 8, true) / 1_000;
      this.leds.set(bytes.subarray(at + 10, at + 10 + LED_BYTES), place * LED_BYTES);
      if (this.flags[place]! & TAPPED) this.tappedMs[place] = nowMs;
      if (place >= before) {
        this.#fromX[place] = this.x[place]!;
        this.#fromY[place] = this.y[place]!;
        this.tappedMs[place] = this.flags[place]! & TAPPED ? nowMs : -Infinity;
      }
    }
    return true;
  }

  /** How far between the picture before and this one the present is: a picture is gone to, not jumped to. */
  progress(nowMs: number): number {
    return this.spanMs > 0 ? Math.min(1, Math.max(0, (nowMs - this.cameMs) / this.spanMs)) : 1;
  }

  /** Where a device is on that way, in shares of the floor. */
  xAt(place: number, progress: number): number {
    const from = this.#fromX[place]!;
    return from + (this.x[place]! - from) * progress;
  }

  yAt(place: number, progress: number): number {
    const from = this.#fromY[place]!;
    return from + (this.y[place]! - from) * progress;
  }

  /** The colour that a device shines in, all its lit LEDs together, as 0xrrggbb; 0 when it is dark. */
  shineOf(place: number): number {
    let [red, green, blue, lit] = [0, 0, 0, 0];
    for (let at = place * LED_BYTES; at < (place + 1) * LED_BYTES; at += 3) {
      const [r, g, b] = [this.leds[at]!, this.leds[at + 1]!, this.leds[at + 2]!];
      if (r + g + b === 0) continue;
      [red, green, blue, lit] = [red + r, green + g, blue + b, lit + 1];
    }
    return lit === 0 ? 0 : (Math.round(red / lit) << 16) | (Math.round(green / lit) << 8) | Math.round(blue / lit);
  }

  /** Longer columns, with some room, so that a growing swarm does not get new ones each time. */
  #room(count: number): void {
    if (count <= this.ids.length) return;
    const size = Math.ceil(count * 1.25);
    this.ids = new Uint16Array(size);
    this.flags = new Uint8Array(size);
    this.motions = new Uint8Array(size);
    this.x = new Float32Array(size);
    this.y = new Float32Array(size);
    this.lift = new Float32Array(size);
    this.leds = new Uint8Array(size * LED_BYTES);
    this.tappedMs = new Float64Array(size).fill(-Infinity);
    this.#fromX = new Float32Array(size);
    this.#fromY = new Float32Array(size);
  }
}

/** An id as people write it. */
export const idOf = (number: number): string => number.toString(16).padStart(4, "0");
