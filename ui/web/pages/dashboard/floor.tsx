// The devices on the floor, and what the floor is like.

import { FloorMap } from "../../design/floor/map";
import { FloorSize } from "../../design/floor/size";
import { Tools } from "../../design/floor/tools";
import { Unheard } from "../../design/floor/unheard";
import { useCursor } from "../../design/listbox";
import { choice, floor, shown, swarm, tick, tool } from "./state";

export function Floor() {
  const cursor = useCursor(choice);
  return (
    <>
      <FloorMap swarm={swarm} floor={floor} choice={choice} cursor={cursor} tool={tool} label="Devices on the floor" />
      <Unheard swarm={swarm} shown={shown} tick={tick} />
      <div class="row ends">
        <FloorSize floor={floor} />
        <Tools tool={tool} />
      </div>
    </>
  );
}
