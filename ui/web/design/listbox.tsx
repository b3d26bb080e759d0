// The devices of a canvas for ears and keys: a list box of which the current device is the one option that exists, so that a thousand devices
// cost what one does.

import type { ComponentChildren, RefObject } from "preact";
import { type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

/** These alone, these as well, or these if they are not and not if they are. */
export type How = "only" | "add" | "toggle";

/** What a person picks from. */
export interface Choice {
  /** The devices that are shown, in the order in which the keys go. */
  readonly shown: ReadonlySignal<readonly string[]>;
  readonly picked: ReadonlySignal<ReadonlySet<string>>;
  readonly pick: (ids: readonly string[], how: How) => void;
}

/** Which keys were held. */
type Held = Pick<MouseEvent, "shiftKey" | "ctrlKey" | "metaKey">;

/** Where the keys are, and what a choice does. */
export interface Cursor {
  readonly isFocused: Signal<boolean>;
  /** The current device; `undefined` before the first. */
  readonly id: Signal<string | undefined>;
  /** Picks as lists do: alone, one more with Ctrl, a range with Shift. `more` is as if Ctrl was held. */
  readonly choose: (id: string, held: Held, more?: boolean) => void;
}

/** A cursor that stays with its device, wherever the order moves that. */
export function useCursor({ shown, pick }: Choice): Cursor {
  const isFocused = useSignal(false);
  const id = useSignal(shown.peek()[0]);
  /** The last device that was chosen without Shift: where a range begins. */
  const anchor = useRef(id.peek());
  useEffect(() => shown.subscribe(ids => {
    if (id.peek() === undefined || !ids.includes(id.peek() ?? "")) id.value = ids[0];
  }), []);
  const choose = (chosen: string, held: Held, more = false) => {
    const ids = shown.peek();
    const isMore = more || held.ctrlKey || held.metaKey;
    id.value = chosen;
    if (held.shiftKey) {
      const [from, to] = [ids.indexOf(anchor.current ?? ""), ids.indexOf(chosen)].sort((a, b) => a - b) as [number, number];
      pick(ids.slice(Math.max(0, from), to + 1), isMore ? "add" : "only");
      return;
    }
    anchor.current = chosen;
    pick([chosen], isMore ? "toggle" : "only");
  };
  return { isFocused, id, choose };
}

/** How far a key goes, in devices. */
export type Steps = Readonly<Record<string, number>>;

/** The list box around a canvas. */
export function ListBox(props: {
  choice: Choice;
  cursor: Cursor;
  label: string;
  class: string;
  style?: Readonly<Record<string, string>>;
  box?: RefObject<HTMLDivElement | null>;
  /** How far the keys go; with Home and End, which are the same everywhere. */
  steps: () => Steps;
  /** Brings a device into view. */
  onMove?: (index: number) => void;
  onClick?: (event: MouseEvent) => void;
  children: ComponentChildren;
}) {
  const { shown, picked, pick } = props.choice;
  const { isFocused, id, choose } = props.cursor;
  const ids = shown.value;
  const index = id.value === undefined ? -1 : ids.indexOf(id.value);

  const onKey = (event: KeyboardEvent) => {
    const steps: Steps = { ...props.steps(), Home: -ids.length, End: ids.length };
    const step = steps[event.key];
    const isCommand = event.ctrlKey || event.metaKey;
    if (step !== undefined) {
      const next = Math.max(0, Math.min(ids.length - 1, index + step));
      const chosen = ids[next];
      if (chosen === undefined) return;
      id.value = chosen;
      props.onMove?.(next);
      if (event.shiftKey) choose(chosen, event);
    } else if (event.key === " " || event.key === "Enter") {
      if (id.value !== undefined) choose(id.value, event, true);
    } else if (event.key === "a" && isCommand) {
      pick(ids, "only");
    } else if (event.key === "Escape") {
      pick([], "only");
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <div
      ref={props.box ?? null}
      class={props.class}
      style={{ ...props.style }}
      tabIndex={0}
      role="listbox"
      aria-label={props.label}
      aria-multiselectable="true"
      aria-activedescendant={index < 0 ? undefined : "current-device"}
      onKeyDown={onKey}
      onFocus={() => (isFocused.value = true)}
      onBlur={() => (isFocused.value = false)}
      {...(props.onClick && { onClick: props.onClick })}
    >
      {props.children}
      {index >= 0 && (
        <div class="unseen" role="option" id="current-device" aria-selected={picked.value.has(id.value ?? "")} aria-posinset={index + 1} aria-setsize={ids.length}>
          Device {id.value}
        </div>
      )}
    </div>
  );
}
