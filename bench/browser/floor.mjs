// The floor map with a whole festival on it: does it move smoothly while everything that it needs runs beside it? Prints pictures a second,
// tasks that kept the page busy for over 50 ms, and memory as time goes by; of device control also how long a batch to 500 devices takes. Exit
// code 0 when all targets are met, 1 when one is missed.
//
//   node bench/browser/floor.mjs [--page control|dashboard|simulator] [--devices 2000] [--seconds 120] [--results bench/RESULTS.md]

import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { openBrowser, root, startCdn, startEdge, startNats, startSimulator, startUi, stopAll } from "../../tests/browser/support.mjs";
import { judged, pause, quantile, record, watch } from "./measure.mjs";

/** Pictures a second in the middle of all seconds, at least. */
const LEAST_PICTURES = 40;
/** How much memory may grow after the first minute, in shares of what it was then: live things on the heap, and all of the process. */
const MOST_GROWTH = { heap: 0.05, process: 0.1 };
/** When memory is looked at, in shares of the measured time. */
const LOOKS = [0.25, 0.5, 1];
/** From the first picture with all devices to the first that counts, in milliseconds. */
const WARM_UP_MS = 5_000;
/** Devices of a batch, how often one is sent, and how long it may take from the click to the last of them, in milliseconds. */
const BATCH = { devices: 500, times: 5, mostMs: 1_000 };

const { values: options } = parseArgs({
  options: {
    page: { type: "string", default: "control" },
    devices: { type: "string", default: "2000" },
    seconds: { type: "string", default: "120" },
    results: { type: "string" },
  },
});
const devices = Number(options.devices), seconds = Number(options.seconds);
process.env.GROUPLOOP_BIN ??= `${root}target/release/grouploop`;

/** The first device's id. */
const FIRST = 0x1000;

/** Where the pages are, what says that all devices are there, and what says how many frames a second there are. */
const PAGES = {
  control: { count: "data-count", frames: ".rate", said: "frames a second that reach the page" },
  dashboard: { count: "data-count", frames: ".rate", said: "frames a second that reach the page" },
  // It sees pictures, 30 a second, with the LEDs of each device.
  simulator: { count: "data-drawn", frames: ".big:nth-child(2) .figure", said: "frames a second that the simulator sends" },
};
const about = PAGES[options.page];
if (!about) throw new Error(`--page is ${options.page}, it must be one of ${Object.keys(PAGES).join(", ")}`);

/** A page with all devices on its floor. */
async function open(context, addresses, simulator) {
  const page = await context.newPage();
  await page.goto(`http://${addresses[options.page]}/`);
  const response = await fetch(`http://${simulator}/api/swarms`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name: "festival", first_id: FIRST.toString(16), devices, motion: "dance", rate_hz: 20 }),
  });
  if (!response.ok) throw new Error(`the simulator says: ${await response.text()}`);
  await page.locator(`[${about.count}="${devices}"]`).waitFor();
  if (options.page === "dashboard") await page.getByRole("button", { name: "Floor", exact: true }).click();
  await page.locator(".floor-canvas").scrollIntoViewIfNeeded();
  await pause(WARM_UP_MS);
  return page;
}

/** Live things on the page's heap, and all memory of its process, in MB. */
async function memory(page, client) {
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize } = await client.send("Runtime.getHeapUsage");
  const browser = await page.context().browser().newBrowserCDPSession();
  const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
  await browser.detach();
  const kilobytes = processInfo.filter(({ type }) => type === "renderer")
    .map(({ id }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0));
  return { heap: usedSize / 2 ** 20, process: kilobytes.reduce((sum, each) => sum + each, 0) / 2 ** 10 };
}

/** Sends a command to some of the devices again and again: times from the click to the last that has it, in milliseconds. */
async function batches(page, simulator) {
  const received = async () => (await (await fetch(`http://${simulator}/api/swarms/festival`)).json()).figures.commands_received;
  await page.getByLabel("Ids", { exact: true }).fill(`${FIRST.toString(16)}-${(FIRST + BATCH.devices - 1).toString(16)}`);
  await page.getByRole("button", { name: "Pick these", exact: true }).click();
  await page.locator(`[data-picked="${BATCH.devices}"]`).waitFor();
  await page.getByLabel("Color", { exact: true }).fill("cyan");
  const found = [];
  for (let times = 0; times < BATCH.times; times++) {
    const before = await received();
    const began = performance.now();
    await page.getByRole("button", { name: /^Send to/ }).click();
    while (await received() < before + BATCH.devices) await pause(5);
    found.push(performance.now() - began);
  }
  return found;
}

async function measure() {
  const nats = await startNats();
  const [edge, cdn, simulator] = await Promise.all([startEdge(nats), startCdn("a-token-for-the-bench", "127.0.0.1:0", nats), startSimulator(nats)]);
  const ui = await startUi({ edge: edge.address, cdn: cdn.address, simulator: simulator.address });
  const context = await openBrowser({ viewport: { width: 1280, height: 860 } });
  const page = await open(context, { ...ui, simulator: simulator.address }, simulator.address);
  const client = await context.newCDPSession(page);
  const found = { pictures: [], tasks: [], looks: [], loads: [loadavg()[0]] };
  let past = 0;
  for (const share of LOOKS) {
    const { pictures, tasks } = await watch(page, (share - past) * seconds * 1_000);
    found.pictures.push(...pictures);
    found.tasks.push(...tasks);
    found.looks.push({ second: Math.round(share * seconds), ...await memory(page, client) });
    past = share;
  }
  found.loads.push(loadavg()[0]);
  if (options.page === "control") found.batches = await batches(page, simulator.address);
  found.frames = Number((await page.locator(about.frames).textContent()).replace(/\D/g, ""));
  return found;
}

function report({ pictures, tasks, looks, loads, frames, batches }) {
  const [, minute, end] = looks;
  const growth = what => (end[what] - minute[what]) / minute[what];
  const percent = share => `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(1)} %`;
  const each = what => looks.map(look => look[what].toFixed(1)).join(", ");
  const at = looks.map(({ second }) => second).join(", ");
  const lines = [
    ["pictures a second, median", `≥ ${LEAST_PICTURES}`, quantile(pictures, 0.5).toFixed(1), quantile(pictures, 0.5) >= LEAST_PICTURES],
    ["in the worst twentieth of the seconds, at most", "", quantile(pictures, 0.05).toFixed(1)],
    ["tasks over 50 ms; the longest", "", `${tasks.length}; ${Math.round(Math.max(0, ...tasks))} ms`],
    [`live heap after ${at} s, MB`, "", each("heap")],
    ["its growth from the second to the third", `≤ ${MOST_GROWTH.heap * 100} %`, percent(growth("heap")), growth("heap") <= MOST_GROWTH.heap],
    ["memory of the page's process at the same times, MB", "", each("process")],
    ["its growth", `≤ ${MOST_GROWTH.process * 100} %`, percent(growth("process")), growth("process") <= MOST_GROWTH.process],
    [about.said, "", frames.toLocaleString("en")],
    ...(batches ? [[
      `a batch, from the click to the last of ${BATCH.devices} devices, median and worst of ${BATCH.times}, ms`, `≤ ${BATCH.mostMs.toLocaleString("en")}`,
      `${Math.round(quantile(batches, 0.5))}, ${Math.round(Math.max(...batches))}`, Math.max(...batches) <= BATCH.mostMs,
    ]] : []),
    ["load average of the machine, before and after", "", loads.map(load => load.toFixed(1)).join(", ")],
  ];
  return judged(`${options.page}: ${devices.toLocaleString("en")} devices × 20 Hz on the floor, ${seconds} s`, lines);
}

try {
  const { table, isMet } = report(await measure());
  console.log(table);
  if (options.results) record(options.results, `the floor of ${options.page}`, "edge, simulator and NATS beside it", table);
  process.exitCode = isMet ? 0 : 1;
} finally {
  await stopAll();
}
