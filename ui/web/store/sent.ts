// The commands that this page sent, and what became of them; bounded, the oldest are forgotten.

import { signal } from "@preact/signals";

/** Commands that are remembered. */
const MOST = 2_000;

/** One command. */
export interface SentCommand {
  readonly number: number;
  readonly at: Date;
  /** A device, or `all`. */
  readonly to: string;
  /** As the device gets it: `led:ff8000`. */
  readonly text: string;
  /** `undefined` while no answer has come. */
  readonly ok: boolean | undefined;
  /** The answer, in words. */
  readonly words: string;
}

export class Sent {
  /** The oldest first. */
  #commands: SentCommand[] = [];
  #count = 0;
  readonly #changes = signal(0);

  /** A command goes out; what it returns takes its answer. */
  add(to: string, text: string): (ok: boolean, words: string) => void {
    const number = this.#count++;
    const command: SentCommand = { number, at: new Date(), to, text, ok: undefined, words: "on its way" };
    this.#commands.push(command);
    if (this.#commands.length > MOST) this.#commands = this.#commands.slice(-MOST / 2);
    this.#changes.value++;
    return (ok, words) => {
      const place = number - (this.#commands[0]?.number ?? 0);
      if (place < 0) return;
      this.#commands[place] = { ...command, ok, words };
      this.#changes.value++;
    };
  }

  /** Those to a device, also by way of `all`, the newest first; so many at most. */
  to(id: string, most: number): readonly SentCommand[] {
    this.#changes.value;
    const found: SentCommand[] = [];
    for (let place = this.#commands.length - 1; place >= 0 && found.length < most; place--) {
      const command = this.#commands[place];
      if (command && (command.to === id || command.to === "all")) found.push(command);
    }
    return found;
  }
}
