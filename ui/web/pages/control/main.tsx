// Device control's start: devices that are picked, and what is done with them.

import { render } from "preact";
import { AddressForm } from "../../design/address-form";
import { Answers } from "../../design/answers";
import { Live } from "../../design/live";
import { Card } from "../../design/parts";
import { Place } from "../../design/place";
import { Shell } from "../../design/shell";
import { Trouble } from "../../design/trouble";
import { sameAt } from "../../store/server";
import { acts } from "./acts";
import { Commanding } from "./commanding";
import { Firmware } from "./firmware/firmware";
import { Groups } from "./groups";
import { Inspector } from "./inspector/inspector";
import { Panic } from "./panic";
import { Picking } from "./picking";
import { Scenes } from "./scenes";
import { swarm, tick, url, watching } from "./state";
// After the shell's: what is said here goes before what the parts say.
import "./control.css";

/** How often texts that change all the time are written anew, in milliseconds. */
const TEXTS_MS = 500;

render(
  <Shell page="control" live={<><Place /><Live state={watching.state} ageMs={watching.ageMs} /></>} sameAt={sameAt}>
    <Panic />
    <div class="said"><Trouble watching={watching} /></div>
    <div class="control">
      <Picking />
      <div class="side stack">
        <Commanding />
        <Card title="Answers"><Answers acts={acts} swarm={swarm} /></Card>
      </div>
      <div class="kept">
        <Scenes />
        <Groups />
      </div>
      <div class="closer stack">
        <Firmware />
        <div class="last">
          <Inspector />
          <Card title="Connection"><AddressForm onSame={() => watching.again()} /></Card>
        </div>
      </div>
    </div>
  </Shell>,
  document.body,
);

watching.start(url);
setInterval(() => void (tick.value += 1), TEXTS_MS);
