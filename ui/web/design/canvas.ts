// A canvas that is drawn at most once for each animation frame, sharp on every screen, and not at all while nobody can see it.

import { useEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";

/** What is drawn on, in CSS pixels. */
export interface Sheet {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** Calls `draw` for each animation frame while the canvas is on the page and on the screen; `now` is in milliseconds. */
export function useCanvas(draw: (sheet: Sheet, now: number) => void): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  latest.current = draw;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return undefined;
    let asked = 0;
    let seen = true;
    const frame = (now: number) => {
      asked = seen ? requestAnimationFrame(frame) : 0;
      const ratio = window.devicePixelRatio || 1;
      const { clientWidth: width, clientHeight: height } = element;
      if (width === 0 || height === 0) return;
      const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (element.width !== wide || element.height !== high) Object.assign(element, { width: wide, height: high });
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      latest.current({ context, width, height }, now);
    };
    const watcher = new IntersectionObserver(entries => {
      seen = entries.at(-1)?.isIntersecting ?? true;
      if (seen && asked === 0) asked = requestAnimationFrame(frame);
    });
    watcher.observe(element);
    asked = requestAnimationFrame(frame);
    return () => {
      watcher.disconnect();
      cancelAnimationFrame(asked);
    };
  }, []);
  return canvas;
}
