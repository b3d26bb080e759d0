// The firmware that there is: the manifest of the CDN, read as far as this page shows it. docs/firmware.md tells of it.

import { type ReadonlySignal, signal } from "@preact/signals";
import { fieldsOf } from "../../../store/space";

/** Boards, and images of each, that are looked at; a manifest has 64 and 16. */
const MOST_BOARDS = 64, MOST_IMAGES = 16;
/** How long the CDN may take, in milliseconds. */
const PATIENCE_MS = 15_000;

/** One image. */
export interface Image {
  readonly version: string;
  /** As it was written: `2025-01-31`, or with a time. */
  readonly date: string;
  /** `undefined` for one that is not in the store. */
  readonly size: number | undefined;
}

/** A board and its images: the current one, then the others. */
export interface Board {
  readonly name: string;
  readonly images: readonly Image[];
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** The boards of a manifest, by their names; those without an image are left out. */
export function readManifest(value: unknown): readonly Board[] {
  const boards = Object.entries(fieldsOf(fieldsOf(value)["images"])).slice(0, MOST_BOARDS).map(([name, images]) => ({
    name,
    images: (Array.isArray(images) ? images : []).slice(0, MOST_IMAGES).map(fieldsOf).filter(({ version }) => text(version) !== "").map(image => ({
      version: text(image["version"]),
      date: text(image["build_date"]),
      size: typeof image["size"] === "number" ? image["size"] : undefined,
    })),
  }));
  return boards.filter(({ images }) => images.length > 0).sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** The manifest of a CDN. */
export class Manifest {
  readonly #url: string;
  readonly #fetch: typeof fetch;
  readonly #boards = signal<readonly Board[] | undefined>(undefined);
  readonly #problem = signal<string | undefined>(undefined);

  /** `cdn` is its base URL, without a slash at its end. */
  constructor(cdn: string, fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#url = `${cdn}/firmware/manifest.json`;
    this.#fetch = fetcher;
  }

  /** `undefined` before it was read. */
  get boards(): ReadonlySignal<readonly Board[] | undefined> {
    return this.#boards;
  }

  /** Why it is not the one of now, in a sentence. */
  get problem(): ReadonlySignal<string | undefined> {
    return this.#problem;
  }

  /** Reads it anew. The one that is known stays when that fails. */
  async look(): Promise<void> {
    try {
      const response = await this.#fetch(this.#url, { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE_MS) });
      // Nobody has published anything yet.
      const found = response.status === 404 ? {} : response.ok ? await response.json() : undefined;
      this.#problem.value = found === undefined ? `The CDN answers with ${response.status} for ${this.#url}.` : undefined;
      if (found !== undefined) this.#boards.value = readManifest(found);
    } catch {
      this.#problem.value = `What firmware there is cannot be read: nothing answers at ${this.#url}.`;
    }
  }
}
