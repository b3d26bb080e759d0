// Firmware: what there is, rolled out to devices, and watched until they are back.

import { useEffect } from "preact/hooks";
import { List } from "./list";
import { Start } from "./start";
import { rollouts } from "./state";
import "./firmware.css";

export function Firmware() {
  useEffect(() => rollouts.start(), []);
  return (
    <div class="firmware">
      <div class="both">
        <Start />
        <List />
      </div>
    </div>
  );
}
