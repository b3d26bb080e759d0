// The parts that pages are made of: what a person reads and uses, with its label, its hint and its mistake where they belong.

import type { ComponentChildren, ComponentProps } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Cross } from "./icons";

/** A heading with what belongs to it. */
export function Card(props: { title: ComponentChildren; aside?: ComponentChildren; class?: string; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class={`card ${props.class ?? ""}`} aria-labelledby={id}>
      <div class="row ends">
        <h2 id={id}>{props.title}</h2>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

/** What the control inside a field must have, so that its label, hint and mistake belong to it. */
export interface FieldProps {
  readonly id: string;
  readonly "aria-describedby"?: string;
  readonly "aria-invalid"?: "true";
}

/** A label, a control, a hint and what is wrong with the value. */
export function Field(props: {
  label: ComponentChildren;
  hint?: ComponentChildren;
  wrong?: string | undefined;
  class?: string;
  children: (field: FieldProps) => ComponentChildren;
}) {
  const id = useId();
  const describedBy = [props.hint && `${id}-hint`, props.wrong && `${id}-wrong`].filter(Boolean).join(" ");
  const field: FieldProps = {
    id,
    ...(describedBy && { "aria-describedby": describedBy }),
    ...(props.wrong && { "aria-invalid": "true" as const }),
  };
  return (
    <div class={`field ${props.class ?? ""}`}>
      <label for={id}>{props.label}</label>
      {props.children(field)}
      {props.hint && <span class="hint" id={`${id}-hint`}>{props.hint}</span>}
      {/* Always there, so that what appears in it is read out. */}
      <span class="wrong" id={`${id}-wrong`} role="alert">{props.wrong}</span>
    </div>
  );
}

/** For a part that may go while somebody has the keys in it: they go to the heading of what it stood in, and on from there. */
export function useGoingOn<T extends HTMLElement>() {
  const part = useRef<T>(null);
  useEffect(() => () => {
    if (!part.current?.contains(document.activeElement)) return;
    const place = part.current.parentElement?.closest(".card, dialog") ?? document;
    const heading = place.querySelector<HTMLElement>("h2, h1");
    if (heading === null) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }, []);
  return part;
}

/** A sentence where something happened. */
export function Notice(props: { kind?: "good" | "warn" | "bad"; children: ComponentChildren; onDismiss?: () => void }) {
  const part = useGoingOn<HTMLDivElement>();
  return (
    <div ref={part} class={`notice ${props.kind ?? ""}`} role={props.kind === "bad" ? "alert" : "status"}>
      <div class="grow">{props.children}</div>
      {props.onDismiss && (
        <button type="button" class="button icon" aria-label="Dismiss" onClick={props.onDismiss}>
          <Cross />
        </button>
      )}
    </div>
  );
}

/** A window over the page; Escape and its cross close it. `aside` is what must be in reach also while it hides the page. */
export function Dialog(props: { title: string; open: boolean; onClose: () => void; aside?: ComponentChildren; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const id = useId();
  useEffect(() => {
    if (!props.open) return dialog.current?.close();
    dialog.current?.showModal();
    // And not the first button, which somebody who opened it with Enter would press by the same.
    if (!dialog.current?.querySelector("[autofocus]")) heading.current?.focus();
  }, [props.open]);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={props.onClose}>
      {props.open && (
        <div class="stack">
          <div class="row ends">
            <h2 id={id} ref={heading} tabIndex={-1} class="grow">{props.title}</h2>
            {props.aside}
            <button type="button" class="button icon" aria-label="Close" onClick={props.onClose}>
              <Cross />
            </button>
          </div>
          {props.children}
        </div>
      )}
    </dialog>
  );
}

/** A button; `first` is the one thing that a panel is for. */
export function Button({ first, class: more, ...rest }: ComponentProps<"button"> & { first?: boolean; class?: string }) {
  return <button type="button" {...rest} class={`button ${first ? "first" : ""} ${more ?? ""}`} />;
}
