// What a page remembers in its browser. A browser that keeps nothing (private windows, full storage) costs the memory, not the page.

import { effect, signal, type Signal } from "@preact/signals";

/** Where it is kept: by default for all tabs and for ever. `forTab` is for one tab, until that is closed. */
type Place = () => Pick<Storage, "getItem" | "setItem" | "removeItem">;
const forAll: Place = () => localStorage;
export const forTab: Place = () => sessionStorage;
/** Each tab has its own, and a new one begins with what another had last. Nothing is kept in a tab as an empty text, or it would begin anew. */
export const forTabFirst: Place = () => ({
  getItem: name => {
    const own = sessionStorage.getItem(name);
    return own === "" ? null : own ?? localStorage.getItem(name);
  },
  setItem: (name, text) => [sessionStorage, localStorage].forEach(place => place.setItem(name, text)),
  removeItem: name => {
    sessionStorage.setItem(name, "");
    localStorage.removeItem(name);
  },
});

/** The text that is kept under this name; `undefined` when there is none. */
export function recall(name: string, place = forAll): string | undefined {
  try {
    return place().getItem(`grouploop.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text under this name; `undefined` forgets it. */
export function keep(name: string, text: string | undefined, place = forAll): void {
  try {
    if (text === undefined) place().removeItem(`grouploop.${name}`);
    else place().setItem(`grouploop.${name}`, text);
  } catch {
    // There is nobody to tell, and the page goes on as it is.
  }
}

/** A text that somebody typed, still there after a reload; as it is at first it is not kept. */
export const rememberedText = (name: string, initial = ""): Signal<string> =>
  remembered(name, initial, text => text, text => (text === initial ? undefined : text));

/** A value that is still there after a reload. `read` takes the kept text apart, and gives `undefined` for one that it cannot use. */
export function remembered<T>(
  name: string,
  initial: T,
  read: (text: string) => T | undefined,
  write: (value: T) => string | undefined,
  place = forAll,
): Signal<T> {
  const kept = recall(name, place);
  const value = signal<T>((kept === undefined ? undefined : read(kept)) ?? initial);
  effect(() => keep(name, write(value.value), place));
  return value;
}

/** Has a value of all tabs follow what another tab makes of it: it writes the whole, and would forget what it never saw. */
export function followTabs<T>(name: string, value: Signal<T>, initial: T, read: (text: string) => T | undefined): void {
  globalThis.addEventListener?.("storage", ({ key, newValue }) => {
    if (key === `grouploop.${name}`) value.value = (newValue === null ? undefined : read(newValue)) ?? initial;
  });
}
