// The global class HitloopDevice, for apps that load it with a plain script tag. Its names and its behaviour are a contract with apps of
// many people: nothing here may change for them.

import type { CommandInfo, Registry } from "../api.js";
import { COLORS, commandOf } from "../registry.js";
import { formatId, newReading, readFrame, twoDigits } from "../wire.js";

type Value = string | number;
type Rgb = [red: number, green: number, blue: number];

/** A colour as apps give it: a text or three numbers. */
type AnyColor = string | readonly number[];

const OPEN: WebSocket["readyState"] = 1;
const DEVICE_VALUES = ["ax", "ay", "az", "dNW", "dNE", "dSE", "dSW", "tap"] as const;

const rgbOf = (digits: string): Rgb => [0, 2, 4].map(at => parseInt(digits.slice(at, at + 2), 16)) as Rgb;

/** When motors stop. Beside the devices, since a private field would be out of reach through the proxies of reactive frameworks. */
const motorTimers = new WeakMap<HitloopDevice, ReturnType<typeof setTimeout>>();
/** Longest time that a timer can count, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One wearable: what its newest frame said, and a way to command it. */
export default class HitloopDevice {
  id: string;
  color: Rgb;
  motorState: boolean;
  ws: WebSocket | null = null;
  commandsConfig: Registry | null = null;
  ax = 0;
  ay = 0;
  az = 0;
  dNW = 0;
  dNE = 0;
  dSE = 0;
  dSW = 0;
  tap = false;

  constructor(id: string, color: Rgb = [255, 255, 255], motorState = false) {
    this.id = id;
    this.color = color;
    this.motorState = motorState;
  }

  /** Takes the first 20 digits; `false`, and nothing changed, when they are not hex. */
  parseHexData(hex: string): boolean {
    const reading = newReading();
    if (typeof hex !== "string" || !readFrame(hex, 0, reading)) return false;
    this.id = formatId(reading.id);
    for (const name of DEVICE_VALUES) this[name] = reading[name] as never;
    return true;
  }

  setWebSocket(ws: WebSocket | null): void {
    this.ws = ws;
  }

  getSensorData() {
    const { id, ax, ay, az, dNW, dNE, dSE, dSW, tap, color, motorState } = this;
    return { id, ax, ay, az, dNW, dNE, dSE, dSW, tap, color, motorState };
  }

  setCommandsConfig(config: Registry | null): void {
    this.commandsConfig = config;
  }

  /** Whether the registry has the command and these are its parameters. */
  validateCommand(command: string, params: readonly Value[] = []): boolean {
    const known: CommandInfo | undefined = this.commandsConfig?.commands && commandOf(this.commandsConfig, command);
    if (!known || params.length !== (known.parameters ?? []).length) return false;
    const first = String(params[0] ?? "").trim();
    switch (command) {
      case "brightness": return first !== "" && Number(first) >= 0 && Number(first) <= 255;
      case "spring_param": return /^[0-9a-f]{6}$/i.test(first);
      case "vibrate": return first !== "" && Number(first) >= 0;
      default: return true;
    }
  }

  /** Sends a command; `false` when the socket is not open or the command is not valid. */
  sendCommand(command: string, ...params: Value[]): boolean {
    if (this.ws?.readyState !== OPEN) return false;
    if (!this.validateCommand(command, params)) {
      const known = this.commandsConfig !== null;
      const reason = known ? "no such command, or not with these parameters" : "there is no command registry";
      console.warn(`HitloopDevice ${this.id}: ${command} was not sent: ${reason}.`);
      return false;
    }
    this.ws.send(`cmd:${this.id}:${command}:${params.join(":")}`);
    this.updateLocalState(command, params);
    return true;
  }

  /** Keeps what a command does to the device. */
  updateLocalState(command: string, params: readonly Value[]): void {
    if (command === "led") this.color = this.parseColor(String(params[0]));
    if (command !== "vibrate") return;
    clearTimeout(motorTimers.get(this));
    this.motorState = true;
    motorTimers.set(this, setTimeout(() => this.motorState = false, Math.min(Number(params[0]), MAX_TIMER_MS)));
  }

  sendCommandWithParam(command: string, param: Value): boolean {
    return this.sendCommand(command, param);
  }

  sendCommandNoParams(command: string): boolean {
    return this.sendCommand(command);
  }

  /** A name, `#rrggbb` or `rrggbb` as three numbers; white when it is none of them. */
  parseColor(text: string): Rgb {
    const color = String(text).trim().toLowerCase();
    const digits = Object.hasOwn(COLORS, color) ? COLORS[color] : /^#?([0-9a-f]{6})$/.exec(color)?.[1];
    return rgbOf(digits ?? "ffffff");
  }

  setLedOn(index: number, color: AnyColor): boolean {
    const rgb = typeof color === "string" ? this.parseColor(color) : color;
    return this.sendCommand("led_set", index, rgb.map(twoDigits).join(""));
  }

  setLedOff(index: number): boolean {
    return this.sendCommand("led_off", index);
  }

  setAllLedsOff(): boolean {
    return this.sendCommand("led_all_off");
  }

  /** Sets some of the LEDs; `true` when all of them were sent. */
  setMultipleLeds(leds: readonly { index: number; color: AnyColor }[]): boolean {
    return leds.map(({ index, color }) => this.setLedOn(index, color)).every(Boolean);
  }

  /** Has the device print the state of its LEDs on its serial port. */
  getLedState(): boolean {
    return this.sendCommand("led_get_state");
  }
}
