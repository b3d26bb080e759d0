// What the space keeps: groups, scenes and rollouts, with one stream of changes for the whole page.

import { computed } from "@preact/signals";
import { config } from "../../design/config";
import { isSeen } from "../../design/seen";
import { Kept } from "../../store/kept";
import { acts } from "./acts";
import { space } from "./state";

export const kept = new Kept(config.cdnBaseUrl);

/** Who sends something hears the panic key of others, also while nobody looks at the page. */
const isSending = computed(() => acts.log.value.some(({ ok }) => ok === undefined));

kept.follow(space, computed(() => isSeen.value || isSending.value));
