// What the measurements in a browser share: pictures a second, the table of what was measured, and where that is kept.

import { execFileSync } from "node:child_process";
import { root } from "../../tests/browser/support.mjs";
import { record as keep } from "../results.mjs";

export const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Watches for a while: pictures in each second, and how long each long task took. */
export const watch = (page, ms) => page.evaluate(ms => new Promise(done => {
  const tasks = [], pictures = [];
  const observer = new PerformanceObserver(list => tasks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ entryTypes: ["longtask"] });
  const begin = performance.now();
  let second = begin, drawn = 0;
  const frame = now => {
    drawn++;
    if (now - second >= 1_000) {
      pictures.push(drawn / ((now - second) / 1_000));
      [second, drawn] = [now, 0];
    }
    if (now - begin < ms) return void requestAnimationFrame(frame);
    observer.disconnect();
    done({ pictures, tasks });
  };
  requestAnimationFrame(frame);
}), ms);

/** The value that this share of all is not above. */
export const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? 0;

const row = cells => `| ${cells.join(" | ")} |`;

/** A table of lines `[what, target, measured, met]`, `met` only where something is judged; and whether all targets are met. */
export function judged(title, lines) {
  const verdict = met => (met === undefined ? "" : met ? "met" : "MISSED");
  const table = [
    row([title, "target", "measured", "verdict"]),
    row(["---", "---", "---", "---"]),
    ...lines.map(([what, target, measured, met]) => row([what, target, measured, verdict(met)])),
  ];
  return { table: table.join("\n"), isMet: lines.every(([, , , met]) => met !== false) };
}

/** Writes a table into the record of measurements. */
export function record(file, title, beside, table) {
  const chromium = execFileSync(execFileSync(`${root}scripts/chromium.sh`, ["find"], { encoding: "utf8" }).trim(), ["--version"], {
    encoding: "utf8", stdio: ["ignore", "pipe", "ignore"],
  });
  keep(file, title, `- ${beside}\n- ${chromium.trim()}, headless, without a graphics card\n\n${table}`);
}
