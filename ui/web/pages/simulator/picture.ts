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

  /** Takes a message of the stream; `false`, with nothing changed, for what is none. */
  take(message: ArrayBuffer): boolean {
    const view = new DataView(message);
    if (view.byteLength < HEADER || view.getUint8(0) !== VERSION) return false;
    const [header, record, count] = [view.getUint8(1), view.getUint8(2), view.getUint32(20, true)];
    if (header < HEADER || record < RECORD || header + count * record > view.byteLength) return false;
    this.#room(count);
    this.count = count;
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
    }
    return true;
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
  }
}

/** An id as people write it. */
export const idOf = (number: number): string => number.toString(16).padStart(4, "0");
