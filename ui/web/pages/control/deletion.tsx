// A group or a scene is deleted once somebody said so twice, at two places: a double click, or Enter twice, deletes nothing.

import type { Signal } from "@preact/signals";
import { Button } from "../../design/parts";

export function Deletion({ isDoomed, onDelete }: { isDoomed: Signal<boolean>; onDelete: () => void }) {
  return (
    <div class="row">
      {isDoomed.value && <Button class="bad" onClick={onDelete}>Delete it for everybody</Button>}
      {/* The same button, which keeps the keys. */}
      <Button key="ask" onClick={() => (isDoomed.value = !isDoomed.peek())}>{isDoomed.value ? "Not now" : "Delete …"}</Button>
    </div>
  );
}
