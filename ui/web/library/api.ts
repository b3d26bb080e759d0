// The public types of grouploop.js: everything that an app can say to the library and hear from it. No code, no imports.

/** One parameter of a command, as version 2 of `commands.json` describes it. Without `type` any text that is not empty fits. */
export interface ParameterSchema {
  readonly name?: string;
  readonly type?: "int" | "color" | "enum" | "duration_ms" | "hex" | "url";
  readonly min?: number;
  readonly max?: number;
  readonly values?: readonly string[];
  readonly digits?: number;
  readonly unit?: string;
  readonly default?: string | number;
}

/** One command of the registry. */
export interface CommandInfo {
  readonly handler?: string;
  readonly parameters?: readonly string[];
  readonly schema?: readonly ParameterSchema[];
  readonly description?: string;
  readonly examples?: readonly string[];
}

/** The commands that exist: what the CDN serves as `commands.json`. */
export interface Registry {
  readonly commands: Readonly<Record<string, CommandInfo>>;
}

/**
 * Where a connection stands. `live`: open, and a frame came within the last `staleAfterMs`; `stale`: open, and none did;
 * `disconnected`: not open, and trying again unless it was closed.
 */
export type LinkState = "live" | "stale" | "disconnected";

/** What a viewer subscribes to. */
export interface SubscribeOptions {
  /** Only these devices, 4 hex digits each, 1 to 1,024; all of them when it is left out. */
  readonly devices?: readonly string[];
  /** At most so many messages a second, 1 to 100, with the newest frame of each device; every frame when it is left out. */
  readonly rate?: number;
}

/** How an app connects. */
export interface ConnectOptions extends SubscribeOptions {
  /** The group's own world of ids, `[a-z0-9-]{1,32}`; `main` when it is left out. */
  readonly space?: string;
  /** Sent as `?token=`, for servers that ask for one. */
  readonly token?: string;
  /** The registry itself, or where it is; the CDN's, seen from this page, when it is left out. */
  readonly registry?: Registry | string;
  /** Milliseconds without a frame until the state is `stale`; 2,000 when it is left out. */
  readonly staleAfterMs?: number;
  /** Milliseconds without a frame until a device has left; 5,000 when it is left out. */
  readonly goneAfterMs?: number;
  /** Milliseconds until a command without an answer has failed; 10,000 when it is left out. */
  readonly answerWithinMs?: number;
}

/** What one frame says, in bytes: see `Device` for what they mean. */
export interface Reading {
  /** The device id as a number. */
  id: number;
  ax: number;
  ay: number;
  az: number;
  dNW: number;
  dNE: number;
  dSE: number;
  dSW: number;
  tap: boolean;
}

/** A device as its newest frame says it is. The same object for as long as the device is there; its fields change. */
export interface Device {
  /** 4 hex digits, lower case. */
  readonly id: string;
  /** Acceleration in bytes: 0 is -2 g, 128 about 0 g, 255 is 2 g. */
  readonly ax: number;
  readonly ay: number;
  readonly az: number;
  /** Nearness of the four beacons in bytes: 0 is -100 dBm, 255 is -40 dBm. */
  readonly dNW: number;
  readonly dNE: number;
  readonly dSE: number;
  readonly dSW: number;
  /** Whether the newest frame says that it was tapped. */
  readonly tap: boolean;
  /** When the newest frame came, as `performance.now()` counts. */
  readonly seenMs: number;
  /** Frames since it is there. */
  readonly frames: number;
}

/** What a command came to. */
export interface CommandAnswer {
  /** Whether it was written to the device, or to all there are. */
  readonly ok: boolean;
  /**
   * The server's line after `cmd:`, such as `result:success` or `error:unknown_command`. From the library itself come errors with which
   * nothing was sent (`error:invalid_target`, `error:missing_parameters`, `error:invalid_parameter`, `error:too_long`,
   * `error:not_connected`, `error:too_many`), and two with which it may have arrived: `error:connection_lost`, `error:no_answer`.
   */
  readonly answer: string;
  /** Devices that it was written to: 1 or 0, or the count for `all`. */
  readonly count: number;
  /** The same as a plain sentence for people. */
  readonly message: string;
}

/** A colour: a name (red, green, blue, white, yellow, cyan, magenta, orange), `#rrggbb`, `#rgb`, or `rrggbb`. */
export type Color = string;

/** The commands of the stock firmware, each as a function. A registry with more commands has more of them: declare those here. */
export interface Commands {
  led(target: string, color: Color): Promise<CommandAnswer>;
  pattern(
    target: string,
    pattern_name: "breathing" | "heartbeat" | "cycle" | "spring" | "solid" | "off",
  ): Promise<CommandAnswer>;
  brightness(target: string, level: number): Promise<CommandAnswer>;
  spring_param(target: string, hex_string: string): Promise<CommandAnswer>;
  reset(target: string): Promise<CommandAnswer>;
  vibrate(target: string, duration: number): Promise<CommandAnswer>;
  led_set(target: string, index: number, color: Color): Promise<CommandAnswer>;
  led_off(target: string, index: number): Promise<CommandAnswer>;
  led_all_off(target: string): Promise<CommandAnswer>;
  led_get_state(target: string): Promise<CommandAnswer>;
  status(target: string): Promise<CommandAnswer>;
  ota(target: string, url: string): Promise<CommandAnswer>;
}

/** What happens on a connection, and what a listener gets. */
export interface GroupLoopEvents {
  /** The state is another one. */
  readonly state: LinkState;
  /** A device sent a frame. Called for each frame: keep it short. */
  readonly frame: Device;
  /** A device is there that was not. */
  readonly join: Device;
  /** A device has been silent for `goneAfterMs`, or the connection was closed. */
  readonly leave: Device;
  /** A line that is no frame and no answer to a command: the greeting, `stream:on`. */
  readonly message: string;
  /** Something went wrong, in a sentence for people: a registry that does not load, a URL that cannot be, a close code with its cause. */
  readonly problem: string;
}

/**
 * One connection to an edge, which comes back by itself.
 *
 * `for await (const device of hub)` gives each device whose frame is new, as a copy of that moment. A loop that is slower than the frames
 * gets the newest of each device, with a tap of those in between; it ends when the connection is closed.
 */
export interface GroupLoop extends AsyncIterable<Device> {
  /** Where it connects to. */
  readonly url: string;
  readonly state: LinkState;
  /** What keeps it from being connected, in a sentence for people; `undefined` while nothing does. */
  readonly problem: string | undefined;
  /** Milliseconds since the newest frame; `undefined` before the first. */
  readonly ageMs: number | undefined;
  /** The devices that are there, by id. */
  readonly devices: ReadonlyMap<string, Device>;
  /** The registry, once it has loaded; rejects with the reason when it cannot. */
  readonly registry: Promise<Registry>;
  /** Calls the listener from now on; what it returns ends that. */
  on<K extends keyof GroupLoopEvents>(event: K, listener: (detail: GroupLoopEvents[K]) => void): () => void;
  /** Calls the listener with each frame of one device as it came, 20 lower-case hex digits; what it returns ends that. */
  watch(id: string, listener: (frame: string) => void): () => void;
  /**
   * Sends a command to a device, or to `all`. The answer comes in the order of the commands; it is `{ok: false}` with a reason, and not
   * an exception, when the connection is not open, ends before the answer, or the parameters do not fit the registry.
   */
  send(target: string, command: string, ...parameters: readonly (string | number)[]): Promise<CommandAnswer>;
  /** The commands as functions: `commands.led("1a2b", "orange")` is `send("1a2b", "led", "orange")`. */
  readonly commands: Commands;
  /** Ends it for good. */
  close(): void;
}

/** What happens to a page that is a device, and what a listener gets. */
export interface DeviceLinkEvents {
  /** It is connected: frames arrive from now on. */
  readonly open: undefined;
  /** The connection ended, or could not be made: a sentence for people, and the pause until the next try, if there is one. */
  readonly down: { readonly message: string; readonly retryInMs: number | undefined };
  /** A command, as `led` and `ff0000`. */
  readonly command: { readonly command: string; readonly parameters: string };
}

/** A device's connection to an edge, which comes back by itself. A page with several devices has one for each: a command names none. */
export interface DeviceLink {
  /** Where it connects to. */
  readonly url: string;
  readonly isOpen: boolean;
  /** Frames that were not sent, because the connection was not open or too slow. */
  readonly dropped: number;
  /** Calls the listener from now on; what it returns ends that. */
  on<K extends keyof DeviceLinkEvents>(event: K, listener: (detail: DeviceLinkEvents[K]) => void): () => void;
  /** Sends a frame; `false` when it was dropped. The newest connection to send one for an id gets its commands. */
  send(reading: Readonly<Reading>): boolean;
  /** Ends it for good. */
  close(): void;
}

/** A device in the units of a sketch, as its newest frame says it is. The same object for as long as the device is there. */
export interface SketchDevice {
  readonly id: string;
  /** Acceleration in g, -2 to 2. A device that lies still has 1 g straight down. */
  readonly ax: number;
  readonly ay: number;
  readonly az: number;
  /** Nearness of the four beacons, 0 (far) to 1 (near). */
  readonly dNW: number;
  readonly dNE: number;
  readonly dSE: number;
  readonly dSW: number;
  /** Where it is between the beacons, as far as they tell: 0, 0 is north-west, 1, 1 south-east. */
  readonly x: number;
  readonly y: number;
  /** Whether it is being tapped, for as long as its frames say so. */
  readonly tap: boolean;
  /** Milliseconds since its newest frame. */
  readonly ageMs: number;
}

/** A connection in the manner of p5.js: to be asked from `draw()`, without callbacks. */
export interface Sketch {
  /** The connection itself, with everything that a sketch seldom needs. */
  readonly connection: GroupLoop;
  readonly state: LinkState;
  /** The devices that are there, the longest there first. */
  readonly devices: readonly SketchDevice[];
  /** One of them, by its id. */
  device(id: string): SketchDevice | undefined;
  /** Whether it was tapped: `true` once for each tap. A tap that nobody asks for within a second is forgotten. */
  tapped(device: string | SketchDevice): boolean;
  /** Sets the LEDs of a device, or of `all`: a colour as a text, as `[red, green, blue]`, or as p5's `color()` gives it. */
  led(target: string | SketchDevice, color: Color | readonly number[] | { readonly levels: readonly number[] }): void;
  /** Runs the motor of a device, or of `all`, for so many milliseconds. */
  vibrate(target: string | SketchDevice, duration_ms?: number): void;
  /** Ends it for good. */
  close(): void;
}
