// Server-Sent Events as they come in pieces: texts in, events out. Pure.

/** An event, with its data in one text. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** What may wait for its end, in letters: a `System` is far below this, and nobody else's endless line fills the memory. */
const MOST = 8 * 1024 * 1024;

/** Takes a stream apart, piece by piece. */
export class EventReader {
  #rest = "";

  /** The events that are whole with this piece. */
  read(piece: string): readonly ServerEvent[] {
    const blocks = (this.#rest + piece).split(/\r?\n\r?\n/);
    this.#rest = blocks.pop() ?? "";
    if (this.#rest.length > MOST) this.#rest = "";
    return blocks.map(eventOf).filter(event => event !== undefined);
  }
}

/** The event of a block of lines; `undefined` for one without data, such as a comment that keeps a connection alive. */
function eventOf(block: string): ServerEvent | undefined {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    const [name, value] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
    if (name === "event") event = value;
    else if (name === "data") data.push(value);
  }
  return data.length === 0 ? undefined : { event, data: data.join("\n") };
}
