// A group or a scene while somebody changes it. Others may change it too: then it is said, with both ways out, and nothing that was typed is
// lost by either.

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Documents } from "../../store/kept";
import type { Failed } from "../../store/space";

/** Characters of an id at most. */
const MOST_ID = 48;

/** An id for a title: what is left of it in small letters. */
export const idFor = (title: string): string =>
  title.toLowerCase().normalize("NFD").replace(/[^a-z0-9]+/g, "-").slice(0, MOST_ID).replace(/^-+|-+$/g, "") || "untitled";

/** An id that nobody has yet. */
export function freeId(title: string, taken: { has: (id: string) => boolean }): string {
  const id = idFor(title);
  let free = id;
  for (let number = 2; taken.has(free); number++) free = `${id}-${number}`;
  return free;
}

/** What others did to it since it was opened. */
export type Others = "nothing" | "changed" | "removed";

/** A draft, put aside. */
export interface Unkept<T> {
  readonly id: string;
  readonly seen: string | undefined;
  readonly base: T;
  readonly document: T;
}

export class Draft<T> {
  readonly id: string;
  readonly #documents: Documents<T>;
  /** The tag of what was there when somebody began, or took theirs. */
  readonly #seen: Signal<string | undefined>;
  readonly document: Signal<T>;
  /** As it was when somebody began, or took theirs, or kept it. */
  readonly #base: Signal<T>;
  readonly #isBusy = signal(false);
  readonly #failed = signal<Failed | undefined>(undefined);
  readonly others: ReadonlySignal<Others>;
  /** Whether something was changed and not kept. */
  readonly isChanged: ReadonlySignal<boolean>;

  /** `seen` is `undefined` for one that does not exist yet; `base` is what was changed, if `document` is not it. */
  constructor(documents: Documents<T>, id: string, document: T, seen: string | undefined, base = document) {
    this.id = id;
    this.#documents = documents;
    this.#seen = signal(seen);
    this.document = signal(document);
    this.#base = signal(base);
    this.isChanged = computed(() => JSON.stringify(this.document.value) !== JSON.stringify(this.#base.value));
    this.others = computed(() => {
      const theirs = documents.all.value.get(id)?.etag;
      if (this.#isBusy.value || theirs === this.#seen.value) return "nothing";
      return theirs === undefined ? "removed" : "changed";
    });
  }

  /** Whether nobody has kept it yet. */
  get isNew(): boolean {
    return this.#seen.value === undefined;
  }

  /** What is kept of it until it is done. */
  get unkept(): Unkept<T> {
    return { id: this.id, seen: this.#seen.value, base: this.#base.value, document: this.document.value };
  }

  get isBusy(): ReadonlySignal<boolean> {
    return this.#isBusy;
  }

  /** Why it is not kept; a conflict is told by `others`. */
  get failed(): ReadonlySignal<Failed | undefined> {
    return this.#failed;
  }

  /** What is there now. */
  get theirs(): T | undefined {
    return this.#documents.all.value.get(this.id)?.document;
  }

  /** Keeps it, unless somebody else changed it meanwhile. `true` when it is kept. */
  async save(): Promise<boolean> {
    const document = this.document.peek();
    const isKept = await this.#do(() => this.#documents.put(this.id, document, this.#seen.peek()));
    if (isKept) this.#base.value = document;
    return isKept;
  }

  /** Keeps it over what somebody else made of it. */
  overwrite(): Promise<boolean> {
    this.#seen.value = this.#documents.all.peek().get(this.id)?.etag;
    return this.save();
  }

  /** Goes on with what somebody else made of it. */
  take(): void {
    const theirs = this.#documents.all.peek().get(this.id);
    if (!theirs) return;
    this.document.value = this.#base.value = theirs.document;
    this.#seen.value = theirs.etag;
    this.#failed.value = undefined;
  }

  /** Deletes it, unless somebody else changed it meanwhile. `true` when it is gone. */
  async remove(): Promise<boolean> {
    const seen = this.#seen.peek();
    return seen === undefined || this.#do(() => this.#documents.remove(this.id, seen));
  }

  async #do(work: () => ReturnType<Documents<T>["put"]>): Promise<boolean> {
    this.#isBusy.value = true;
    const outcome = await work();
    this.#failed.value = outcome.is === "done" ? undefined : outcome;
    if (outcome.is === "done" && outcome.etag !== undefined) this.#seen.value = outcome.etag;
    this.#isBusy.value = false;
    return outcome.is === "done";
  }
}
