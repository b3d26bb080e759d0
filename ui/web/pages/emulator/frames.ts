// Something to do for each animation frame, for as long as a part is on the page.

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Calls `each` with the part's element and the time in milliseconds. */
export function useFrames<E extends Element>(part: RefObject<E | null>, each: (element: E, nowMs: number) => void): void {
  const latest = useRef(each);
  latest.current = each;
  useEffect(() => {
    let asked = 0;
    const frame = (nowMs: number) => {
      // A part loses its element a little before its effects end.
      if (part.current) latest.current(part.current, nowMs);
      asked = requestAnimationFrame(frame);
    };
    asked = requestAnimationFrame(frame);
    return () => cancelAnimationFrame(asked);
  }, []);
}
