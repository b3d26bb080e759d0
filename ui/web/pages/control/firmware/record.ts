// A rollout as the CDN records it, and as people say it. Pure. docs/rollouts.md tells of the record.

import { fieldsOf } from "../../../store/space";

/** Where a rollout is. */
export type RolloutState = "waiting" | "running" | "paused" | "stopping" | "aborting" | "done" | "stopped" | "aborted";

const STATES: readonly string[] = ["waiting", "running", "paused", "stopping", "aborting", "done", "stopped", "aborted"] satisfies RolloutState[];

/** Where a device is. */
export type DeviceState = "waiting" | "asked" | "downloading" | "rebooting" | "back" | "done" | "failed" | "skipped";

/** In the order in which people want to see them: what went wrong, what happens now, what is still to come, what is done. */
export const DEVICE_STATES = ["failed", "asked", "downloading", "rebooting", "back", "skipped", "waiting", "done"] as const satisfies readonly DeviceState[];

/** Between being told and the outcome. */
export const UNDER_WAY: readonly DeviceState[] = ["asked", "downloading", "rebooting", "back"];

/** The canary or a wave. */
export interface Stage {
  readonly name: string;
  readonly devices: number;
  /** More failures than this stop the rollout. */
  readonly maxFailed: number;
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One device. */
export interface RolloutDevice {
  readonly id: string;
  readonly stage: number;
  readonly state: DeviceState;
  readonly runs: "old" | "new" | "unknown";
  readonly bytes: number | undefined;
  readonly size: number | undefined;
  /** In words. */
  readonly reason: string | undefined;
  readonly changedMs: number | undefined;
}

/** A rollout without its devices, as lists have it. Times are in milliseconds since 1970. */
export interface Rollout {
  readonly id: string;
  readonly madeMs: number;
  readonly beganMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly board: string;
  readonly version: string;
  readonly url: string;
  readonly state: RolloutState;
  /** What somebody asked for last. */
  readonly wanted: "run" | "pause" | "abort";
  readonly note: string | undefined;
  readonly retryOf: string | undefined;
  /** The CDN that runs it. */
  readonly runner: string | undefined;
  readonly stages: readonly Stage[];
  readonly counts: Readonly<Record<DeviceState, number>>;
  /** Of all stages. */
  readonly total: number;
}

/** All of it. */
export interface RolloutRecord extends Rollout {
  readonly devices: readonly RolloutDevice[];
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const count = (value: unknown): number | undefined => (typeof value === "number" && Number.isFinite(value) ? value : undefined);
const list = (value: unknown): readonly Readonly<Record<string, unknown>>[] => (Array.isArray(value) ? value.map(fieldsOf) : []);

/** A rollout as the CDN tells it; `undefined` for what is none. */
export function readRollout(value: unknown): Rollout | undefined {
  const said = fieldsOf(value);
  const [id, state, wanted] = [text(said["id"]), text(said["state"]), text(said["wanted"])];
  if (id === undefined || state === undefined || !STATES.includes(state)) return undefined;
  const firmware = fieldsOf(said["firmware"]);
  const stages = list(said["stages"]).map(stage => ({
    name: text(stage["name"]) ?? "", devices: count(stage["devices"]) ?? 0, maxFailed: count(stage["max_failed"]) ?? 0,
    done: count(stage["done"]) ?? 0, failed: count(stage["failed"]) ?? 0, skipped: count(stage["skipped"]) ?? 0,
  }));
  const counts = fieldsOf(said["counts"]);
  return {
    id,
    madeMs: count(said["made_ms"]) ?? 0, beganMs: count(said["began_ms"]), endedMs: count(said["ended_ms"]),
    board: text(firmware["board"]) ?? "", version: text(firmware["version"]) ?? "", url: text(said["url"]) ?? "",
    state: state as RolloutState,
    wanted: wanted === "pause" || wanted === "abort" ? wanted : "run",
    note: text(said["note"]), retryOf: text(said["retry_of"]), runner: text(fieldsOf(said["runner"])["node"]),
    stages,
    counts: Object.fromEntries(DEVICE_STATES.map(state => [state, count(counts[state]) ?? 0])) as Record<DeviceState, number>,
    total: stages.reduce((sum, stage) => sum + stage.devices, 0),
  };
}

/** The whole record; `undefined` for what is none. */
export function readRecord(value: unknown): RolloutRecord | undefined {
  const rollout = readRollout(value);
  return rollout && { ...rollout, devices: list(fieldsOf(value)["devices"]).map(readDevice) };
}

function readDevice(said: Readonly<Record<string, unknown>>): RolloutDevice {
  const [state, runs] = [text(said["state"]) as DeviceState, text(said["runs"])];
  return {
    id: text(said["id"]) ?? "", stage: count(said["stage"]) ?? 0,
    state: DEVICE_STATES.includes(state) ? state : "waiting",
    runs: runs === "new" || runs === "unknown" ? runs : "old",
    bytes: count(said["bytes"]), size: count(said["size"]), reason: text(said["reason"]), changedMs: count(said["changed_ms"]),
  };
}

export const hasEnded = ({ state }: Rollout): boolean => state === "done" || state === "stopped" || state === "aborted";

/** Devices between being told and the outcome. */
export const underWay = ({ counts }: Rollout): number => UNDER_WAY.reduce((sum, state) => sum + counts[state], 0);

/** What it came to, or has come to so far: good only when every device has the image. */
export function verdict(rollout: Rollout): "going" | "good" | "warn" | "bad" {
  if (rollout.state === "stopped" || rollout.state === "stopping") return "bad";
  if (rollout.state === "aborted" || rollout.state === "aborting") return "warn";
  if (rollout.state !== "done") return "going";
  return rollout.counts.done === rollout.total ? "good" : "warn";
}

/** The state as people say it, with what somebody wishes and has not happened yet. */
export function stateWords({ state, wanted }: Rollout): string {
  switch (state) {
    case "waiting": return "waiting for a CDN";
    case "running": return wanted === "pause" ? "about to pause" : wanted === "abort" ? "about to be aborted" : "running";
    case "paused": return wanted === "run" ? "about to go on" : wanted === "abort" ? "about to be aborted" : "paused";
    case "stopping": return "stopping";
    case "aborting": return "being aborted";
    case "done": return "done";
    case "stopped": return "stopped by its rule";
    case "aborted": return "aborted";
  }
}

const STEPS: Readonly<Record<DeviceState, string>> = {
  waiting: "waits for its turn", asked: "was told", downloading: "downloads", rebooting: "restarts", back: "is back, frames awaited",
  done: "done", failed: "failed", skipped: "skipped",
};

/** The state of a device as people say it. */
export const stepWords = (state: DeviceState): string => STEPS[state];

/** `1 device`, `12 devices`. */
export const devices = (count: number): string => `${count} ${count === 1 ? "device" : "devices"}`;

/** Where it is, in one sentence that names only what there is. */
export function summary(rollout: Rollout): string {
  const { counts, total } = rollout;
  const parts = [
    `${counts.done} of ${devices(total)} done`,
    underWay(rollout) > 0 && `${underWay(rollout)} under way`,
    counts.failed > 0 && `${counts.failed} failed`,
    counts.skipped > 0 && `${counts.skipped} skipped`,
    counts.waiting > 0 && `${counts.waiting} waiting`,
  ];
  return `${parts.filter(Boolean).join(", ")}.`;
}

/** How far a device is with its download, 0 to 1; `undefined` when it is not at it. */
export function downloaded({ state, bytes, size }: RolloutDevice): number | undefined {
  if (state !== "downloading" || bytes === undefined || size === undefined || size <= 0) return undefined;
  return Math.min(1, Math.max(0, bytes / size));
}

/** Which firmware a device has, as people say it. */
export function runsWords({ runs }: RolloutDevice): string {
  return runs === "new" ? "new" : runs === "old" ? "old" : "not known";
}

/** Which of its devices are shown. */
export interface Filter {
  readonly of: "all" | "under way" | DeviceState;
  /** Part of an id. */
  readonly text: string;
}

/** Those that the filter leaves, what went wrong first, and otherwise in the order of their turn. */
export function filtered(record: RolloutRecord, { of, text }: Filter): readonly RolloutDevice[] {
  const wanted = text.trim().toLowerCase();
  const isIn = ({ state }: RolloutDevice) => of === "all" || (of === "under way" ? UNDER_WAY.includes(state) : state === of);
  const found = record.devices.filter(device => isIn(device) && device.id.includes(wanted));
  const rank = new Map<DeviceState, number>(DEVICE_STATES.map((state, place) => [state, place]));
  return found.sort((one, other) => (rank.get(one.state) ?? 0) - (rank.get(other.state) ?? 0));
}

/** A size as people say it. */
export function bytesWords(bytes: number): string {
  return bytes < 1_024 ? `${bytes} B` : bytes < 1_048_576 ? `${Math.round(bytes / 1_024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
