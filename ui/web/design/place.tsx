// Which space a page is about, at its top: what is sent there is for devices of that one alone.

import { edgeUrl } from "../store/server";
import { spaceOf } from "../store/space-of";

/** Nothing for the space of everybody. */
export function Place() {
  const space = edgeUrl.value === "" ? "main" : spaceOf(edgeUrl.value);
  if (space === "main") return null;
  return <span class="place-name">in <b class="mono">{space}</b></span>;
}
