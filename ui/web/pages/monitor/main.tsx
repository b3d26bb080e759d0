// The monitor: the live system at a glance, down to a subject and a device.

import { render } from "preact";
import { Live } from "../../design/live";
import { Shell } from "../../design/shell";
import { Device } from "./device";
import { Node } from "./node";
import { Overview } from "./overview";
import { Space } from "./space";
import { heard, heardMs, link, route, start, system } from "./state";
import { TapPlace } from "./tap-place";
import { Troubles } from "./troubles";
// After the shell's: what is said here goes before what the parts say.
import "./monitor.css";

function Where() {
  const now = route.value;
  if (!system.value) return link.value === "asking" ? <p class="quiet">The monitor is asked…</p> : null;
  switch (now.at) {
    case "space": return <Space key={now.space} space={now.space} />;
    case "device": return <Device key={`${now.space} ${now.device}`} space={now.space} device={now.device} />;
    case "node": return <Node key={now.node} node={now.node} />;
    case "tap": return <TapPlace subject={now.subject} device={now.device} />;
    case "system": return <Overview find={now.find} />;
  }
}

render(
  <Shell page="monitor" live={<Live state={heard} ageMs={heardMs} what="figures" />}>
    <Troubles />
    <Where />
  </Shell>,
  document.body,
);

start();
