// The frames as an async iterator: what is new since the last look, the newest of each device, so that a slow loop falls behind by nothing
// and holds at most one frame for each device.

import type { Device } from "./api.js";

/** One loop over the frames. */
export class Newest implements AsyncIterator<Device> {
  /** Devices with something new, the longest waiting first, and whether one was tapped since. */
  readonly #fresh = new Map<Device, boolean>();
  readonly #asking: ((result: IteratorResult<Device>) => void)[] = [];
  readonly #onEnd: (loop: Newest) => void;
  #ended = false;

  constructor(onEnd: (loop: Newest) => void) {
    this.#onEnd = onEnd;
  }

  /** A frame came. */
  offer(device: Device): void {
    this.#fresh.set(device, device.tap || this.#fresh.get(device) === true);
    const ask = this.#asking.shift();
    if (ask) ask(this.#take());
  }

  next(): Promise<IteratorResult<Device>> {
    if (this.#ended || this.#fresh.size > 0) return Promise.resolve(this.#take());
    return new Promise(resolve => void this.#asking.push(resolve));
  }

  return(): Promise<IteratorResult<Device>> {
    this.#ended = true;
    this.#fresh.clear();
    for (const ask of this.#asking.splice(0)) ask(this.#take());
    this.#onEnd(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  #take(): IteratorResult<Device> {
    for (const [device, tap] of this.#fresh) {
      this.#fresh.delete(device);
      return { done: false, value: { ...device, tap } };
    }
    return { done: true, value: undefined };
  }
}
