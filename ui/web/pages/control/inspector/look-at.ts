// The way to a device that is shown somewhere else on the page. Who is picked stays picked.

import { current } from "../state";

/** Looks at it closely. */
export function lookAt(id: string): void {
  current.value = id;
  document.querySelector(".inspector")?.scrollIntoView({ block: "nearest" });
}
