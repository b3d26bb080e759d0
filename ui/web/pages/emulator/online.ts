// A virtual device on its connection: frames out, commands in, and whether somebody else sends under its id. One connection for each device,
// as wearables have it, because a command does not say which device it is for.

import { signal } from "@preact/signals";
import { Body, type Heard } from "../../device/body";
import { describe } from "../../device/describe";
import { Echo } from "../../device/echo";
import type { LinkState, Reading } from "../../library/api";
import { type Down, Link } from "../../library/socket";
import { encodeFrame, encodeSubscribe, newReading, parseCommand, readMessage } from "../../library/wire";

/** Bytes that may wait to be sent: beyond it a frame is left out, since an old one has no value. A second of frames. */
const MAX_WAITING_BYTES = 512;
/** Without a frame that left for so long, an open connection is stale. */
const STALE_AFTER_MS = 1_000;
/** After so much silence the server is asked whether it is there. A phone changes networks without saying goodbye. */
const PING_AFTER_MS = 2_500;
/** Listening for others costs the edge a look at every frame of the space, so it is done for a while, now and then. */
const LISTEN_MS = 4_000;
const LISTEN_EVERY_MS = 20_000;
/** Commands that are kept for the list. */
const MOST_COMMANDS = 30;
/** What a server answers to this page itself: no commands, so a wearable must not see them. */
const ANSWERS = new Set(["stream", "id", "cmd"]);

/** A command that came, and what the device made of it. */
export interface Entry extends Heard {
  readonly key: number;
  readonly at: Date;
}

export class Online {
  readonly body = new Body();
  readonly id = signal("");
  readonly state = signal<LinkState>("disconnected");
  /** Milliseconds since the newest frame left. */
  readonly ageMs = signal<number | undefined>(undefined);
  /** How the last connection ended, while there is no other. */
  readonly down = signal<Down | undefined>(undefined);
  /** The newest first. */
  readonly commands = signal<readonly Entry[]>([]);
  /** What its LEDs do, in words. */
  readonly words = signal("dark");
  readonly vibrating = signal(false);
  /** Another device sends under this id too. */
  readonly clash = signal(false);

  #link: Link | undefined;
  #sentMs = -Infinity;
  #count = 0;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #echo = new Echo();
  #listening = false;
  #listenChangeMs = Infinity;
  #foreignMs = -Infinity;
  readonly #reading: Reading = newReading();

  /** `vibrate` is called when the motor starts, with its duration. */
  constructor(id: string, private readonly vibrate: (durationMs: number) => void) {
    this.id.value = id;
  }

  /** Whether frames leave now. */
  get isOpen(): boolean {
    return this.#link?.isOpen ?? false;
  }

  /** Leaves the server of before, and connects to this one. */
  connect(url: string): void {
    this.close();
    const link = new Link(url, { pingAfterMs: PING_AFTER_MS });
    this.#link = link;
    link.on("open", () => {
      this.down.value = undefined;
      this.#listen();
    });
    link.on("down", down => {
      this.down.value = down;
      this.#listening = false;
      this.#listenChangeMs = Infinity;
      this.#show(performance.now());
    });
    link.on("message", message => this.#take(message));
    link.start();
  }

  /** Connects now: it waits for its next try, or has given up. */
  again(): void {
    this.#link?.start();
  }

  /** Sends under another id from now on; on a new connection, because the id of before belongs to the old one for as long as that stands. */
  rename(id: string): void {
    this.id.value = id;
    this.#echo = new Echo();
    this.#foreignMs = -Infinity;
    if (this.#link) this.connect(this.#link.url);
  }

  /** So many frames are due. */
  beat(frames: number, nowMs: number): void {
    for (let frame = 0; frame < frames; frame++) this.#send(nowMs);
    this.#note(this.body.look(nowMs));
    if (nowMs >= this.#listenChangeMs) this.#changeListening(nowMs);
    this.#show(nowMs);
  }

  close(): void {
    clearTimeout(this.#looking);
    this.#looking = undefined;
    this.#link?.close();
    this.#link = undefined;
    this.#listening = false;
    this.#listenChangeMs = Infinity;
    this.#sentMs = -Infinity;
    this.clash.value = false;
    this.#show(performance.now());
  }

  #send(nowMs: number): void {
    const frame = encodeFrame(this.body.reading(parseInt(this.id.value, 16), nowMs));
    const link = this.#link;
    if (!link || (link.raw?.bufferedAmount ?? 0) > MAX_WAITING_BYTES || !link.send(frame)) return;
    this.#echo.sent(frame);
    this.#sentMs = nowMs;
  }

  #take(message: string): void {
    readMessage(
      message,
      this.#reading,
      reading => this.#hearFrame(encodeFrame(reading)),
      line => {
        const command = parseCommand(line)?.command;
        if (command !== undefined && !ANSWERS.has(command)) this.#hear(line);
      },
    );
  }

  #hear(line: string): void {
    const nowMs = performance.now();
    this.#note(this.body.hear(line, nowMs));
    clearTimeout(this.#looking);
    const due = this.body.lookMs;
    // A timer may be a little early, so it looks at the moment for which it was set.
    if (due !== undefined) this.#looking = setTimeout(() => this.#note(this.body.look(Math.max(due, performance.now()))), due - nowMs);
  }

  #note(heard: readonly Heard[]): void {
    if (heard.length === 0) return;
    const nowMs = performance.now();
    const entries = heard.map(one => ({ ...one, key: this.#count++, at: new Date() })).reverse();
    this.commands.value = [...entries, ...this.commands.value].slice(0, MOST_COMMANDS);
    const { wearable } = this.body;
    this.words.value = describe(wearable.lights);
    if (heard.some(({ line, outcome }) => line.startsWith("vibrate:") && outcome.kind === "done")) {
      this.vibrate(wearable.motorMs(nowMs));
    }
    this.#show(nowMs);
  }

  /** The frames of its own id come back from now on, and those of others under it. */
  #listen(): void {
    this.#link?.send(encodeSubscribe({ devices: [this.id.value] }));
    this.#echo.listen();
    this.#listening = true;
    this.#listenChangeMs = performance.now() + LISTEN_MS;
  }

  #changeListening(nowMs: number): void {
    if (!this.#listening) {
      this.#listen();
    } else if (nowMs - this.#foreignMs < LISTEN_MS) {
      // For as long as there is another, it listens on, to notice when that one has gone.
      this.#listenChangeMs = nowMs + 500;
    } else {
      this.clash.value = false;
      this.#link?.send("u");
      this.#echo.rest();
      this.#listening = false;
      this.#listenChangeMs = nowMs + LISTEN_EVERY_MS * (0.75 + Math.random() / 2);
    }
  }

  #hearFrame(frame: string): void {
    if (!frame.startsWith(this.id.value) || !this.#echo.heard(frame)) return;
    this.#foreignMs = performance.now();
    this.clash.value = true;
  }

  #show(nowMs: number): void {
    const ageMs = nowMs - this.#sentMs;
    this.state.value = !this.isOpen ? "disconnected" : ageMs < STALE_AFTER_MS ? "live" : "stale";
    // In tenths of a second, so that a page that shows it is not drawn for each frame.
    this.ageMs.value = Number.isFinite(ageMs) ? Math.floor(ageMs / 100) * 100 : undefined;
    this.vibrating.value = this.body.wearable.vibrating(nowMs);
  }
}
