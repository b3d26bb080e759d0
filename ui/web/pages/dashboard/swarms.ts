// The swarm that this page starts in the simulator, for who has no device at hand.

import { signal } from "@preact/signals";
import { config } from "../../design/config";
import { address, server } from "../../store/server";
import { spaceOf } from "../../store/space-of";

/** How long the simulator may take, in milliseconds. */
const PATIENCE_MS = 5_000;

export type Progress = "none" | "starting" | "running" | "stopping";

export const progress = signal<Progress>("none");
/** The name of the swarm that runs. */
export const running = signal<string | undefined>(undefined);
/** What went wrong, in a sentence. */
export const swarmProblem = signal<string | undefined>(undefined);
/** Nothing answered at all, which a browser says of a certificate that it does not trust, too. */
export const isAway = signal(false);

async function ask(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`${config.simulatorBaseUrl}/api/swarms${path}`, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
    isAway.value = false;
  } catch {
    isAway.value = true;
    throw new Error(`The simulator does not answer at ${config.simulatorBaseUrl}. Is it running? “grouploop up” and “grouploop simulator” have one.`);
  }
  if (response.ok || response.status === 404) return response;
  const said = (await response.json().catch(() => ({}))) as { error?: string; mistakes?: readonly string[] };
  throw new Error(`The simulator says no: ${[said.error, ...(said.mistakes ?? [])].filter(Boolean).join("; ") || response.status}.`);
}

async function guarded(during: Progress, work: () => Promise<void>): Promise<void> {
  if (progress.peek() === "starting" || progress.peek() === "stopping") return;
  const before = progress.peek();
  progress.value = during;
  swarmProblem.value = undefined;
  try {
    await work();
  } catch (error) {
    progress.value = before;
    swarmProblem.value = (error as Error).message;
  }
}

/** The space that this page shows. */
const here = (): string => spaceOf(address.peek().url);

/** The swarm of the dashboards of a space: whoever opens one finds what another has started. A name has 32 letters at most. */
const nameOf = (space: string): string => (space === "main" ? "dashboard" : `dashboard-${space}`.slice(0, 32));

function found(name: string | undefined): void {
  running.value = name;
  progress.value = name === undefined ? "none" : "running";
}

/** What the simulator tells of a swarm, as far as this page needs it. */
interface Told {
  readonly name: string;
  readonly status: string;
  readonly definition?: { readonly space?: string };
}

/** Looks whether there is one already. A simulator that is away is no news before somebody wants it. */
export async function findSwarm(): Promise<void> {
  const space = here();
  const isOurs = ({ name, status, definition }: Told) =>
    name === nameOf(space) && ["running", "waiting"].includes(status) && (definition?.space ?? "main") === space;
  try {
    const { swarms } = (await (await ask("", {})).json()) as { swarms: readonly Told[] };
    found(swarms.find(isOurs)?.name);
  } catch {
    found(undefined);
  }
}

/** Starts so many dancing devices in this page's space; on this page's server, when it is not the one that the simulator belongs to. */
export const startSwarm = (devices: number): Promise<void> =>
  guarded("starting", async () => {
    const space = here();
    const elsewhere = server.peek() !== "" && { transport: "ws", ws: { edges: [new URL(address.peek().url).origin] } };
    const body = JSON.stringify({ name: nameOf(space), devices, motion: "dance", space, ...elsewhere });
    try {
      await ask("", { method: "POST", headers: { "Content-Type": "application/json" }, body });
      found(nameOf(space));
    } catch (error) {
      // Somebody else may have been faster.
      await findSwarm();
      if (running.peek() === undefined) throw error;
    }
  });

/** Stops it; somebody else may have done so. */
export const stopSwarm = (): Promise<void> =>
  guarded("stopping", async () => {
    await ask(`/${encodeURIComponent(running.peek() ?? "")}`, { method: "DELETE" });
    found(undefined);
  });
