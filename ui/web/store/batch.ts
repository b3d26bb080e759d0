// A command to several devices as one request to an edge. The edge answers for each device as soon as it knows what became of it, so that one
// that goes away in the middle leaves no doubt about those for which it had answered.

import { spaceOf } from "./space-of";

/** Longest answer line that is looked at, in characters. */
const MAX_LINE = 1_024;
/** How long a whole answer may take, in milliseconds. */
const PATIENCE_MS = 60_000;

/** Whom a command is for. */
export type Receivers = readonly string[] | "all";

/** What a command came to. */
export interface Outcome {
  /** Written to these. */
  readonly reached: readonly string[];
  /** Not written to these. */
  readonly missed: readonly string[];
  /** Of these nobody said. */
  readonly unknown: readonly string[];
  /** What went wrong as a whole, in a sentence; then the devices of `all` may not be named above. */
  readonly problem?: string;
  /** It surely went to nobody. */
  readonly isUnsent?: true;
}

/** Where an edge takes commands by HTTP, seen from its address for WebSockets. What is before the space is a proxy's, and stays. */
export function commandsUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  const before = /^(.*)\/spaces\//.exec(pathname)?.[1] ?? "";
  return `${protocol === "wss:" ? "https:" : "http:"}//${host}${before}/api/spaces/${spaceOf(url)}/commands`;
}

/** What the lines of an answer say so far. */
class Said {
  readonly reached: string[] = [];
  readonly missed: string[] = [];
  isWhole = false;
  #rest = "";

  /** Takes a piece of the answer, which may end in the middle of a line. */
  take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() ?? "").slice(0, MAX_LINE);
    for (const line of lines) if (line !== "") this.#line(JSON.parse(line) as { device?: unknown; result?: unknown; sent?: unknown });
  }

  #line({ device, result, sent }: { device?: unknown; result?: unknown; sent?: unknown }): void {
    if (typeof device === "string") (result === "success" ? this.reached : this.missed).push(device);
    else if (typeof sent === "number") this.isWhole = true;
  }
}

/** What is left of `to` when all of these are known. */
function rest(to: Receivers, { reached, missed }: Said): readonly string[] {
  if (to === "all") return [];
  const known = new Set([...reached, ...missed]);
  return to.filter(id => !known.has(id));
}

async function refusal(response: Response): Promise<string> {
  const said = (await response.json().catch(() => undefined)) as { message?: unknown } | undefined;
  return typeof said?.message === "string" ? `The server refuses it: ${said.message}.` : `The server answers with ${response.status}.`;
}

/** Sends a command; this never throws. `signal` ends it: what the edge has not sent by then, it does not send. */
export async function sendBatch(
  url: string, to: Receivers, command: string, parameters: readonly string[], signal: AbortSignal, fetcher: typeof fetch = (input, init) => fetch(input, init),
): Promise<Outcome> {
  const said = new Said();
  let place: string;
  try {
    place = commandsUrl(url);
  } catch {
    return { reached: [], missed: to === "all" ? [] : to, unknown: [], problem: "Not sent: the address of the server is wrong.", isUnsent: true };
  }
  try {
    const response = await fetcher(place, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/x-ndjson" },
      body: JSON.stringify({ target: to, command, parameters }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    if (!response.ok) return { reached: [], missed: to === "all" ? [] : to, unknown: [], problem: await refusal(response), isUnsent: true };
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) said.take(read.value);
    if (said.isWhole) return { reached: said.reached, missed: said.missed, unknown: [] };
  } catch {
    // What had been said stands; what had not, is not known.
  }
  const problem = signal.aborted ? "It was stopped." : `The server at ${new URL(url).host} went away before it had answered.`;
  return { reached: said.reached, missed: said.missed, unknown: rest(to, said), problem };
}
