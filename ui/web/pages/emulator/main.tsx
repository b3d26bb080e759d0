// The emulator: a phone, or a desk, becomes devices.

import "./emulator.css";
import { computed } from "@preact/signals";
import { render } from "preact";
import { Live } from "../../design/live";
import { Shell } from "../../design/shell";
import { keepAwake } from "./awake";
import { Connection, Slowed, Trouble } from "./connection";
import { focused, startDevices } from "./devices";
import { Floor } from "./floor";
import { Commands, Devices } from "./list";
import { Motion } from "./motion";
import { Stage } from "./stage";

startDevices();
keepAwake();

const state = computed(() => focused.value.state.value);
/** Shown when it says something: while frames leave they are all new. */
const ageMs = computed(() => (state.value === "live" ? undefined : focused.value.ageMs.value));

render(
  <Shell page="emulator" live={<Live state={state} ageMs={ageMs} />}>
    <div class="emulator">
      <div class="said">
        <Trouble />
        <Slowed />
      </div>
      <Stage />
      <div class="stack"><Motion /><Floor /></div>
      <div class="stack"><Devices /><Commands /><Connection /></div>
    </div>
  </Shell>,
  document.body,
);
