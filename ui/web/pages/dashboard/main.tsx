// The dashboard's start: everything a space has, and a way to command it.

import { effect } from "@preact/signals";
import { render } from "preact";
import { Live } from "../../design/live";
import { Place } from "../../design/place";
import { Shell } from "../../design/shell";
import { Trouble } from "../../design/trouble";
import { sameAt } from "../../store/server";
import { Apps, loadApps } from "./apps";
import { Command } from "./command";
import { Connection, More } from "./connection";
import { Devices } from "./devices";
import { tick, url, watching } from "./state";
import { findSwarm } from "./swarms";
// After the shell's: what is said here goes before what the parts say.
import "./dashboard.css";

/** How often texts that change all the time are written anew, in milliseconds. */
const TEXTS_MS = 500;

render(
  <Shell page="dashboard" live={<><Place /><Live state={watching.state} ageMs={watching.ageMs} /></>} sameAt={sameAt}>
    <div class="said"><Trouble watching={watching} /></div>
    <div class="dashboard">
      <Devices />
      <div class="side stack">
        <Command />
        <More />
        <Connection />
      </div>
      <Apps />
    </div>
  </Shell>,
  document.body,
);

watching.start(url);
setInterval(() => void (tick.value += 1), TEXTS_MS);
void loadApps();
effect(() => {
  url.value;
  void findSwarm();
});
