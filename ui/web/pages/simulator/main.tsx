// The simulator's page: swarms that are started, changed and looked at.

import { render } from "preact";
import { Live } from "../../design/live";
import { Card, Notice } from "../../design/parts";
import { Shell } from "../../design/shell";
import { Counters } from "./counters";
import { Floor } from "./floor";
import { Scenarios } from "./scenarios";
import { ageMs, health, link, linkProblem, running, start, state } from "./state";
import { Lost, Swarms } from "./swarms";
import { watchTapes } from "./tapes";
import { Tapes } from "./tape-card";
// After the shell's: what is said here goes before what the parts say.
import "./simulator.css";

/** What keeps the page from showing what is. */
function Trouble() {
  if (link.value === "away") {
    return (
      <Notice kind="bad">
        {linkProblem.value} Is it running? “grouploop up” and “grouploop simulator” have one. It is tried again by
        itself; what you typed stays.
      </Notice>
    );
  }
  if (health.value?.bus.state === "away") {
    return <Notice kind="warn">The simulator has lost its bus (NATS): what swarms on it send reaches nobody until it is back.</Notice>;
  }
  return null;
}

/** Where nothing runs they stand with the welcome. */
function MoreScenarios() {
  if (running.value.length === 0) return null;
  return <Card title="Scenarios"><Scenarios /></Card>;
}

render(
  <Shell page="simulator" live={<Live state={state} ageMs={ageMs} />}>
    <div class="said"><Trouble /><Lost /></div>
    <div class="simulator">
      <Floor />
      <div class="stack side">
        <Swarms />
      </div>
      <Counters />
      <div class="more">
        <Tapes />
        <MoreScenarios />
      </div>
    </div>
  </Shell>,
  document.body,
);

start();
watchTapes();
