// Whether somebody else sends under the id of a device. The edge shows us the frames of our own id: those that we did not send are another's.

/** Frames that are remembered while nobody listens; some may still be on their way when listening begins. */
const KEPT = 40;
/** While listening: 20 s of frames on a line that stands still. */
const KEPT_LISTENING = 400;
/** Frames of somebody else that make a clash; fewer can be chance. */
const ENOUGH = 3;

/**
 * Frames come back in the order in which they were sent, each once. A frame that cannot be one of those on their way is somebody else's;
 * and so it is if theirs look just like ours (two pages with the same id, both lying still): then twice as many come back.
 */
export class Echo {
  #sent: string[] = [];
  #listening = false;
  #foreign = 0;

  /** From now on frames may come back. */
  listen(): void {
    this.#listening = true;
    this.#foreign = 0;
  }

  /** No frames come back any more. */
  rest(): void {
    this.#listening = false;
    this.#sent = this.#sent.slice(-KEPT);
  }

  sent(frame: string): void {
    this.#sent.push(frame);
    if (this.#sent.length > (this.#listening ? KEPT_LISTENING : KEPT)) this.#sent.shift();
  }

  /** A frame came: whether by now it is clear that another device sends too. */
  heard(frame: string): boolean {
    const place = this.#sent.indexOf(frame);
    if (place < 0) this.#foreign += 1;
    else this.#sent.splice(0, place + 1);
    return place < 0 && this.#foreign >= ENOUGH;
  }
}
