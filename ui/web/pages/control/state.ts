// What device control shows of its space, and what a person chose on the page.

import { computed } from "@preact/signals";
import { config } from "../../design/config";
import { address } from "../../store/server";
import { Watching } from "../../store/watching";

export const watching = new Watching(`${config.cdnBaseUrl}/static/commands.json`);
export const swarm = watching.swarm;

/** Where the page connects to. */
export const url = computed(() => address.value.url);
