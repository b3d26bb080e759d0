// The monitor with a large system: does its page stay smooth, does it say what was sent, and does it cost little? 10,000 devices in 100 spaces
// over three edges. Prints pictures a second, figures against what the simulator sent, what each node sends for it, and the CPU of
// `grouploop top`. Exit code 0 when all targets are met, 1 when one is missed.
//
//   node bench/browser/monitor.mjs [--devices 10000] [--spaces 100] [--rate 2] [--seconds 30] [--results bench/RESULTS.md]

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { openBrowser, root, startEdge, startMonitor, startNatsWithMonitoring, startSimulator, stopAll } from "../../tests/browser/support.mjs";
import { judged, pause, quantile, record, watch } from "./measure.mjs";

/** Pictures a second in the middle of all seconds, at least. */
const LEAST_PICTURES = 50;
/** How far the monitor's figures may be from what was sent, as a share. */
const MOST_OFF = 0.02;
/** What a node may send for the monitor, in bytes a second. */
const MOST_SENT = 8 * 1024;
/** What `grouploop top` may take, in cores. */
const MOST_CORES = 0.03;
/** From the last device to the first look that counts, in milliseconds: rates are of the last seconds. */
const WARM_UP_MS = 10_000;
/** Devices that share a connection. */
const EACH = 10;
/** Ticks of the kernel's clock in a second, in which it counts CPU. */
const TICKS = 100;

const { values: options } = parseArgs({
  options: {
    devices: { type: "string", default: "10000" },
    spaces: { type: "string", default: "100" },
    rate: { type: "string", default: "2" },
    seconds: { type: "string", default: "30" },
    results: { type: "string" },
  },
});
const [devices, spaces, rate, seconds] = [options.devices, options.spaces, options.rate, options.seconds].map(Number);
const binary = process.env.GROUPLOOP_BIN ??= `${root}target/release/grouploop`;

const json = async (address, path, init) => {
  const response = await fetch(`http://${address}${path}`, init);
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return response.json();
};
const name = place => `space-${String(place).padStart(3, "0")}`;

/** A swarm in each space, over all edges. */
async function start(simulator, edges) {
  const ws = { edges: edges.map(({ address }) => `ws://${address}`), devices_per_connection: EACH };
  for (let place = 0; place < spaces; place++) {
    const swarm = { name: name(place), space: name(place), devices: devices / spaces, rate_hz: rate, motion: "dance", transport: "ws", ws };
    await json(simulator, "/api/swarms", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(swarm) });
  }
}

async function until(what, is) {
  const end = Date.now() + 120_000;
  while (!await is()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await pause(500);
  }
}

/** The events of a stream, each with its data, until it is ended. */
async function* events(address, path, signal) {
  const response = await fetch(`http://${address}${path}`, { signal });
  const letters = new TextDecoder();
  let rest = "";
  for await (const piece of response.body) {
    const blocks = (rest + letters.decode(piece, { stream: true })).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const data = /^data: ?(.*)$/m.exec(block)?.[1];
      if (data) yield { event: /^event: ?(.*)$/m.exec(block)?.[1], data: JSON.parse(data) };
    }
  }
}

/** Collects what a stream says for a while. */
async function collect(address, path, ms, take) {
  const ended = AbortSignal.timeout(ms);
  try {
    for await (const event of events(address, path, ended)) take(event);
  } catch (error) {
    if (!ended.aborted) throw error;
  }
}

/** `grouploop top` on a terminal of its own: its process. */
async function top(monitor) {
  const child = spawn("script", ["-qfc", `stty cols 160 rows 50; exec ${binary} top --url http://${monitor}`, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"] });
  let shown = "";
  child.stdout.on("data", text => (shown = (shown + text).slice(-100_000)));
  await until("top is live", () => shown.includes("live"));
  const children = readdirSync("/proc").filter(entry => /^\d+$/.test(entry)).filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ")[1] === String(child.pid);
    } catch {
      return false;
    }
  });
  return { pid: Number(children[0]), end: () => (child.kill(), once(child, "close")) };
}

/** CPU seconds that a process has used. */
function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** What was sent until now, by space. */
const sent = async simulator => new Map((await json(simulator, "/api/swarms")).swarms.map(({ name, figures }) => [name, figures.frames_sent]));

async function measure() {
  const nats = await startNatsWithMonitoring();
  const settings = { GROUPLOOP_SIMULATOR__MAX_SWARMS: String(spaces), GROUPLOOP_SIMULATOR__MAX_DEVICE_CONNECTIONS: String(devices) };
  const [edges, simulator, monitor] = await Promise.all([
    Promise.all([startEdge(nats.url), startEdge(nats.url), startEdge(nats.url)]),
    startSimulator(nats.url, { settings }), startMonitor(nats.url, { natsUrls: nats.monitoring }),
  ]);
  await start(simulator.address, edges);
  await until("all devices are there", async () => (await json(monitor.address, "/api/system")).totals.devices === devices);
  const context = await openBrowser({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  await page.goto(`http://${monitor.address}/`);
  await page.locator('.live[data-state="live"]').waitFor();
  await pause(WARM_UP_MS);
  const found = { loads: [loadavg()[0]] };
  Object.assign(found, await watch(page, seconds * 1_000));
  found.subjects = (await json(monitor.address, "/api/system")).subjects.length;
  await page.close();

  const [systems, reports] = [[], []];
  const screen = await top(monitor.address);
  const before = { cpu: cpu(screen.pid), sent: await sent(simulator.address), at: Date.now() };
  await Promise.all([
    collect(monitor.address, "/api/stream", seconds * 1_000, ({ data }) => systems.push(data)),
    collect(monitor.address, `/api/tap?subject=${encodeURIComponent("gl.node.*.report")}`, seconds * 1_000, ({ event, data }) => event === "message" && reports.push(data)),
  ]);
  const after = { cpu: cpu(screen.pid), sent: await sent(simulator.address), at: Date.now() };
  await screen.end();
  const took = (after.at - before.at) / 1_000;
  found.cores = (after.cpu - before.cpu) / took;
  const told = of => systems.reduce((sum, system) => sum + of(system), 0) / systems.length;
  const rates = [...after.sent].map(([name, frames]) => ({
    name, sent: (frames - before.sent.get(name)) / took, told: told(({ spaces }) => spaces.find(({ space }) => space === name)?.frames_per_s ?? 0),
  }));
  const off = ({ sent, told }) => Math.abs(told - sent) / sent;
  found.sent = rates.reduce((sum, rate) => sum + rate.sent, 0);
  found.told = told(({ totals }) => totals.frames_per_s);
  found.off = off(found);
  found.worst = Math.max(...rates.map(off));
  const bytes = new Map();
  for (const { subject, bytes: size } of reports) bytes.set(subject, [...(bytes.get(subject) ?? []), size]);
  found.nodes = [...bytes.values()].map(sizes => ({ perSecond: sizes.reduce((sum, size) => sum + size, 0) / took, largest: Math.max(...sizes) }));
  found.loads.push(loadavg()[0]);
  return found;
}

function report({ pictures, tasks, subjects, sent, told, off, worst, nodes, cores, loads }) {
  const percent = share => `${(share * 100).toFixed(2)} %`;
  const most = Math.max(...nodes.map(({ perSecond }) => perSecond));
  const whole = number => Math.round(number).toLocaleString("en");
  return judged(`the monitor: ${devices.toLocaleString("en")} devices × ${rate} Hz in ${spaces} spaces over three edges, ${seconds} s each`, [
    ["pictures a second of the page, median", `≥ ${LEAST_PICTURES}`, quantile(pictures, 0.5).toFixed(1), quantile(pictures, 0.5) >= LEAST_PICTURES],
    ["in the worst twentieth of the seconds, at most", "", quantile(pictures, 0.05).toFixed(1)],
    ["tasks over 50 ms; the longest", "", `${tasks.length}; ${Math.round(Math.max(0, ...tasks))} ms`],
    ["subjects on the page", "", whole(subjects)],
    ["frames a second, sent; as the monitor says", "", `${whole(sent)}; ${whole(told)}`],
    ["how far that is off", `≤ ${MOST_OFF * 100} %`, percent(off), off <= MOST_OFF],
    ["how far it is off in the worst space", "", percent(worst)],
    ["what the busiest node sends in reports, bytes a second", `≤ ${whole(MOST_SENT)}`, whole(most), nodes.length >= 4 && most <= MOST_SENT],
    ["the largest report, bytes", "", whole(Math.max(...nodes.map(({ largest }) => largest)))],
    ["CPU of `grouploop top`, cores", `≤ ${MOST_CORES}`, cores.toFixed(3), cores <= MOST_CORES],
    ["load average of the machine, before and after", "", loads.map(load => load.toFixed(1)).join(", ")],
  ]);
}

try {
  const { table, isMet } = report(await measure());
  console.log(table);
  if (options.results) record(options.results, "the monitor", "three edges, a simulator, a monitor and NATS beside it; the page and `top` one after the other", table);
  process.exitCode = isMet ? 0 : 1;
} finally {
  await stopAll();
}
