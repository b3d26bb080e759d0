// A group or a scene is deleted once somebody said so twice, at two places: a double click deletes nothing.

import type { Signal } from "@preact/signals";
import { Button } from "../../design/parts";

export function Deletion({ isDoomed, onDelete }: { isDoomed: Signal<boolean>; onDelete: () => void }) {
  if (!isDoomed.value) return <Button onClick={() => (isDoomed.value = true)}>Delete …</Button>;
  return (
    <div class="row">
      <Button class="bad" onClick={onDelete}>Delete it for everybody</Button>
      <Button onClick={() => (isDoomed.value = false)}>Not now</Button>
    </div>
  );
}
