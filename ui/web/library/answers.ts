// Which answer belongs to which command. They come in the order of the commands and carry nothing else to be known by.

import type { CommandAnswer } from "./api.js";
import type { Clock } from "./socket.js";
import { parseAnswer } from "./wire.js";

/** Commands that may wait for their answers at the same time. */
export const MAX_WAITING = 1024;

/** What answers mean, for people. */
const MEANINGS: Readonly<Record<string, string>> = {
  "result:success": "Written to the device.",
  "result:failed": "No such device is connected, or it does not take commands.",
  "error:invalid_format": "A command needs a target and a name.",
  "error:unknown_command": "The server knows no such command.",
  "error:missing_parameters": "A parameter is missing.",
  "error:invalid_parameter": "A parameter does not fit.",
  "error:too_long": "The command is too long.",
  "error:not_connected": "Not sent: there is no connection.",
  "error:too_many": `Not sent: ${MAX_WAITING} commands wait for their answers.`,
  "error:connection_lost": "The connection ended before the answer; it may have arrived.",
  "error:no_answer": "The server did not answer in time; it may have arrived.",
};

/** The answer with its sentence. */
function explained(said: Omit<CommandAnswer, "message">): CommandAnswer {
  const written = said.count === 1 ? "1 device" : `${said.count} devices`;
  const message = MEANINGS[said.answer] ?? (said.ok ? `Written to ${written}.` : `The server says ${said.answer}.`);
  return { ...said, message };
}

/** A failure that is known here. */
export const failed = (reason: string, message?: string): CommandAnswer => {
  const answer = explained({ ok: false, answer: `error:${reason}`, count: 0 });
  return message === undefined ? answer : { ...answer, message };
};

/** The commands of one connection that wait for their answers. */
export class Answers {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #waiting: ((answer: CommandAnswer) => void)[] = [];

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** Whether one more may wait. */
  get hasRoom(): boolean {
    return this.#waiting.length < MAX_WAITING;
  }

  /** The answer to the command that was just sent. It always comes: after the time limit it is a failure. */
  expect(): Promise<CommandAnswer> {
    return new Promise(resolve => {
      // One that is out of time keeps its place: its answer may still come, and must not be taken for that of the next.
      const cancel = this.#clock.after(this.#limitMs, () => resolve(failed("no_answer")));
      this.#waiting.push(answer => {
        cancel();
        resolve(answer);
      });
    });
  }

  /** Takes a line; `false` when it is no answer. One that nobody waits for is dropped. */
  take(line: string): boolean {
    const said = parseAnswer(line);
    if (said) this.#waiting.shift()?.(explained(said));
    return said !== undefined;
  }

  /** The connection has ended: no answer will come any more. */
  end(): void {
    for (const settle of this.#waiting.splice(0)) settle(failed("connection_lost"));
  }
}
