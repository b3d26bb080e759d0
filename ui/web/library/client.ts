// A connection as an app sees it: the devices that are there, commands and their answers, and whether what one sees is live.

import { defaultUrl, edgeAddress, registryUrls } from "./address.js";
import { Answers, failed } from "./answers.js";
import type {
  CommandAnswer, Commands, ConnectOptions, Device, GroupLoop, GroupLoopEvents, LinkState, Reading, Registry,
} from "./api.js";
import { Emitter } from "./events.js";
import { Newest } from "./newest.js";
import { checkCommand, commandOf, loadRegistry, readRegistry } from "./registry.js";
import { Link, systemClock, type Down, type LinkOptions } from "./socket.js";
import {
  byteLength, encodeCommand, encodeSubscribe, formatId, frameAt, MAX_MESSAGE_BYTES, newReading, parseId, readMessage,
} from "./wire.js";

/** How often it is looked whether the state is another one and who has left, in milliseconds. */
const LOOK_EVERY_MS = 250;
/** Silence after which a viewer asks the server whether it is there, in milliseconds. */
const PING_AFTER_MS = 10_000;
const MAX_DEVICES = 1024, MAX_RATE = 100;

/** A device that is there. A class, and all of its fields from the start: engines make each frame ten times as fast by that. */
class Seen implements Device {
  readonly id: string;
  ax = 0;
  ay = 0;
  az = 0;
  dNW = 0;
  dNE = 0;
  dSE = 0;
  dSW = 0;
  tap = false;
  seenMs: number;
  frames = 0;

  constructor(id: string, seenMs: number) {
    this.id = id;
    this.seenMs = seenMs;
  }
}

/** What is wrong with the options, in a sentence for people. */
function problemOf({ devices, rate }: ConnectOptions): string | undefined {
  const count = devices?.length;
  if (count === 0 || (count ?? 1) > MAX_DEVICES) return `devices must be 1 to ${MAX_DEVICES} ids, not ${count}.`;
  const bad = devices?.find(id => parseId(id) === undefined);
  if (bad !== undefined) return `"${bad}" is no device id: it must be 4 hex digits such as 1a2b.`;
  const fits = rate === undefined || (Number.isInteger(rate) && rate >= 1 && rate <= MAX_RATE);
  return fits ? undefined : `rate must be a whole number from 1 to ${MAX_RATE}, not ${rate}.`;
}

/** The registry that the options name; by default that of the CDN. */
async function loadedFrom(given: Registry | string | undefined, script: string | undefined): Promise<Registry> {
  if (typeof given === "object") return readRegistry(given);
  return loadRegistry(given === undefined ? registryUrls(script) : [given]);
}

/** One connection. */
export class Client implements GroupLoop {
  readonly url: string;
  readonly devices = new Map<string, Device>();
  readonly registry: Promise<Registry>;
  readonly commands: Commands;
  readonly #options: ConnectOptions;
  readonly #clock;
  readonly #events = new Emitter<GroupLoopEvents>();
  readonly #byNumber = new Map<number, Seen>();
  readonly #loops = new Set<Newest>();
  /** Who wants the digits of which device, by its id. */
  readonly #watchers = new Emitter<Readonly<Record<string, string>>>();
  readonly #answers: Answers;
  readonly #link: Link;
  #known: Registry | undefined;
  #state: LinkState = "disconnected";
  #problem: string | undefined;
  #frameAt: number | undefined;
  #cancelLook = () => {};
  #closed = false;

  constructor(url: string | undefined, options: ConnectOptions, script: string | undefined, link: LinkOptions = {}) {
    this.#options = options;
    this.#clock = link.clock ?? systemClock;
    this.#answers = new Answers(this.#clock, options.answerWithinMs ?? 10_000);
    this.commands = new Proxy({} as Commands, {
      get: (_, name) => typeof name === "string" && name !== "then"
        ? (target: string, ...parameters: (string | number)[]) => this.send(target, name, ...parameters)
        : undefined,
    });
    this.registry = loadedFrom(options.registry, script);
    this.registry.then(
      registry => this.#known = registry,
      ({ message }: Error) => this.#closed || this.#events.emit("problem", message),
    );
    const address = edgeAddress(url ?? defaultUrl(script), options);
    this.url = address.url;
    this.#problem = address.problem ?? problemOf(options);
    this.#link = new Link(this.url, { pingAfterMs: PING_AFTER_MS, ...link });
    this.#link.on("open", () => this.#onOpen());
    this.#link.on("down", down => this.#onDown(down));
    const reading = newReading();
    const onFrame = (reading: Readonly<Reading>, text: string, start: number) => this.#onFrame(reading, text, start);
    const onLine = (line: string) => this.#onLine(line);
    this.#link.on("message", message => readMessage(message, reading, onFrame, onLine));
    // Once the app has had the time to listen.
    queueMicrotask(() => this.#start());
  }

  get state(): LinkState {
    return this.#state;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  get ageMs(): number | undefined {
    return this.#frameAt === undefined ? undefined : this.#clock.now() - this.#frameAt;
  }

  on<K extends keyof GroupLoopEvents>(event: K, listener: (detail: GroupLoopEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  watch(id: string, listener: (frame: string) => void): () => void {
    return this.#watchers.on(id.toLowerCase(), listener);
  }

  async send(target: string, command: string, ...parameters: readonly (string | number)[]): Promise<CommandAnswer> {
    if (target !== "all" && parseId(target) === undefined) {
      return failed("invalid_target", `"${target}" is no device: it must be 4 hex digits such as 1a2b, or all.`);
    }
    // A command that is not known here may be known to the server, whose registry is the newer one.
    if (this.#known && commandOf(this.#known, command)) {
      const checked = checkCommand(this.#known, command, parameters.join(":"));
      if (checked.error) return failed(checked.error, checked.message);
    }
    if (!this.#link.isOpen) return failed("not_connected");
    if (!this.#answers.hasRoom) return failed("too_many");
    const text = encodeCommand(target, command, parameters);
    // A longer message would be the end of the connection.
    if (byteLength(text) > MAX_MESSAGE_BYTES) return failed("too_long");
    this.#link.send(text);
    return this.#answers.expect();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelLook();
    this.#link.close();
    this.#answers.end();
    for (const loop of this.#loops) void loop.return();
    for (const device of this.#byNumber.values()) this.#leave(device);
    this.#settle();
  }

  [Symbol.asyncIterator](): AsyncIterator<Device> {
    const loop = new Newest(ended => this.#loops.delete(ended));
    if (this.#closed) void loop.return();
    else this.#loops.add(loop);
    return loop;
  }

  #start(): void {
    if (this.#closed) return;
    if (this.#problem !== undefined) return this.#events.emit("problem", this.#problem);
    this.#link.start();
    this.#look();
  }

  #onOpen(): void {
    this.#problem = undefined;
    this.#link.send(encodeSubscribe(this.#options));
    this.#settle();
  }

  #onDown({ wasOpen, message, retryInMs }: Down): void {
    this.#answers.end();
    this.#settle();
    const isNews = wasOpen || this.#problem !== message;
    this.#problem = retryInMs === undefined ? `${message} It does not try again.` : message;
    if (isNews) this.#events.emit("problem", this.#problem);
  }

  #onFrame(reading: Readonly<Reading>, text: string, start: number): void {
    // A listener may have closed it in the middle of a message.
    if (this.#closed) return;
    const now = this.#clock.now();
    this.#frameAt = now;
    const known = this.#byNumber.get(reading.id);
    const device = known ?? new Seen(formatId(reading.id), now);
    device.ax = reading.ax;
    device.ay = reading.ay;
    device.az = reading.az;
    device.dNW = reading.dNW;
    device.dNE = reading.dNE;
    device.dSE = reading.dSE;
    device.dSW = reading.dSW;
    device.tap = reading.tap;
    device.seenMs = now;
    device.frames++;
    if (this.#state !== "live") this.#settle();
    if (known === undefined) {
      this.#byNumber.set(reading.id, device);
      this.devices.set(device.id, device);
      this.#events.emit("join", device);
    }
    for (const loop of this.#loops) loop.offer(device);
    this.#events.emit("frame", device);
    if (this.#watchers.has(device.id)) this.#watchers.emit(device.id, frameAt(text, start));
  }

  #onLine(line: string): void {
    if (this.#answers.take(line)) return;
    if (line.startsWith("stream:error:")) this.#events.emit("problem", `The server refuses the subscription: ${line}.`);
    else this.#events.emit("message", line);
  }

  #leave(device: Device): void {
    this.#byNumber.delete(parseInt(device.id, 16));
    this.devices.delete(device.id);
    this.#events.emit("leave", device);
  }

  #look(): void {
    const goneBefore = this.#clock.now() - (this.#options.goneAfterMs ?? 5_000);
    for (const device of this.#byNumber.values()) if (device.seenMs < goneBefore) this.#leave(device);
    this.#settle();
    this.#cancelLook = this.#clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  #settle(): void {
    const isLive = (this.ageMs ?? Infinity) <= (this.#options.staleAfterMs ?? 2_000);
    const state = !this.#link.isOpen ? "disconnected" : isLive ? "live" : "stale";
    if (state === this.#state) return;
    this.#state = state;
    this.#events.emit("state", state);
  }
}
