// The emulator's start.

import { signal } from "@preact/signals";
import { render } from "preact";
import { Live } from "../../design/live";
import { Shell } from "../../design/shell";

render(<Shell page="emulator" live={<Live state={signal("disconnected")} ageMs={signal(undefined)} />}><p>.</p></Shell>, document.body);
