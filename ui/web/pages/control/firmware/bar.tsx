// How far a rollout is, as a bar. What it shows stands beside it as text.

import type { DeviceState } from "./record";

/** From done on the left to what is still to come. */
const ORDER: readonly (readonly [string, readonly DeviceState[]])[] = [
  ["done", ["done"]], ["going", ["back", "rebooting", "downloading", "asked"]], ["failed", ["failed"]], ["skipped", ["skipped"]], ["waiting", ["waiting"]],
];

export function Bar({ counts }: { counts: Readonly<Partial<Record<DeviceState, number>>> }) {
  return (
    <div class="bar" aria-hidden="true">
      {ORDER.map(([name, states]) => {
        const share = states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
        return share > 0 && <span key={name} data-part={name} style={{ flexGrow: share }} />;
      })}
    </div>
  );
}
