// What the simulator is asked, and answers.

import { config } from "../../design/config";
import { Refusal, told } from "./refusal";

/** How long the simulator may take, in milliseconds. Whoever stops a swarm waits until its devices have left. */
const PATIENCE_MS = 10_000;

/** A definition, or a change of one, as `docs/simulator.md` has it. */
export interface Definition {
  readonly [key: string]: unknown;
}

export interface Figures {
  readonly present: number;
  readonly frames_scheduled: number;
  readonly frames_sent: number;
  readonly frames_late: number;
  readonly frames_skipped: number;
  readonly frames_dropped: Readonly<Record<string, number>>;
  readonly bytes_sent: number;
  readonly messages_sent: number;
  readonly commands_received: number;
  readonly commands_ignored: number;
  readonly commands_lost_in_slot: number;
}

export interface Swarm {
  readonly name: string;
  readonly status: "waiting" | "running" | "finished" | "stopped";
  readonly devices: number;
  readonly definition: Definition;
  readonly figures: Figures;
  readonly connections?: { readonly open: number; readonly lost: number };
}

export interface Health {
  readonly status: "ok" | "degraded" | "draining";
  readonly node: string;
  readonly started_unix_ms: number;
  readonly bus: { readonly engine: string; readonly state: "up" | "away" };
}

export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly text: string;
  readonly swarms: readonly { readonly name: string; readonly space: string; readonly devices: number }[];
}

/** A device as `/devices/<id>` tells it. */
export interface Seen {
  readonly present: boolean;
  readonly body: {
    readonly device: string;
    readonly x: number;
    readonly y: number;
    readonly lift: number;
    readonly motion: string;
    readonly tapped: boolean;
  };
  readonly wearable: {
    readonly activity: string;
    readonly leds: readonly string[];
    readonly color: string;
    readonly pattern: string;
    readonly brightness: number;
    readonly vibrating: boolean;
    readonly version: string | null;
  };
}

/** A recording of the simulator's folder. */
export interface Recording {
  readonly name: string;
  readonly status: "recording" | "kept" | "unreadable";
  readonly space?: string;
  readonly started_unix_ms?: number;
  readonly duration_ms?: number;
  readonly bytes?: number;
  readonly frames?: number;
  readonly devices?: number;
  readonly dropped?: number;
  readonly ended_by?: "duration" | "max_bytes" | "failure" | null;
  readonly problem?: string | null;
}

export interface Replay {
  readonly number: number;
  readonly recording: string;
  readonly space: string;
  readonly speed: number;
  readonly loop: boolean;
  readonly status: "playing" | "finished" | "stopped" | "failed";
  readonly problem: string | null;
  readonly played_ms: number;
  readonly duration_ms: number;
  readonly rounds: number;
  readonly frames: number;
  readonly late: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly devices: number;
}

/** What the settings of the simulator allow; no recordings at all when that is 0. */
export interface TapeLimits {
  readonly recordings: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly replays: number;
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const { simulatorBaseUrl } = config;
  let response: Response;
  try {
    response = await fetch(`${simulatorBaseUrl}${path}`, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Refusal(`The simulator does not answer at ${simulatorBaseUrl}.`, 0);
  }
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as Parameters<typeof told>[0];
  throw new Refusal(told(said, response.status), response.status, said.mistakes?.length ? said.mistakes : undefined);
}

async function read<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await ask(path, init);
  try {
    return (await response.json()) as T;
  } catch {
    throw new Refusal(`What answers at ${config.simulatorBaseUrl} is no simulator.`, 0);
  }
}

const body = (method: string, value: unknown, type = "application/json"): RequestInit => ({
  method, headers: { "Content-Type": type }, body: JSON.stringify(value),
});

const place = (name: string): string => `/api/swarms/${encodeURIComponent(name)}`;

export const health = (): Promise<Health> => read("/health");
export const swarms = async (): Promise<readonly Swarm[]> => (await read<{ swarms: readonly Swarm[] }>("/api/swarms")).swarms;
export const start = (definition: Definition): Promise<Swarm> => read("/api/swarms", body("POST", definition));
export const change = (name: string, patch: Definition): Promise<Swarm> =>
  read(place(name), body("PATCH", patch, "application/merge-patch+json"));
export const stop = async (name: string): Promise<void> => void (await ask(place(name), { method: "DELETE" }));
export const device = (name: string, id: string): Promise<Seen> => read(`${place(name)}/devices/${encodeURIComponent(id)}`);
export const scenarios = async (): Promise<readonly Scenario[]> => (await read<{ scenarios: readonly Scenario[] }>("/api/scenarios")).scenarios;
export const startScenario = async (name: string): Promise<readonly Swarm[]> =>
  (await read<{ swarms: readonly Swarm[] }>(`/api/scenarios/${encodeURIComponent(name)}`, { method: "POST" })).swarms;

/** Where pictures of a swarm come from. */
export const streamUrl = (name: string, rate: number, limit: number): string =>
  `${config.simulatorBaseUrl.replace(/^http/, "ws")}${place(name)}/stream?rate=${rate}&limit=${limit}`;

const tape = (name: string): string => `/api/recordings/${encodeURIComponent(name)}`;

export const recordings = (): Promise<{ readonly recordings: readonly Recording[]; readonly limits: TapeLimits }> => read("/api/recordings");
export const replays = async (): Promise<readonly Replay[]> => (await read<{ replays: readonly Replay[] }>("/api/replays")).replays;
export const record = (wanted: Definition): Promise<Recording> => read("/api/recordings", body("POST", wanted));
export const stopRecording = (name: string): Promise<Recording> => read(`${tape(name)}/stop`, { method: "POST" });
export const remove = async (name: string): Promise<void> => void (await ask(tape(name), { method: "DELETE" }));
export const play = (wanted: Definition): Promise<Replay> => read("/api/replays", body("POST", wanted));
export const stopReplay = async (number: number): Promise<void> => void (await ask(`/api/replays/${number}`, { method: "DELETE" }));
