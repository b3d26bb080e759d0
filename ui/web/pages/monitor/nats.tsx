// The NATS servers, as their own monitoring tells it.

import { ago } from "../../design/ago";
import { Card } from "../../design/parts";
import { bytes, rate, whole } from "../../design/words";
import { cores, State } from "./nodes";
import { type Column, Rows, sorting } from "./rows";
import { ageMs, isLive, system } from "./state";
import type { NatsServer } from "./system";

const figure = (key: string, label: string, width: number, rank: 1 | 2 | 3, of: (server: NatsServer) => number, write: (value: number) => string = whole): Column<NatsServer> =>
  ({ key, label, kind: "figure", width, rank, by: of, cell: server => write(of(server)) });

/** What a server is called; one that nobody gave a name has a key for one, and its address says more. */
const nameOf = ({ name, url }: NatsServer): string => (name === null || /^N[A-Z2-7]{55}$/.test(name) ? url.replace(/^https?:\/\//, "") : name);

const COLUMNS: readonly Column<NatsServer>[] = [
  {
    key: "server", label: "Server", kind: "words", rank: 1, by: nameOf,
    cell: server => <span class="mono name" title={server.url}>{nameOf(server)}</span>,
  },
  {
    key: "state", label: "State", kind: "words", width: 7, rank: 1, by: ({ state }) => state,
    cell: ({ state, age_ms }) => <State state={state} ageMs={age_ms} isKnown={isLive.value} />,
  },
  { key: "version", label: "Version", kind: "words", width: 5, rank: 3, by: ({ version }) => version ?? "", cell: ({ version }) => version ?? "–" },
  figure("connections", "Connections", 7.5, 2, one => one.connections),
  figure("routes", "Routes", 5, 3, one => one.routes),
  figure("slow", "Slow consumers", 8.5, 2, one => one.slow_consumers),
  figure("pending", "Pending", 5.5, 2, one => one.pending_bytes, bytes),
  figure("in", "In/s", 5, 3, one => one.in_messages_per_s, rate),
  figure("out", "Out/s", 5, 1, one => one.out_messages_per_s, rate),
  figure("out_bytes", "Bytes out/s", 7, 3, one => one.out_bytes_per_s, bytes),
  figure("cpu", "CPU", 4.5, 3, one => one.cores, cores),
  figure("memory", "Memory", 5.5, 3, one => one.memory_bytes, bytes),
];

const sort = sorting("nats");
const keyOf = ({ url }: NatsServer): string => url;
const isOld = ({ state }: NatsServer): boolean => state !== "live";

export function Nats() {
  const now = system.value;
  if (!now) return null;
  const { bus, nats } = now;
  return (
    <Card title="NATS servers" aside={!isLive.value && ageMs.value !== undefined && <span class="aged small">{ago(ageMs.value)} old</span>} class={isLive.value ? "" : "old"}>
      {nats.length > 0 ? <Rows label="Table of NATS servers" rows={nats} columns={COLUMNS} keyOf={keyOf} sort={sort} isOld={isOld} isWhole={true} />
        : bus.engine === "embedded" ? <p class="quiet">Everything runs in one process, which is its own bus: there is no NATS server.</p>
        : <p class="quiet">None is shown, since the monitor does not know where they answer: name their HTTP monitoring addresses in <code>monitor.nats_urls</code>.</p>}
    </Card>
  );
}
