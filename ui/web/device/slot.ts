// The single command slot of the stock firmware: it keeps only the last message and looks at it every 10 ms.

/** How often the firmware looks. */
export const LOOK_EVERY_MS = 10;
/** Longest command that an edge sends, in bytes. */
export const MAX_COMMAND_BYTES = 4_096;

/** One message that waits for the firmware's next look: at each whole 10 ms of the clock that is passed in. */
export class CommandSlot {
  #waiting: { readonly line: string; readonly untilMs: number } | undefined;

  /**
   * A message arrives. `seen` is the one before it when that was looked at in the meantime and nobody took it: obey that first;
   * `lost` is one that nobody will ever look at.
   */
  put(line: string, nowMs: number): { readonly seen: string | undefined; readonly lost: string | undefined } {
    const seen = this.take(nowMs);
    if (line.length > MAX_COMMAND_BYTES) return { seen, lost: `${line.slice(0, 40)}…` };
    const lost = this.#waiting?.line;
    this.#waiting = { line, untilMs: (Math.floor(nowMs / LOOK_EVERY_MS) + 1) * LOOK_EVERY_MS };
    return { seen, lost };
  }

  /** The message that the firmware has looked at by now. */
  take(nowMs: number): string | undefined {
    const waiting = this.#waiting;
    if (!waiting || waiting.untilMs > nowMs) return undefined;
    this.#waiting = undefined;
    return waiting.line;
  }

  /** When to `take` next, if there is anything to take. */
  get dueMs(): number | undefined {
    return this.#waiting?.untilMs;
  }
}
