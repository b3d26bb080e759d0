// What a space keeps in the object store, as this page knows it: groups and scenes as maps that follow every change, whoever made it. Rollouts
// are larger, and change all the time: whoever shows them listens to `news` and asks `space` himself.
//
//   follow ─▶ stream opened ─ready─▶ list ─▶ all ─changed─▶ get that one ─▶ all ─missed, or another ready─▶ list ─▶ …
//
// Nothing is asked for again but for a reason: a change, a stream that came back, or an answer that failed.

import { batch, effect, type ReadonlySignal, signal } from "@preact/signals";
import { colorDigits } from "../library/registry";
import { type Clock, systemClock } from "../library/socket";
import { News, type RawSource } from "./news";
import { type Done, type Failed, fieldsOf, type Kind, Space } from "./space";

/** Documents of a kind that are held; a CDN keeps 256. */
const MAX_DOCUMENTS = 512;
/** Changes of single documents that may wait; with more of them all are asked for. */
const MAX_WAITING = 32;
/** The first pause after an answer that failed, in milliseconds; each failure doubles it, up to the other. */
const RETRY_BASE_MS = 1_000, RETRY_CAP_MS = 30_000;

/** Devices that have a name together. */
export interface Group {
  readonly title: string;
  readonly devices: readonly string[];
  readonly color?: string | null;
}

/** Whom a step of a scene is for. */
export type StepTarget = "all" | readonly string[] | { readonly group: string };

/** One command of a scene. */
export interface Step {
  readonly target: StepTarget;
  readonly command: string;
  readonly parameters?: readonly (string | number)[];
}

/** Commands that have a name together. */
export interface Scene {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** A document, and the tag to name when it is changed. */
export interface Document<T> {
  readonly etag: string;
  readonly document: T;
}

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(entry => typeof entry === "string");

/** A CDN takes ids in capitals too; everywhere else on the page they are as devices send them. */
const lower = (ids: readonly string[]): readonly string[] => ids.map(id => id.toLowerCase());

/** A group, with its ids and its colour as the rest of the page has them; `undefined` for what is none, as somebody can put into the store by
 *  hand. */
export function readGroup(value: unknown): Group | undefined {
  const fields = fieldsOf(value);
  const { title, devices, color } = fields;
  const isColor = color === undefined || color === null || typeof color === "string";
  if (typeof title !== "string" || !isTexts(devices) || !isColor) return undefined;
  return { ...fields, title, devices: lower(devices), ...(typeof color === "string" && { color: colorDigits(color) ?? color }) };
}

/** Whom a step is for; `undefined` for what is none. */
export function readTarget(value: unknown): StepTarget | undefined {
  if (isTexts(value)) return lower(value);
  return value === "all" || typeof fieldsOf(value)["group"] === "string" ? (value as StepTarget) : undefined;
}

function readStep(value: unknown): Step | undefined {
  const fields = fieldsOf(value);
  const { command, parameters } = fields;
  const target = readTarget(fields["target"]);
  const isParameter = (entry: unknown) => typeof entry === "string" || typeof entry === "number";
  const areParameters = parameters === undefined || (Array.isArray(parameters) && parameters.every(isParameter));
  return typeof command === "string" && target !== undefined && areParameters ? { ...(value as Step), target } : undefined;
}

/** A scene, with its ids as the rest of the page has them; `undefined` for what is none. */
export function readScene(value: unknown): Scene | undefined {
  const fields = fieldsOf(value);
  if (typeof fields["title"] !== "string" || !Array.isArray(fields["steps"])) return undefined;
  const steps = fields["steps"].map(readStep);
  return steps.every(step => step !== undefined) ? { ...fields, title: fields["title"], steps } : undefined;
}

/** What is not connected to a space. */
const NOWHERE: Failed = { is: "away", code: "", message: "The page is for no space now.", mistakes: [], said: {} };

/** All documents of a kind in a space. */
export class Documents<T> {
  readonly #kind: Kind;
  readonly #read: (value: unknown) => T | undefined;
  readonly #clock: Clock;
  readonly #all = signal<ReadonlyMap<string, Document<T>>>(new Map());
  readonly #isKnown = signal(false);
  readonly #problem = signal<string | undefined>(undefined);
  #space: Space | undefined;
  #wantsAll = false;
  #wanted = new Set<string>();
  #isLooking = false;
  #failures = 0;
  #cancel = () => {};

  constructor(kind: Kind, read: (value: unknown) => T | undefined, clock: Clock = systemClock) {
    this.#kind = kind;
    this.#read = read;
    this.#clock = clock;
  }

  /** By their ids, sorted by those. */
  get all(): ReadonlySignal<ReadonlyMap<string, Document<T>>> {
    return this.#all;
  }

  /** Whether they were listed since the page is for this space. */
  get isKnown(): ReadonlySignal<boolean> {
    return this.#isKnown;
  }

  /** Why they are not those of now, in a sentence; it is tried again by itself. */
  get problem(): ReadonlySignal<string | undefined> {
    return this.#problem;
  }

  /** Writes one: a new one, or over the one with the tag `seen`. What was written is in `all` at once. */
  async put(id: string, document: T, seen?: string): Promise<Done<unknown> | Failed> {
    return this.#write(id, space => space.put(this.#kind, id, document, seen), document);
  }

  /** Removes the one with the tag `seen`. */
  async remove(id: string, seen: string): Promise<Done<unknown> | Failed> {
    return this.#write(id, space => space.remove(this.#kind, id, seen), undefined);
  }

  /** The page is for this space from now on, or for none. */
  follow(space: Space | undefined): void {
    this.#cancel();
    this.#space = space;
    this.#wantsAll = this.#isLooking = false;
    this.#wanted.clear();
    this.#failures = 0;
    batch(() => {
      this.#all.value = new Map();
      this.#isKnown.value = false;
      this.#problem.value = undefined;
    });
  }

  /** Asks for all of them. */
  lookAtAll(): void {
    this.#wantsAll = true;
    this.#look();
  }

  /** Asks for one that is not the one with this tag any more. */
  lookAt(id: string, etag: string | null): void {
    if (etag !== null && this.#all.peek().get(id)?.etag === etag) return;
    this.#wanted.add(id);
    if (this.#wanted.size > MAX_WAITING) this.#wantsAll = true;
    this.#look();
  }

  async #write(id: string, write: (space: Space) => Promise<Done<unknown> | Failed>, document: T | undefined): Promise<Done<unknown> | Failed> {
    const space = this.#space;
    if (!space) return NOWHERE;
    const outcome = await write(space);
    if (space !== this.#space) return outcome;
    if (outcome.is === "done") this.#set(id, document === undefined || outcome.etag === undefined ? undefined : { etag: outcome.etag, document });
    // Somebody may have been faster after us, or before us: what is there now is shown.
    if (outcome.is !== "refused") this.lookAt(id, null);
    return outcome;
  }

  #look(): void {
    if (this.#isLooking || !this.#space) return;
    this.#cancel();
    this.#isLooking = true;
    void this.#lookWhileWanted(this.#space);
  }

  /** One request at a time, so that an older answer never comes after a newer one. */
  async #lookWhileWanted(space: Space): Promise<void> {
    while (this.#wantsAll || this.#wanted.size > 0) {
      const [id] = this.#wanted;
      const isAll = this.#wantsAll || id === undefined;
      if (isAll) this.#wanted.clear();
      else this.#wanted.delete(id);
      this.#wantsAll = false;
      const failed = isAll ? await this.#list(space) : await this.#get(space, id);
      // It is for another space by now, where somebody else looks.
      if (space !== this.#space) return;
      this.#problem.value = failed;
      if (failed === undefined) {
        this.#failures = 0;
        continue;
      }
      this.#wantsAll = true;
      this.#cancel = this.#clock.after(Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** this.#failures), () => this.#look());
      this.#failures++;
      break;
    }
    this.#isLooking = false;
  }

  /** What went wrong, if something did. */
  async #list(space: Space): Promise<string | undefined> {
    const found = await space.list(this.#kind);
    if (space !== this.#space) return undefined;
    if (found.is !== "done") return found.message;
    const { documents } = fieldsOf(found.value);
    const all = new Map<string, Document<T>>();
    for (const entry of Array.isArray(documents) ? documents.slice(0, MAX_DOCUMENTS) : []) {
      const { id, etag, document } = fieldsOf(entry);
      const read = this.#read(document);
      if (typeof id === "string" && typeof etag === "string" && read !== undefined) all.set(id, { etag, document: read });
    }
    batch(() => {
      this.#all.value = all;
      this.#isKnown.value = true;
    });
    return undefined;
  }

  async #get(space: Space, id: string): Promise<string | undefined> {
    const found = await space.get(this.#kind, id, this.#all.peek().get(id)?.etag);
    if (space !== this.#space || found.is === "same") return undefined;
    if (found.is !== "done" && found.is !== "missing") return found.message;
    const document = found.is === "done" ? this.#read(found.value) : undefined;
    this.#set(id, document === undefined || found.is !== "done" || found.etag === undefined ? undefined : { etag: found.etag, document });
    return undefined;
  }

  #set(id: string, entry: Document<T> | undefined): void {
    const all = new Map(this.#all.peek());
    if (entry === undefined) {
      if (!all.delete(id)) return;
      this.#all.value = all;
      return;
    }
    if (!all.has(id) && all.size >= MAX_DOCUMENTS) return;
    const isNew = !all.has(id);
    all.set(id, entry);
    this.#all.value = isNew ? new Map([...all].sort(([one], [other]) => (one < other ? -1 : 1))) : all;
  }
}

/** How tests have their own network and time. */
export interface KeptOptions {
  readonly fetch?: typeof fetch;
  readonly source?: (url: string) => RawSource;
  readonly clock?: Clock;
}

const ALWAYS = signal(true);

/** Everything that a space keeps. */
export class Kept {
  readonly groups: Documents<Group>;
  readonly scenes: Documents<Scene>;
  readonly #cdn: string;
  readonly #options: KeptOptions;
  readonly #space = signal<Space | undefined>(undefined);
  readonly #news = signal<News | undefined>(undefined);

  /** `cdn` is the base URL of the CDN, without a slash at its end. */
  constructor(cdn: string, options: KeptOptions = {}) {
    this.#cdn = cdn;
    this.#options = options;
    this.groups = new Documents("groups", readGroup, options.clock);
    this.scenes = new Documents("scenes", readScene, options.clock);
  }

  /** The API of the space that is followed. */
  get space(): ReadonlySignal<Space | undefined> {
    return this.#space;
  }

  /** What is told of it; another one for each space. */
  get news(): ReadonlySignal<News | undefined> {
    return this.#news;
  }

  /**
   * Follows a space by its name from now on, and none while that is empty; what it returns ends that. Changes are listened to while
   * `isListening` holds: a stream is one of the six connections that a browser has to a host.
   */
  follow(name: ReadonlySignal<string>, isListening: ReadonlySignal<boolean> = ALWAYS): () => void {
    return effect(() => {
      if (name.value === "") return undefined;
      const space = new Space(this.#cdn, name.value, this.#options.fetch);
      const news = new News(space.events, this.#options.source, this.#options.clock);
      const kinds: Readonly<Record<string, Documents<Group> | Documents<Scene>>> = { groups: this.groups, scenes: this.scenes };
      for (const documents of Object.values(kinds)) {
        documents.follow(space);
        news.on("again", () => documents.lookAtAll());
        // Also who cannot listen may see what there is, or why not.
        news.on("down", () => documents.isKnown.peek() || documents.lookAtAll());
      }
      news.on("change", ({ kind, id, etag }) => kinds[kind]?.lookAt(id, etag));
      batch(() => {
        this.#space.value = space;
        this.#news.value = news;
      });
      const unlisten = effect(() => {
        if (!isListening.value) return undefined;
        news.start();
        return () => news.close();
      });
      return () => {
        unlisten();
        this.#space.value = this.#news.value = undefined;
        for (const documents of Object.values(kinds)) documents.follow(undefined);
      };
    });
  }
}
