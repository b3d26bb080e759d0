// A page's connection as a viewer and controller: its state as signals, its devices in a swarm. It follows the server that the page is for.

import { effect, signal, type ReadonlySignal } from "@preact/signals";
import { connect } from "../library/grouploop";
import type { CommandAnswer, GroupLoop, LinkState, Registry } from "../library/api";
import { colorDigits, loadRegistry } from "../library/registry";
import { type Outcome, type Receivers, sendBatch } from "./batch";
import { Sent } from "./sent";
import { type Light, Swarm } from "./swarm";

/** How often the page's clock moves, in milliseconds. */
const TICK_MS = 250;
/** Ticks from one look at the registry to the next, while there is one and while there is none. */
const REFRESH_TICKS = 240, RETRY_TICKS = 20;
/** What a connection checks commands by: nothing, for the form has done so, and so does the server. */
const NO_REGISTRY: Registry = { commands: {} };

/** What a command does to the light of LEDs, of one of them at least; `undefined` when it does nothing to it. */
export function lightSent(command: string, [first = "", second = ""]: readonly string[]): Light | undefined {
  if (command === "led_all_off" || (command === "pattern" && first === "off")) return "off";
  if (command === "pattern") return "on";
  const digits = command === "led" ? colorDigits(first) : command === "led_set" ? colorDigits(second) : undefined;
  return digits === undefined ? undefined : parseInt(digits, 16);
}

/** What a page shows of a connection, and does with it. */
export class Watching {
  readonly swarm = new Swarm();
  /** What was sent from here. */
  readonly sent = new Sent();
  readonly #state = signal<LinkState>("disconnected");
  readonly #ageMs = signal<number | undefined>(undefined);
  readonly #problem = signal<string | undefined>(undefined);
  readonly #rate = signal(0);
  readonly #registry = signal<Registry | undefined>(undefined);
  readonly #registryProblem = signal<string | undefined>(undefined);
  readonly #registryUrl: string;
  /** Another number makes another connection. */
  readonly #tries = signal(0);
  readonly #hub = signal<GroupLoop | undefined>(undefined);

  /** `registryUrl` is where the command registry is. */
  constructor(registryUrl: string) {
    this.#registryUrl = registryUrl;
  }

  get state(): ReadonlySignal<LinkState> {
    return this.#state;
  }

  /** Milliseconds since the newest frame. */
  get ageMs(): ReadonlySignal<number | undefined> {
    return this.#ageMs;
  }

  /** Frames a second, of all devices together. */
  get rate(): ReadonlySignal<number> {
    return this.#rate;
  }

  /** What keeps the page from being connected, in a sentence. */
  get problem(): ReadonlySignal<string | undefined> {
    return this.#problem;
  }

  /** The last registry that loaded. */
  get registry(): ReadonlySignal<Registry | undefined> {
    return this.#registry;
  }

  /** Why there is none, or only an old one. */
  get registryProblem(): ReadonlySignal<string | undefined> {
    return this.#registryProblem;
  }

  /** Follows an address from now on; what it returns ends that. */
  start(url: ReadonlySignal<string>): () => void {
    const unfollow = effect(() => {
      this.#tries.value;
      const hub = this.#open(url.value);
      return () => {
        hub.close();
        this.swarm.clear();
      };
    });
    void this.loadRegistry();
    let ticks = 0;
    const timer = setInterval(() => {
      ticks++;
      this.#settle();
      if (ticks % 4 === 0) this.#rate.value = Math.round(this.swarm.look(performance.now()));
      const isKnown = this.#registryProblem.peek() === undefined;
      if (ticks % (isKnown ? REFRESH_TICKS : RETRY_TICKS) === 0) void this.loadRegistry();
    }, TICK_MS);
    return () => {
      unfollow();
      clearInterval(timer);
    };
  }

  /** Connects anew, at once. */
  again(): void {
    this.#tries.value++;
  }

  /** Asks for the registry once more. The one that is known stays until another has loaded. */
  async loadRegistry(): Promise<void> {
    try {
      const registry = await loadRegistry([this.#registryUrl]);
      // A form is made anew for another registry, and not for the same one again.
      if (JSON.stringify(registry) !== JSON.stringify(this.#registry.peek())) this.#registry.value = registry;
      this.#registryProblem.value = undefined;
    } catch (error) {
      this.#registryProblem.value = (error as Error).message;
    }
  }

  /** Calls the listener with each frame of one device as it came, over whatever connection there is; what it returns ends that. */
  watch(id: string, listener: (frame: string) => void): () => void {
    return effect(() => this.#hub.value?.watch(id, listener));
  }

  /** Sends a command; what it does to LEDs is kept with the device. */
  async send(target: string, command: string, parameters: readonly string[]): Promise<CommandAnswer> {
    const hub = this.#hub.peek();
    if (!hub) return { ok: false, answer: "error:not_connected", count: 0, message: "There is no connection." };
    const answered = this.sent.add(target === "all" ? target : [target], [command, ...parameters].join(":"));
    const { ok, message, ...answer } = await hub.send(target, command, ...parameters);
    answered(() => ({ ok, words: message }));
    if (ok) this.#paint([target], command, parameters);
    return { ok, message, ...answer };
  }

  /**
   * Sends a command to several devices, or to all, of the server and space at `url`, as one request with one answer; `signal` ends it. Where
   * the page is, nothing is tried without a connection.
   */
  async sendMany(url: string, to: Receivers, command: string, parameters: readonly string[], signal: AbortSignal): Promise<Outcome> {
    const hub = this.#hub.peek();
    const isGone = hub === undefined || (hub.url === url && hub.state === "disconnected");
    const answered = this.sent.add(to, [command, ...parameters].join(":"));
    const outcome: Outcome = isGone
      ? { reached: [], missed: to === "all" ? [] : to, unknown: [], problem: "Not sent: there is no connection.", isUnsent: true }
      : await sendBatch(url, to, command, parameters, signal);
    // Meanwhile the page may be elsewhere, where the same ids are other devices.
    if (this.#hub.peek()?.url === url) this.#paint(outcome.reached, command, parameters);
    const [reached, missed] = [new Set(outcome.reached), new Set(outcome.missed)];
    answered(id => {
      if (reached.has(id)) return { ok: true, words: "Written to the device." };
      return { ok: false, words: outcome.problem ?? (missed.has(id) ? "It is not connected, or took no command." : "It was not there.") };
    });
    return outcome;
  }

  #paint(targets: readonly string[], command: string, parameters: readonly string[]): void {
    const light = lightSent(command, parameters);
    if (light === undefined) return;
    for (const target of targets) this.swarm.paint(target, light);
  }

  #open(url: string): GroupLoop {
    const hub = connect(url, { registry: NO_REGISTRY });
    this.#hub.value = hub;
    hub.on("frame", device => this.swarm.take(device));
    hub.on("leave", ({ id }) => this.swarm.leave(id));
    hub.on("state", () => this.#settle());
    hub.on("problem", () => this.#settle());
    this.#settle();
    return hub;
  }

  #settle(): void {
    const hub = this.#hub.peek();
    this.#state.value = hub?.state ?? "disconnected";
    this.#ageMs.value = hub?.ageMs;
    this.#problem.value = hub?.state === "disconnected" ? hub.problem : undefined;
  }
}
