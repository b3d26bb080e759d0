// The emulator: a phone, or a desk, becomes devices.

import { computed } from "@preact/signals";
import { render } from "preact";
import { Live } from "../../design/live";
import { Place } from "../../design/place";
import { Shell } from "../../design/shell";
import { sameAt } from "../../store/server";
import { keepAwake } from "./awake";
import { startBeat } from "./beat";
import { Connection, Slowed, Trouble } from "./connection";
import { devices, focused, startDevices } from "./devices";
import { Floor } from "./floor";
import { Commands, Devices } from "./list";
import { Motion } from "./motion";
import { Stage } from "./stage";
// After the shell's: what is said here goes before what the parts say.
import "./emulator.css";

startDevices();

const state = computed(() => focused.value.state.value);
/** Shown when it says something: while frames leave they are all new. */
const ageMs = computed(() => (state.value === "live" ? undefined : focused.value.ageMs.value));

render(
  <Shell page="emulator" live={<><Place /><Live state={state} ageMs={ageMs} /></>} sameAt={sameAt}>
    <div class="said">
      <Trouble />
      <Slowed />
    </div>
    <div class="emulator">
      <Stage />
      <div class="stack body">
        <Motion />
        <Floor />
      </div>
      <div class="stack more">
        <Devices />
        <Commands />
        <Connection />
      </div>
    </div>
  </Shell>,
  document.body,
);

keepAwake();
startBeat((frames, nowMs) => devices.peek().forEach(device => device.beat(frames, nowMs)));
