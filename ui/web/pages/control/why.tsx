// Why the CDN did not do it. Its mistakes, where it names any, say more than its sentence for all of them.

import type { Failed } from "../../store/space";

/** Mistakes that are shown at most. */
const MOST = 8;

export function Why({ failed: { message, mistakes } }: { failed: Failed }) {
  if (mistakes.length === 0) return <>{message}</>;
  return <ul>{mistakes.slice(0, MOST).map(mistake => <li key={mistake}>{mistake}</li>)}</ul>;
}
