// Device control's start.

import { render } from "preact";
import { Live } from "../../design/live";
import { Shell } from "../../design/shell";
import { url, watching } from "./state";

render(
  <Shell page="control" live={<Live state={watching.state} ageMs={watching.ageMs} />}>
    <p>{watching.swarm.ids}</p>
  </Shell>,
  document.body,
);

watching.start(url);
