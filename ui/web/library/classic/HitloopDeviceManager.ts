// The global class HitloopDeviceManager, for apps that load it with a plain script tag, after HitloopDevice.js. Its names and its behaviour
// are a contract with apps of many people: nothing here may change for them.
//
// In one thing it does more than those apps ask for: it comes back by itself when its connection is lost, because a screen on a wall has
// nobody who reloads it. Apps that come back on their own, with connect() in onDisconnect, get along with that: connect() never makes
// a second connection, and each call of it that fails is answered by onDisconnect.

import { defaultUrl, edgeAddress, REGISTRY_PATH, served } from "../address.js";
import type { CommandInfo, Registry } from "../api.js";
import { report } from "../events.js";
import { commandOf, loadRegistry } from "../registry.js";
import { Link } from "../socket.js";
import type Device from "./HitloopDevice.js";

/** As the script before this one defines it, or as the app has replaced it. */
declare const HitloopDevice: typeof Device;

type Value = string | number;

/** Where this script came from. Known only now, while it runs for the first time. */
const script = (globalThis.document?.currentScript as HTMLScriptElement | null)?.src;

const FRAME = /^[0-9a-f]{20}/i;
const PRUNE_EVERY_MS = 1_000;
const PING_AFTER_MS = 10_000;
/** connect() does not keep an app waiting longer than that for a server that does not answer, in milliseconds. */
const CONNECT_WITHIN_MS = 5_000;

/** What there is from connect() to disconnect(). */
interface Session {
  readonly websocketUrl: string;
  readonly pruning: ReturnType<typeof setInterval>;
  /** There once the registry has been looked for. */
  link?: Link;
  /** Whether the app waits to hear of this try; of those that follow by themselves it hears when one succeeds. */
  isAwaited: boolean;
}

/** Beside the managers, since a private field would be out of reach through the proxies of reactive frameworks. */
const sessions = new WeakMap<HitloopDeviceManager, Session>();

/** Calls what belongs to the app. Its mistakes are reported, and do not cost the devices that come after in the same message. */
function guarded(call: () => void): void {
  try {
    call();
  } catch (error) {
    report(error);
  }
}

/** All wearables that an edge hears. */
export default class HitloopDeviceManager {
  ws: WebSocket | null = null;
  websocketUrl: string;
  devices = new Map<string, Device>();
  /** When each device was heard last, as `Date.now()` counts. */
  lastSeen = new Map<string, number>();
  inactiveTimeoutMs = 5000;
  commandsConfig: Registry | null = null;

  constructor(websocketUrl?: string) {
    this.websocketUrl = websocketUrl || defaultUrl(script);
  }

  // For apps to replace or to override.
  onConnect(): void {}
  onDisconnect(): void {}
  onError(_error: unknown): void {}
  onServerMessage(_line: string): void {}
  /** A device is seen for the first time. */
  onDeviceUpdate(_id: string): void {}

  /** Connects, and stays so until disconnect(). It returns when the connection is open or cannot be made, and never rejects. */
  async connect(): Promise<void> {
    const running = sessions.get(this);
    if (running && running.websocketUrl !== this.websocketUrl) end(this);
    const session = sessions.get(this) ?? begin(this);
    session.isAwaited = true;
    try {
      if (!this.commandsConfig) await this.loadCommandsConfig();
    } catch (error) {
      // Only an app's own way of loading it throws.
      report(error);
    }
    // Meanwhile the app may have gone on to something else.
    if (sessions.get(this) !== session) return;
    const address = edgeAddress(this.websocketUrl, {});
    if (address.problem !== undefined) {
      end(this);
      guarded(() => this.onError?.(new Error(address.problem)));
      return;
    }
    const link = session.link ??= attach(this, session, address.url);
    if (link.isOpen) return;
    const opened = settled(link);
    link.start();
    await opened;
  }

  disconnect(): void {
    if (!end(this)) return;
    // Later, as a WebSocket would say so.
    queueMicrotask(() => guarded(() => this.onDisconnect?.()));
  }

  /** Loads the registry from the origin of the page, or from that of this script. */
  async loadCommandsConfig(): Promise<Registry | null> {
    const urls = new Set(served(globalThis.location?.href, script).map(({ origin }) => origin + REGISTRY_PATH));
    try {
      this.setCommandsConfig(await loadRegistry([...urls]));
    } catch (error) {
      console.warn(`HitloopDeviceManager: ${(error as Error).message} Commands cannot be sent without it.`);
    }
    return this.commandsConfig;
  }

  setCommandsConfig(config: Registry | null): void {
    this.commandsConfig = config;
    this.devices.forEach(device => device.setCommandsConfig(config));
  }

  /** Takes a message: frames, and other lines that the server says. */
  handleMessage(data: unknown): void {
    if (typeof data !== "string") return;
    for (const text of data.split("\n")) {
      const line = text.trim();
      if (line === "") continue;
      guarded(() => void (FRAME.test(line) ? this.parseAndUpdateDevice(line) : this.onServerMessage?.(line)));
    }
  }

  /** Takes a frame; `false` when it is none. */
  parseAndUpdateDevice(hex: string): boolean {
    if (typeof hex !== "string" || !FRAME.test(hex)) return false;
    const id = hex.slice(0, 4).toLowerCase();
    const known = this.devices.get(id);
    const device = known ?? new HitloopDevice(id);
    if (!known) this.addDevice(device);
    device.parseHexData(hex);
    this.lastSeen.set(id, Date.now());
    if (!known) this.onDeviceUpdate?.(id);
    return true;
  }

  addDevice(device: Device): void {
    device.setWebSocket(this.ws);
    device.setCommandsConfig(this.commandsConfig);
    this.devices.set(device.id, device);
  }

  removeDevice(id: string): boolean {
    this.lastSeen.delete(id);
    return this.devices.delete(id);
  }

  getDevice(id: string): Device | undefined {
    return this.devices.get(id);
  }

  getAllDevices(): Map<string, Device> {
    return this.devices;
  }

  getDeviceCount(): number {
    return this.devices.size;
  }

  /** Removes the devices that have been silent for too long. One that an app added and nobody has heard stays. */
  pruneInactive(): void {
    const silentSince = Date.now() - this.inactiveTimeoutMs;
    this.lastSeen.forEach((seen, id) => void (seen < silentSince && this.removeDevice(id)));
  }

  sendCommandToDevice(id: string, command: string, ...params: Value[]): boolean {
    return this.devices.get(id)?.sendCommand(command, ...params) ?? false;
  }

  /** Sends a command to each device that is there; returns to how many. */
  sendCommandToAll(command: string, ...params: Value[]): number {
    let sent = 0;
    this.devices.forEach(device => void (device.sendCommand(command, ...params) && sent++));
    return sent;
  }

  getAvailableCommands(): string[] {
    return Object.keys(this.commandsConfig?.commands ?? {});
  }

  getCommandInfo(command: string): CommandInfo | null {
    return (this.commandsConfig?.commands && commandOf(this.commandsConfig, command)) ?? null;
  }

  isValidCommand(command: string): boolean {
    return this.getCommandInfo(command) !== null;
  }
}

function begin(manager: HitloopDeviceManager): Session {
  const pruning = setInterval(() => manager.pruneInactive(), PRUNE_EVERY_MS);
  const session: Session = { websocketUrl: manager.websocketUrl, pruning, isAwaited: true };
  sessions.set(manager, session);
  return session;
}

/** Ends what there is; `false` when there was nothing. */
function end(manager: HitloopDeviceManager): boolean {
  const session = sessions.get(manager);
  if (!session) return false;
  sessions.delete(manager);
  clearInterval(session.pruning);
  session.link?.close();
  manager.ws = null;
  return true;
}

function attach(manager: HitloopDeviceManager, session: Session, url: string): Link {
  const link = new Link(url, { pingAfterMs: PING_AFTER_MS });
  link.on("connecting", raw => {
    manager.ws = raw as WebSocket;
    raw.onerror = error => {
      if (session.isAwaited || link.isOpen) guarded(() => manager.onError?.(error));
    };
  });
  link.on("open", raw => {
    session.isAwaited = false;
    manager.devices.forEach(device => device.setWebSocket(raw as WebSocket));
    link.send("s");
    manager.onConnect?.();
  });
  link.on("message", data => manager.handleMessage(data));
  link.on("down", ({ reason, message, wasOpen, retryInMs }) => {
    const isAwaited = session.isAwaited;
    session.isAwaited = false;
    if (reason === "refused") guarded(() => manager.onError?.(new Error(message)));
    if (retryInMs === undefined && sessions.get(manager) === session) {
      // The server, or the app itself with `ws.close()`, wants it to be over: a new connect() begins anew.
      sessions.delete(manager);
      clearInterval(session.pruning);
    }
    if (wasOpen || isAwaited) manager.onDisconnect?.();
  });
  return link;
}

/** Waits until the try that is under way has come to something, or for as long as an app can be kept waiting. */
const settled = (link: Link): Promise<void> => new Promise(resolve => {
  const timer = setTimeout(done, CONNECT_WITHIN_MS);
  const undo = [link.on("open", done), link.on("down", done)];
  function done(): void {
    clearTimeout(timer);
    for (const end of undo) end();
    resolve();
  }
});
