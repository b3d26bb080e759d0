// What the CDN keeps for a space, over HTTP: each request comes to a plain result, and nothing here throws. docs/rollouts.md tells of the API.

/** What a space keeps. */
export type Kind = "groups" | "scenes" | "rollouts";

/** How long an answer may take, in milliseconds. */
const PATIENCE_MS = 15_000;

/** It was done. */
export interface Done<T> {
  readonly is: "done";
  readonly value: T;
  /** What the content is now, to be named when it is changed; `undefined` where there is none. */
  readonly etag: string | undefined;
}

/** It was not done. */
export interface Failed {
  /**
   * `conflict`: it is another one by now than the one that was seen. `missing`: there is no such thing. `refused`: for the reasons that are
   * named. `away`: nobody answered, or nobody could do it just now; the same may work later.
   */
  readonly is: "conflict" | "missing" | "refused" | "away";
  /** The CDN's word for it, such as `devices_taken`; empty when it said none. */
  readonly code: string;
  /** A sentence for people. */
  readonly message: string;
  /** Everything that is wrong with what was sent, such as `devices[1]: 1a2b is named twice`. */
  readonly mistakes: readonly string[];
  /** All that was answered. */
  readonly said: Readonly<Record<string, unknown>>;
}

/** What became of a request that may also find that nothing changed. */
export type Found<T> = Done<T> | { readonly is: "same" } | Failed;

/** An object's fields; none when it is no object. */
export const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** What programs say in lower case, as a sentence. */
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

function failed(status: number, said: Readonly<Record<string, unknown>>): Failed {
  const code = typeof said["error"] === "string" ? said["error"] : "";
  const words = typeof said["message"] === "string" ? sentence(said["message"]) : `The CDN answers with ${status}.`;
  const mistakes = Array.isArray(said["mistakes"]) ? said["mistakes"].filter(mistake => typeof mistake === "string") : [];
  const is = status === 412 ? "conflict" : status === 404 && code === "not_found" ? "missing" : status >= 500 ? "away" : "refused";
  return { is, code, message: words, mistakes, said };
}

/** The CDN's API of one space. */
export class Space {
  readonly name: string;
  readonly #base: string;
  readonly #cdn: string;
  readonly #fetch: typeof fetch;

  /** `cdn` is the base URL of the CDN, without a slash at its end. */
  constructor(cdn: string, name: string, fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.name = name;
    this.#cdn = cdn;
    this.#base = `${cdn}/api/spaces/${encodeURIComponent(name)}`;
    this.#fetch = fetcher;
  }

  /** Where changes are told. */
  get events(): string {
    return `${this.#base}/events`;
  }

  /** All of a kind, as the CDN lists it. */
  async list(kind: Kind): Promise<Done<unknown> | Failed> {
    return this.#do(kind, {});
  }

  /** One; `same` when it is still the one with the tag `known`. */
  async get(kind: Kind, id: string, known?: string): Promise<Found<unknown>> {
    return this.#ask(`${kind}/${id}`, { headers: known === undefined ? {} : { "If-None-Match": known } });
  }

  /** Writes one over the one with the tag `seen`; without it there must be none yet. */
  async put(kind: Kind, id: string, document: unknown, seen?: string): Promise<Done<unknown> | Failed> {
    const condition = seen === undefined ? { "If-None-Match": "*" } : { "If-Match": seen };
    const headers = { "Content-Type": "application/json", ...condition };
    return this.#do(`${kind}/${id}`, { method: "PUT", headers, body: JSON.stringify(document) });
  }

  /** Removes the one with the tag `seen`. */
  async remove(kind: Kind, id: string, seen: string): Promise<Done<unknown> | Failed> {
    return this.#do(`${kind}/${id}`, { method: "DELETE", headers: { "If-Match": seen } });
  }

  /** Asks for something to be done, such as `rollouts/<id>/pause`. */
  async post(path: string, body?: unknown): Promise<Done<unknown> | Failed> {
    const content = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    return this.#do(path, { method: "POST", ...content });
  }

  /** For what cannot be the same as before, since nobody said what that was. */
  async #do(path: string, init: RequestInit): Promise<Done<unknown> | Failed> {
    const found = await this.#ask(path, init);
    return found.is === "same" ? failed(304, {}) : found;
  }

  async #ask(path: string, init: RequestInit): Promise<Found<unknown>> {
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await this.#fetch(`${this.#base}/${path}`, { ...init, signal, cache: "no-store" });
      if (response.status === 304) return { is: "same" };
      // Reading may fail too, when the answer breaks off.
      const text = await response.text();
      const value = text === "" ? undefined : parsed(text);
      if (response.ok) return { is: "done", value, etag: response.headers.get("ETag") ?? undefined };
      return failed(response.status, fieldsOf(value));
    } catch {
      return { is: "away", code: "", message: `The CDN does not answer at ${this.#cdn}.`, mistakes: [], said: {} };
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
