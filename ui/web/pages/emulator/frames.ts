// Something to do for each animation frame, for as long as a part is on the page.

import { useEffect, useRef } from "preact/hooks";

/** Calls `each` with the time in milliseconds. */
export function useFrames(each: (nowMs: number) => void): void {
  const latest = useRef(each);
  latest.current = each;
  useEffect(() => {
    let asked = 0;
    const frame = (nowMs: number) => {
      latest.current(nowMs);
      asked = requestAnimationFrame(frame);
    };
    asked = requestAnimationFrame(frame);
    return () => cancelAnimationFrame(asked);
  }, []);
}
