// Pictures of the swarms that are drawn: a WebSocket for each. Which ones is said again and again, once a second, and that is also what
// brings one back that ended.

import { streamUrl } from "./api";
import { Picture } from "./picture";

/** Pictures a second. */
const RATE = 30;
/** Devices that a stream draws at most. */
export const MOST_DRAWN = 2_000;
/** Swarms that are drawn at a time: a simulator has 16 streams, and there may be other pages. */
export const MOST_STREAMS = 6;
/** Times that a stream is not opened again after it failed, at most; each failure doubles them. */
const MOST_SKIPPED = 8;

/** A swarm that is drawn. */
export interface Drawn {
  readonly name: string;
  readonly picture: Picture;
  /** When the newest picture came, in milliseconds by this page's clock; `undefined` before the first. */
  atMs: number | undefined;
}

interface Stream extends Drawn {
  socket: WebSocket | undefined;
  failures: number;
  skip: number;
}

/** The streams of a page. */
export class Streams {
  readonly #streams = new Map<string, Stream>();
  readonly #arrived: () => void;
  readonly #open: (url: string) => WebSocket;

  /** `arrived` is called for each picture. */
  constructor(arrived: () => void, open = (url: string) => new WebSocket(url)) {
    this.#arrived = arrived;
    this.#open = open;
  }

  /** Those that have a picture, in the order in which they were asked for. */
  *drawn(): Iterable<Drawn> {
    for (const stream of this.#streams.values()) if (stream.atMs !== undefined) yield stream;
  }

  /** Those that were not given, more than once: other pages may have all the streams that there are. */
  get refused(): readonly string[] {
    return [...this.#streams.values()].filter(({ atMs, failures }) => atMs === undefined && failures > 1).map(({ name }) => name);
  }

  /** Draws these from now on, and no others. */
  want(names: readonly string[]): void {
    for (const [name, stream] of this.#streams) {
      if (names.includes(name)) continue;
      this.#streams.delete(name);
      stream.socket?.close(1000);
    }
    for (const name of names.slice(0, MOST_STREAMS)) {
      const stream = this.#streams.get(name) ?? { name, picture: new Picture(), atMs: undefined, socket: undefined, failures: 0, skip: 0 };
      this.#streams.set(name, stream);
      if (stream.socket) continue;
      if (stream.skip > 0) stream.skip--;
      else this.#connect(stream);
    }
  }

  #connect(stream: Stream): void {
    const socket = this.#open(streamUrl(stream.name, RATE, MOST_DRAWN));
    socket.binaryType = "arraybuffer";
    stream.socket = socket;
    socket.onmessage = ({ data }) => {
      const nowMs = performance.now();
      if (stream.socket !== socket || !(data instanceof ArrayBuffer) || !stream.picture.take(data, nowMs)) return;
      stream.failures = 0;
      stream.atMs = nowMs;
      this.#arrived();
    };
    socket.onclose = () => {
      if (stream.socket !== socket) return;
      stream.socket = undefined;
      // What it showed is no longer so.
      stream.atMs = undefined;
      stream.skip = Math.min(MOST_SKIPPED, 2 ** stream.failures - 1);
      stream.failures++;
    };
  }
}
