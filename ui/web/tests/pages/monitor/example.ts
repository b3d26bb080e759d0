// A system of any size as the monitor would tell it: the same numbers for the same second, so that a test can say what must be shown.

import type { Node, NatsServer, Space, Subject, System } from "../../../pages/monitor/system";

/** How large it is. */
export interface Size {
  readonly nodes: number;
  readonly spaces: number;
  readonly devicesEach: number;
  readonly nats: number;
}

export const SMALL: Size = { nodes: 3, spaces: 4, devicesEach: 25, nats: 1 };
/** What the page must stay quick with: 500 subjects, 100 spaces, 10,000 devices. */
export const LARGE: Size = { nodes: 5, spaces: 100, devicesEach: 100, nats: 3 };

/** The time of the second 0, in milliseconds since 1970. */
export const START = Date.UTC(2026, 10, 28, 12);

/** From 0 to 1, another for each pair, the same each time. */
const chance = (one: number, other: number): number => {
  const mixed = Math.sin(one * 12.9898 + other * 78.233) * 43_758.5453;
  return mixed - Math.floor(mixed);
};

const spaceName = (place: number): string => (place === 0 ? "main" : `space-${String(place).padStart(3, "0")}`);
const nodeName = (place: number, { nodes }: Size): string => (place === nodes - 1 ? "simulator-1" : `edge-${place + 1}`);

const node = (place: number, size: Size, second: number): Node => ({
  node: nodeName(place, size), role: place === size.nodes - 1 ? "simulator" : "edge", version: "0.1.0", commit: "1e19231c0ffee", state: "live", leaving: false, age_ms: 300, up_s: 3_600 + second,
  clock_off_ms: 2, cores: 0.1 + chance(place, second) / 5, memory_bytes: 40_000_000 + place * 3_000_000, connections: place * 40 + 12,
  devices: (size.spaces * size.devicesEach) / size.nodes, viewers: place * 3, round_trip_us: 400 + Math.round(chance(place, second) * 300),
  drops: place === 0 ? [{ reason: "slow_consumer", total: 1_240 + second * 12, per_s: 12 }, { reason: "bus_full", total: 3, per_s: 0 }] : [],
});

const space = (place: number, { devicesEach }: Size, second: number): Space => {
  const frames = devicesEach * 20 * (0.95 + chance(place, second) / 10) * (1 - place / 200);
  return {
    space: spaceName(place), devices: devicesEach, viewers: place % 4, frames_per_s: frames, messages_per_s: frames / 5, bytes_per_s: frames * 21, commands_per_s: place % 7,
    answers: { success: place % 7, failed: place % 5 === 0 ? 0.2 : 0, sent_to_all: 0, error: 0 }, latency_us: place % 7 === 0 ? null : { p50: 1_800, p99: 9_400 }, clashes: place === 1 ? 1 : 0,
  };
};

function subjects(size: Size, second: number): readonly Subject[] {
  const all: Subject[] = [];
  for (let at = 0; at < size.spaces; at++) {
    const name = spaceName(at);
    const add = (subject: string, kind: string, node: string | null, messages: number, bytes: number) =>
      all.push({ subject: `gl.space.${name}.${subject}`, space: name, kind, node, messages_per_s: messages, bytes_per_s: messages * bytes });
    for (let on = 0; on < 3; on++) {
      const node = nodeName((at + on) % size.nodes, size);
      add(`telemetry.${node}`, "telemetry", node, (1 - at / 200) * size.devicesEach * (0.9 + chance(at * 3 + on, second) / 5), 105);
    }
    add("command", "command", null, chance(at, second), 12);
    add("presence", "presence", null, chance(at + 500, second) * 2, 140);
  }
  for (let at = 0; at < size.nodes; at++) {
    const node = nodeName(at, size);
    all.push({ subject: `gl.node.${node}`, space: null, kind: "node", node, messages_per_s: 1, bytes_per_s: 180 });
  }
  return all.sort((one, other) => other.messages_per_s - one.messages_per_s).slice(0, 500);
}

const server = (place: number, size: Size, second: number): NatsServer => ({
  url: `http://10.0.0.${place + 1}:8222`, name: `nats-${place + 1}`, version: "2.15.1", state: "live", age_ms: 200, connections: 14, routes: (size.nats - 1) * 4, slow_consumers: 0,
  pending_bytes: 0, in_messages_per_s: 4_000 + chance(place, second) * 200, in_bytes_per_s: 420_000, out_messages_per_s: 9_000, out_bytes_per_s: 940_000, memory_bytes: 21_000_000, cores: 0.22,
});

const range = <T>(count: number, of: (place: number) => T): readonly T[] => Array.from({ length: count }, (_, place) => of(place));

/** What the monitor tells in this second; `change` makes of it what a test is about. */
export function exampleSystem(size: Size = SMALL, second = 0, change: Partial<System> = {}): System {
  const spaces = range(size.spaces, place => space(place, size, second));
  const all = subjects(size, second);
  const sum = <T>(rows: readonly T[], of: (row: T) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    at: START + second * 1_000, version: "0.1.0", commit: "1e19231c0ffee",
    bus: { engine: "nats", up: true },
    nodes: range(size.nodes, place => node(place, size, second)),
    spaces, subjects: all,
    rest: { spaces: 0, subjects: 0, messages_per_s: 0, bytes_per_s: 0 },
    totals: {
      devices: size.spaces * size.devicesEach, viewers: sum(spaces, one => one.viewers), frames_per_s: sum(spaces, one => one.frames_per_s),
      messages_per_s: sum(all, one => one.messages_per_s), bytes_per_s: sum(all, one => one.bytes_per_s), commands_per_s: sum(spaces, one => one.commands_per_s),
    },
    nats: range(size.nats, place => server(place, size, second)),
    devices: { clashes: [], flapping: [], silent: [] },
    troubles: [],
    ...change,
  };
}
