// The swarm that this page starts in the simulator, for who has no device at hand.

import { signal } from "@preact/signals";
import { config } from "../../design/config";
import { space } from "../../store/server";

/** How long the simulator may take, in milliseconds. */
const PATIENCE_MS = 5_000;

export type Progress = "none" | "starting" | "running" | "stopping";

export const progress = signal<Progress>("none");
/** The name of the swarm that runs. */
export const running = signal<string | undefined>(undefined);
/** What went wrong, in a sentence. */
export const swarmProblem = signal<string | undefined>(undefined);

async function ask(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`${config.simulatorBaseUrl}/api/swarms${path}`, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
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

/** The swarm of the dashboards of a space: whoever opens one finds what another has started. */
const nameOf = (space: string): string => (space === "" ? "dashboard" : `dashboard-${space}`);

function found(name: string | undefined): void {
  running.value = name;
  progress.value = name === undefined ? "none" : "running";
}

/** Looks whether there is one already. A simulator that is away is no news before somebody wants it. */
export async function findSwarm(): Promise<void> {
  const name = nameOf(space.peek());
  try {
    const { swarms } = (await (await ask("", {})).json()) as { swarms: readonly { name: string; status: string }[] };
    found(swarms.some(swarm => swarm.name === name && ["running", "waiting"].includes(swarm.status)) ? name : undefined);
  } catch {
    found(undefined);
  }
}

/** Starts so many dancing devices in this page's space. */
export const startSwarm = (devices: number): Promise<void> =>
  guarded("starting", async () => {
    const name = nameOf(space.peek());
    const body = JSON.stringify({ name, devices, motion: "dance", ...(space.peek() && { space: space.peek() }) });
    await ask("", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    found(name);
  });

/** Stops it; somebody else may have done so. */
export const stopSwarm = (): Promise<void> =>
  guarded("stopping", async () => {
    await ask(`/${encodeURIComponent(running.peek() ?? "")}`, { method: "DELETE" });
    found(undefined);
  });
