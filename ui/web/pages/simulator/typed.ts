// Forms that are filled in: what was typed is still there after a reload, until it was taken.

import type { Signal } from "@preact/signals";
import { remembered } from "../../design/remembered";
import { fieldsOf } from "../../store/space";

/** The texts of a form by the names of its fields, which are kept in this browser under `name`; `empty` is what it begins with. */
export function form<T extends Readonly<Record<string, string>>>(name: string, empty: T): Signal<T> {
  const read = (text: string): T | undefined => {
    try {
      const kept = fieldsOf(JSON.parse(text));
      const known = Object.entries(empty).map(([key, value]) => [key, typeof kept[key] === "string" ? kept[key] : value]);
      return Object.fromEntries(known) as T;
    } catch {
      return undefined;
    }
  };
  const isEmpty = (value: T) => Object.entries(empty).every(([key, text]) => value[key] === text);
  return remembered(`simulator.${name}`, empty, read, value => (isEmpty(value) ? undefined : JSON.stringify(value)));
}
