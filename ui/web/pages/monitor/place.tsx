// A place below the whole: the way back, its name, and what is told of it.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export interface Step {
  readonly label: string;
  readonly href: string;
}

/** `steps` lead here from the whole. The name takes the focus, so that keys and ears are where the eyes are. */
export function Place(props: { steps: readonly Step[]; name: string; kind: string; children: ComponentChildren }) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.kind} ${props.name} · Monitor · GroupLoop`;
    title.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
    return () => void (document.title = "Monitor · GroupLoop");
  }, [props.kind, props.name]);
  return (
    <div class="stack">
      <div class="place">
        <nav aria-label="Where this is">
          <ol class="steps">
            <li><a href="#/">System</a></li>
            {props.steps.map(({ label, href }) => <li key={href}><a class="mono" href={href}>{label}</a></li>)}
          </ol>
        </nav>
        <h2 ref={title} tabIndex={-1}>{props.kind} <span class="mono">{props.name}</span></h2>
      </div>
      {props.children}
    </div>
  );
}
