// Drafts that were begun: one whose window was closed before it was kept is there when it is opened again, also after a reload, until it is kept
// or discarded.

import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { followTabs, remembered } from "../../design/remembered";
import type { Documents } from "../../store/kept";
import { fieldsOf } from "../../store/space";
import { Draft, freeId, type Unkept } from "./draft";

/** Drafts that are put aside; of more, the oldest are forgotten. */
const MOST = 16;

/** One that is put aside, with its space. */
type Aside<T> = Unkept<T> & { readonly space: string };

function readAside<T>(text: string, read: (value: unknown) => T | undefined): readonly Aside<T>[] | undefined {
  try {
    const all = JSON.parse(text) as readonly unknown[];
    return all.filter((entry): entry is Aside<T> => {
      const { space, id, seen, base, document } = fieldsOf(entry);
      const isKnown = seen === undefined || typeof seen === "string";
      return typeof space === "string" && typeof id === "string" && isKnown && read(base) !== undefined && read(document) !== undefined;
    }).slice(-MOST);
  } catch {
    return undefined;
  }
}

/** The drafts of a kind, of which one at a time is open. */
export class Drafts<T> {
  readonly #documents: Documents<T>;
  readonly #space: ReadonlySignal<string>;
  /** The newest last. */
  readonly #aside;
  readonly #open = signal<Draft<T> | undefined>(undefined);
  #unfollow = () => {};

  /** They are kept in this browser under `name`; `read` takes one apart. */
  constructor(name: string, documents: Documents<T>, space: ReadonlySignal<string>, read: (value: unknown) => T | undefined) {
    this.#documents = documents;
    this.#space = space;
    this.#aside = remembered<readonly Aside<T>[]>(name, [], text => readAside(text, read), all => (all.length === 0 ? undefined : JSON.stringify(all)));
    followTabs(name, this.#aside, [], text => readAside(text, read));
  }

  /** The one in the window. */
  get open(): ReadonlySignal<Draft<T> | undefined> {
    return this.#open;
  }

  /** Whether somebody changed this one and has not kept it. */
  has(id: string): boolean {
    return this.#of(id) !== undefined;
  }

  /** Whether there is a new one that is not kept. */
  get hasNew(): boolean {
    return this.#new() !== undefined;
  }

  /** Those that were changed, and that somebody else deleted meanwhile. */
  get orphans(): readonly Unkept<T>[] {
    if (!this.#documents.isKnown.value) return [];
    const isGone = ({ id, seen }: Aside<T>) => seen !== undefined && !this.#documents.all.value.has(id);
    return this.#aside.value.filter(aside => aside.space === this.#space.value && isGone(aside));
  }

  /** Opens one as it was left. */
  reopen({ id, document, seen, base }: Unkept<T>): void {
    this.#follow(new Draft(this.#documents, id, document, seen, base));
  }

  /** Opens one that is kept: as it is, or as it was left. */
  change(id: string, document: T, etag: string): void {
    this.reopen(this.#of(id) ?? { id, document, seen: etag, base: document });
  }

  /** Opens a new one, or the new one that was left. */
  begin(title: string, document: T): void {
    const left = this.#new();
    if (left) this.#forget(left.id);
    // By now somebody else may have one with that id.
    const id = freeId(title, this.#documents.all.peek());
    this.#follow(new Draft(this.#documents, id, left?.document ?? document, undefined, left?.base ?? document));
  }

  /** Closes the window; what is not kept is put aside. */
  close(): void {
    this.#unfollow();
    const draft = this.#open.peek();
    // Another tab may have kept or forgotten its own of the same name.
    if (draft?.isChanged.peek()) this.#putAside(draft);
    this.#unfollow = () => {};
    this.#open.value = undefined;
  }

  /** Closes the window, and forgets what was changed. */
  discard(): void {
    const draft = this.#open.peek();
    this.close();
    if (draft) this.#forget(draft.id);
  }

  #follow(draft: Draft<T>): void {
    this.close();
    this.#open.value = draft;
    const unfollow = effect(() => {
      // Each of its changes is kept at once.
      void draft.unkept;
      if (draft.isChanged.value) this.#putAside(draft);
      else this.#forget(draft.id);
    });
    // Also when another tab kept its own of that name, and so forgot this one.
    const unguard = effect(() => {
      const isThere = this.#aside.value.some(aside => this.#is(aside, draft.id));
      if (!isThere && draft.isChanged.peek()) this.#putAside(draft);
    });
    this.#unfollow = () => {
      unfollow();
      unguard();
    };
  }

  #putAside(draft: Draft<T>): void {
    const others = this.#aside.peek().filter(aside => !this.#is(aside, draft.id));
    this.#aside.value = [...others, { ...draft.unkept, space: this.#space.peek() }].slice(-MOST);
  }

  #forget(id: string): void {
    this.#aside.value = this.#aside.peek().filter(aside => !this.#is(aside, id));
  }

  #is({ space, id }: Aside<T>, wanted: string): boolean {
    return space === this.#space.peek() && id === wanted;
  }

  #of(id: string): Aside<T> | undefined {
    return this.#aside.value.find(aside => aside.space === this.#space.value && aside.id === id && aside.seen !== undefined);
  }

  #new(): Aside<T> | undefined {
    return this.#aside.value.find(aside => aside.space === this.#space.value && aside.seen === undefined);
  }
}
