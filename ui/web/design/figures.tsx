// Figures: large, with what they are called, and the last minute of them as a line.

import type { ComponentChildren } from "preact";
import { pathOf } from "./spark";

/** How wide and high a line is, in units of its own: it takes what room it gets. */
const [WIDTH, HEIGHT] = [120, 28];

/** The last minute as a line, from zero up to the most that there was. */
export function Spark({ values, label }: { values: readonly number[]; label: string }) {
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={pathOf(values, WIDTH, HEIGHT)} fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  );
}

/** One of a list of figures, a `dl` of the class `bigs`. */
export function Big({ label, value, children }: { label: ComponentChildren; value: ComponentChildren; children?: ComponentChildren }) {
  return (
    <div class="big">
      <dt class="small quiet">{label}</dt>
      <dd><span class="figure">{value}</span>{children}</dd>
    </div>
  );
}
