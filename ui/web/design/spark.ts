// The last minute as a line: numbers in, the path of an SVG out. Pure.

/** Seconds that a line shows, at one value each. */
export const MINUTE = 60;
/** What is kept free above and below, so that a thick line is not cut. */
const EDGE = 2;

/** The path, the newest value on the right, from zero up to the most that there is; a line that began a while ago begins in the middle. */
export function pathOf(values: readonly number[], width: number, height: number): string {
  const most = Math.max(1, ...values);
  let path = "";
  for (let place = 0; place < values.length; place++) {
    const x = ((MINUTE - values.length + place) / (MINUTE - 1)) * width;
    const y = height - EDGE - ((values[place] ?? 0) / most) * (height - 2 * EDGE);
    path += `${place === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
  }
  return path;
}
