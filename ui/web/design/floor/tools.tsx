// What a drag on a floor draws: a box, or a loop by hand.

import type { Signal } from "@preact/signals";

export type Tool = "box" | "lasso";
export const isTool = (text: string): text is Tool => text === "box" || text === "lasso";

const TOOLS: readonly { name: Tool; label: string }[] = [
  { name: "box", label: "Box" },
  { name: "lasso", label: "Lasso" },
];

export function Tools({ tool }: { tool: Signal<Tool> }) {
  return (
    <div class="row joined" role="group" aria-label="A drag on the floor picks by">
      {TOOLS.map(({ name, label }) => (
        <button key={name} type="button" class="button" aria-pressed={tool.value === name} onClick={() => (tool.value = name)}>{label}</button>
      ))}
    </div>
  );
}
