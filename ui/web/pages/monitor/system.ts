// What the monitor says of the system, once a second.

/** How long ago a node or server was heard decides how much its figures are worth. */
export type NodeState = "live" | "silent" | "gone";

/** Something that was discarded, by its reason. */
export interface Drop {
  readonly reason: string;
  readonly total: number;
  readonly per_s: number;
}

export interface Node {
  readonly node: string;
  readonly role: string;
  readonly version: string;
  readonly commit: string;
  readonly state: NodeState;
  /** Whether it said that it goes. */
  readonly leaving: boolean;
  readonly age_ms: number;
  readonly up_s: number;
  readonly clock_off_ms: number | null;
  readonly cores: number | null;
  readonly memory_bytes: number | null;
  readonly connections: number;
  readonly devices: number;
  readonly viewers: number;
  readonly round_trip_us: number | null;
  readonly drops: readonly Drop[];
}

export interface Space {
  readonly space: string;
  readonly devices: number;
  readonly viewers: number;
  readonly frames_per_s: number;
  readonly messages_per_s: number;
  readonly bytes_per_s: number;
  readonly commands_per_s: number;
  /** How commands were answered, each a second. */
  readonly answers: { readonly success: number; readonly failed: number; readonly sent_to_all: number; readonly error: number };
  /** From a command to its answer; `null` when there were none. */
  readonly latency_us: { readonly p50: number; readonly p99: number } | null;
  readonly clashes: number;
}

export interface Subject {
  readonly subject: string;
  readonly space: string | null;
  readonly kind: string;
  readonly node: string | null;
  readonly messages_per_s: number;
  readonly bytes_per_s: number;
  /** Messages a second in the last minute, the oldest first: with the first event of a stream alone. */
  readonly history?: readonly number[];
}

export interface NatsServer {
  readonly url: string;
  readonly name: string | null;
  readonly version: string | null;
  readonly state: "live" | "away";
  /** Why it is away. */
  readonly says?: string;
  readonly age_ms: number;
  readonly connections: number;
  readonly routes: number;
  readonly slow_consumers: number;
  readonly pending_bytes: number;
  readonly in_messages_per_s: number;
  readonly in_bytes_per_s: number;
  readonly out_messages_per_s: number;
  readonly out_bytes_per_s: number;
  readonly memory_bytes: number;
  readonly cores: number;
}

export interface Clash {
  readonly space: string;
  readonly device: string;
  readonly nodes: readonly string[];
  readonly since: number;
}

export interface Flapping {
  readonly space: string;
  readonly device: string;
  readonly times: number;
  readonly within_s: number;
}

export interface Silent {
  readonly space: string;
  readonly device: string;
  readonly node: string;
  readonly silent_ms: number;
}

export interface Trouble {
  readonly kind: string;
  readonly about: string;
  /** A whole sentence. */
  readonly text: string;
  /** In milliseconds since 1970. */
  readonly since: number;
}

export interface Totals {
  readonly devices: number;
  readonly viewers: number;
  readonly frames_per_s: number;
  readonly messages_per_s: number;
  readonly bytes_per_s: number;
  readonly commands_per_s: number;
}

export interface System {
  /** In milliseconds since 1970, by the monitor's clock. */
  readonly at: number;
  readonly version: string;
  readonly commit: string;
  readonly bus: { readonly engine: "nats" | "embedded"; readonly up: boolean; readonly says?: string; readonly figures_at?: number };
  readonly nodes: readonly Node[];
  readonly spaces: readonly Space[];
  readonly subjects: readonly Subject[];
  /** What is beyond the lists above. */
  readonly rest: { readonly spaces: number; readonly subjects: number; readonly messages_per_s: number; readonly bytes_per_s: number };
  readonly totals: Totals;
  readonly nats: readonly NatsServer[];
  readonly devices: { readonly clashes: readonly Clash[]; readonly flapping: readonly Flapping[]; readonly silent: readonly Silent[] };
  readonly troubles: readonly Trouble[];
}

/** A device of a space. */
export interface Device {
  readonly id: string;
  readonly node: string;
  readonly frames_per_second: number;
  readonly last_seen_ms: number | null;
  /** Since when its connection owns it, in milliseconds since 1970. */
  readonly claimed: number;
}

/** The devices of a space, as its nodes told them. */
export interface Roster {
  readonly space: string;
  readonly at: number;
  /** How long the nodes took to answer. */
  readonly asked_ms: number;
  readonly nodes: readonly string[];
  readonly devices: readonly Device[];
  /** Whether there are more than are listed. */
  readonly cut: boolean;
}

/** A message that the tap saw. */
export interface Tapped {
  readonly at: number;
  readonly subject: string;
  readonly bytes: number;
  readonly text: string;
  readonly cut: boolean;
}
