// How long from `make run` to the first frame on the dashboard, step by step? Run it when everything is built: node bench/start.mjs
// [--results FILE]
//
// The browser is open before, as somebody's browser is. Chromium and playwright-core are those of the browser tests (make setup-browser). Ends
// with exit code 1 when it took longer than 15 s.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { loadavg, tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { record } from "./results.mjs";

const limit_s = 15;
const { values: { results } } = parseArgs({ options: { results: { type: "string" } } });
const root = fileURLToPath(new URL("../", import.meta.url));
const { chromium } = createRequire(new URL("../tests/browser/package.json", import.meta.url))("playwright-core");
const executablePath = execFileSync(`${root}scripts/chromium.sh`, ["find"], { encoding: "utf8" }).trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const version = browser.version();
const page = await (await browser.newContext()).newPage();
const [load] = loadavg();
const data = await mkdtemp(`${tmpdir()}/grouploop-start-`);

const steps = [];
const began = performance.now();
let before = began;
function step(name) {
  const now = performance.now();
  steps.push([name, now - before, now - began]);
  before = now;
}

const local = "127.0.0.1:0";
const settings = {
  GROUPLOOP_CDN__LISTEN: local, GROUPLOOP_CDN__STORE: `file://${data}`, GROUPLOOP_SIMULATOR__LISTEN: local, GROUPLOOP_UI__LISTEN: local,
  GROUPLOOP_UI__EMULATOR_LISTEN: local, GROUPLOOP_UI__CONTROL_LISTEN: local, GROUPLOOP_UI__DOCS_LISTEN: local,
  GROUPLOOP_LOG__FORMAT: "json",
};
// A group of its own, so that what make started ends with it.
const make = spawn("make", ["run", `ARGS=--listen ${local}`], { cwd: root, env: { ...process.env, ...settings }, stdio: ["ignore", "pipe", "pipe"], detached: true });
const end = () => make.exitCode === null && make.signalCode === null && process.kill(-make.pid, "SIGTERM");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => (end(), process.exit(1)));
const found = {};
const up = new Promise((resolve, reject) => {
  const log = [];
  for (const output of [make.stdout, make.stderr]) {
    createInterface({ input: output }).on("line", line => {
      log.push(line);
      if (/^ *Finished/.test(line)) step("make: nothing left to build");
      if (!line.startsWith("{")) return;
      const said = JSON.parse(line).fields;
      if (said.message !== "listening") return;
      const role = ["edge", "cdn", "simulator"].find(role => said[`${role}.address`]);
      if (role) step(`${role} listens`);
      found[role ?? said["ui.page"]] = said[role ? `${role}.address` : "ui.address"];
      if (found.dashboard && found.edge && found.cdn && found.simulator) resolve();
    });
  }
  make.on("close", code => reject(new Error(`make run ended with ${code}:\n${log.slice(-20).join("\n")}`)));
});
try {
  await up;
  step("the pages listen");
  await page.goto(`http://${found.dashboard}/`);
  step("the dashboard is loaded");
  const button = page.getByRole("button", { name: "Start 24 simulated devices", exact: true });
  await button.waitFor();
  step("it is connected, and offers simulated devices");
  await button.click();
  await page.locator('[data-count="24"]').waitFor();
  step("frames of all of them are on it");
} finally {
  await browser.close();
  if (end()) await once(make, "close").catch(() => {});
  await rm(data, { recursive: true, force: true });
}
const total_s = steps.at(-1)[2] / 1000;
const verdict = total_s <= limit_s ? "met" : "**missed**";
const report = `- Chromium ${version}, headless, open before
- load average of the machine, before and after: ${[load, loadavg()[0]].map(load => load.toFixed(1)).join(", ")}

| step | seconds | since the start |
| --- | --- | --- |
${steps.map(([name, took, since]) => `| ${name} | ${(took / 1000).toFixed(2)} | ${(since / 1000).toFixed(2)} |`).join("\n")}

| from \`make run\`, built before, to the first frames on the dashboard | target | measured | verdict |
| --- | --- | --- | --- |
| seconds | ≤ ${limit_s} | ${total_s.toFixed(2)} | ${verdict} |
`;
console.log(report);
if (results) record(results, "from make run to the first frames", report);
process.exitCode = total_s <= limit_s ? 0 : 1;
