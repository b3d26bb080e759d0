// Device control's start.

import { render } from "preact";
import { Live } from "../../design/live";
import { Shell } from "../../design/shell";
import { Firmware } from "./firmware/firmware";
import { Inspector } from "./inspector/inspector";
import { url, watching } from "./state";

render(
  <Shell page="control" live={<Live state={watching.state} ageMs={watching.ageMs} />}>
    <div class="stack">
      <Inspector />
      <Firmware />
    </div>
  </Shell>,
  document.body,
);

watching.start(url);
