// What the space keeps: groups, scenes and rollouts, with one stream of changes for the whole page.

import { computed } from "@preact/signals";
import { config } from "../../design/config";
import { address, spaceOf } from "../../store/server";
import { Kept } from "../../store/kept";

export const kept = new Kept(config.cdnBaseUrl);

kept.follow(computed(() => spaceOf(address.value.url)));
