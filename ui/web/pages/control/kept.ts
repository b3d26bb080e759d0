// What the space keeps: groups, scenes and rollouts, with one stream of changes for the whole page.

import { config } from "../../design/config";
import { isSeen } from "../../design/seen";
import { Kept } from "../../store/kept";
import { space } from "./state";

export const kept = new Kept(config.cdnBaseUrl);

kept.follow(space, isSeen);
