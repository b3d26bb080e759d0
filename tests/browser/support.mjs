// What the browser tests stand on: a private nats-server, real edges, Debian's Chromium. Whatever is started here is ended by
// `stopAll`, and with this process in any case.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../../", import.meta.url));
/** How long a test waits for what must happen, in milliseconds. */
export const patience = 20_000;

/** Waits until something is so that no event tells of. */
export async function until(what, is) {
  const end = AbortSignal.timeout(patience);
  while (!await is()) {
    assert.ok(!end.aborted, what);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

const undo = [];
const children = new Set();
process.on("exit", () => children.forEach(child => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

/** Ends everything that was started, the last first. */
export async function stopAll() {
  while (undo.length > 0) await undo.pop()();
}

/** Starts a program and waits for a line for which `pick` gives something; the line may be on stdout or stderr. */
async function start(name, command, args, env, pick) {
  // Away from a grouploop.toml that someone keeps in the project's folder.
  const child = spawn(command, args, { env, cwd: tmpdir(), stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  const ended = once(child, "close").finally(() => children.delete(child));
  ended.catch(() => {});
  const log = [];
  const found = new Promise((resolve, reject) => {
    const fail = reason => reject(new Error(`${name}: ${reason}; its log:\n${log.slice(-40).join("\n")}`));
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on("line", line => {
        log.push(line);
        const picked = pick(line);
        if (picked !== undefined) resolve(picked);
      });
    }
    child.on("error", error => fail(error.message));
    child.on("close", (code, signal) => fail(`ended with ${signal ?? code}`));
    setTimeout(fail, patience, `not up within ${patience} ms`).unref();
  });
  const kill = async () => {
    child.kill("SIGKILL");
    await ended.catch(() => {});
  };
  undo.push(kill);
  /** Stops it as a machine that hangs does, or lets it go on. */
  const halt = isHalted => child.kill(isHalted ? "SIGSTOP" : "SIGCONT");
  return { value: await found, kill, halt };
}

function startServer(args, pick) {
  const ours = `${root}.tools/bin/nats-server`;
  const binary = process.env.NATS_SERVER ?? (existsSync(ours) ? ours : "nats-server");
  return start("nats-server", binary, ["--addr", "127.0.0.1", "--port", "-1", ...args], process.env, pick);
}

/** Where a nats-server has clients, if this line of its log says so. */
const clientsAt = line => line.match(/Listening for client connections on (\S+)/)?.[1];

/** A private nats-server on a free port: its URL. */
export const startNats = async () => `nats://${(await startServer([], clientsAt)).value}`;

/** The same, with what it tells of itself over HTTP: `url`, `monitoring`, and how to kill it. */
export async function startNatsWithMonitoring() {
  let monitoring;
  const { value, kill } = await startServer(["--http_port", "-1"], line => {
    monitoring ??= line.match(/Starting http monitor on (\S+)/)?.[1];
    return clientsAt(line);
  });
  return { url: `nats://${value}`, monitoring: `http://${monitoring}`, kill };
}

/** Starts a role of the program: what `pick` finds in the lines of its log, and how to kill and to halt it. */
async function startProgram(args, settings, pick) {
  const binary = process.env.GROUPLOOP_BIN ?? `${root}target/debug/grouploop`;
  const inherited = Object.entries(process.env).filter(([name]) => !/^(GROUPLOOP_|WS_|CDN_BASE_URL|AWS_)/.test(name));
  const env = { ...Object.fromEntries(inherited), ...settings, GROUPLOOP_LOG__FORMAT: "json" };
  return start(`grouploop ${args[0]}`, binary, args, env, line => {
    if (!line.startsWith("{")) return undefined;
    const { fields, ...flat } = JSON.parse(line);
    return pick(fields ?? flat);
  });
}

/** Starts a role with one port: its address, and how to kill and to halt it. */
async function startRole(role, listen, settings) {
  const pick = said => said.message === "listening" ? said[`${role}.address`] : undefined;
  const { value: address, kill, halt } = await startProgram([role, "--listen", listen], settings, pick);
  return { address, kill, halt };
}

/** An edge on that nats-server, and on a free port if none is given. */
export const startEdge = (nats, listen = "127.0.0.1:0") =>
  startRole("edge", listen, { NATS_URL: nats, GROUPLOOP_BUS__ENGINE: "nats" });

/** A CDN with its objects in memory, and this token; on that nats-server, if one is given. */
export const startCdn = (token, listen = "127.0.0.1:0", nats = undefined) =>
  startRole("cdn", listen, {
    GROUPLOOP_CDN__STORE: "memory://", GROUPLOOP_CDN__TOKEN: token, ...(nats && { NATS_URL: nats, GROUPLOOP_BUS__ENGINE: "nats" }),
  });

/** A simulator on that nats-server, with this folder of recordings and these more settings. */
export const startSimulator = (nats, { listen = "127.0.0.1:0", recordings = "", settings = {} } = {}) =>
  startRole("simulator", listen, { NATS_URL: nats, GROUPLOOP_BUS__ENGINE: "nats", GROUPLOOP_SIMULATOR__RECORDINGS: recordings, ...settings });

/** A monitor on that nats-server, which looks at these NATS servers' own figures. */
export const startMonitor = (nats, { listen = "127.0.0.1:0", natsUrls = "" } = {}) =>
  startRole("monitor", listen, { NATS_URL: nats, GROUPLOOP_BUS__ENGINE: "nats", GROUPLOOP_MONITOR__NATS_URLS: natsUrls });

/** The pages, for these services and with this folder of apps: the addresses of the dashboard, the emulator, device control and
 *  the documentation. */
export async function startUi({ edge, cdn, simulator, monitor = "", apps = "" }) {
  const found = {};
  const settings = {
    GROUPLOOP_UI__EMULATOR_LISTEN: "127.0.0.1:0", GROUPLOOP_UI__CONTROL_LISTEN: "127.0.0.1:0", GROUPLOOP_UI__DOCS_LISTEN: "127.0.0.1:0",
    GROUPLOOP_UI__APPS: apps,
    GROUPLOOP_UI__SIMULATOR_BASE_URL: `http://${simulator}`, ...(monitor && { GROUPLOOP_UI__MONITOR_URL: `http://${monitor}/` }),
    WS_DEFAULT_URL: `ws://${edge}/`, CDN_BASE_URL: `http://${cdn}`,
  };
  const { kill } = await startProgram(["ui", "--listen", "127.0.0.1:0"], settings, said => {
    if (said.message === "listening") found[said["ui.page"]] = said["ui.address"];
    return found.dashboard && found.emulator && found.control && found.docs && true;
  });
  return { ...found, kill };
}

/** Serves `examples/` over HTTP, and more pages as `{ [name]: { headers, body } }`: the base URL. */
export async function servePages(more = {}) {
  const server = createServer(async (request, response) => {
    const name = new URL(request.url, "http://localhost").pathname.match(/^\/([a-z]+\.html)$/)?.[1];
    const page = more[name]?.body ?? (name && await readFile(`${root}examples/${name}`).catch(() => undefined));
    response.writeHead(page ? 200 : 404, { "content-type": "text/html", ...more[name]?.headers }).end(page);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  undo.push(() => new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return `http://127.0.0.1:${server.address().port}/`;
}

/** Everything in one process, with HTTPS and WSS too: the address of each role. */
export async function startUp() {
  const found = {};
  const data = await mkdtemp(`${tmpdir()}/grouploop-up-`);
  undo.push(() => rm(data, { recursive: true, force: true }));
  const local = "127.0.0.1:0";
  const settings = {
    GROUPLOOP_CDN__LISTEN: local, GROUPLOOP_CDN__STORE: "memory://", GROUPLOOP_SIMULATOR__LISTEN: local, GROUPLOOP_UI__LISTEN: local,
    GROUPLOOP_MONITOR__LISTEN: local,
    GROUPLOOP_UI__EMULATOR_LISTEN: local, GROUPLOOP_UI__CONTROL_LISTEN: local, GROUPLOOP_UI__DOCS_LISTEN: local,
    GROUPLOOP_TLS__FOLDER: data,
    // A debug build compresses p5.js slowly.
    GROUPLOOP_UI__CDN_TIMEOUT_MS: "60000",
  };
  const { kill } = await startProgram(["up", "--listen", local, "--tls"], settings, said => {
    if (said.message !== "listening") return undefined;
    const role = ["edge", "cdn", "simulator", "monitor"].find(role => said[`${role}.address`]);
    if (role) found[role] = said[`${role}.address`];
    else found[said["ui.page"]] = said["ui.address"];
    return ["edge", "cdn", "simulator", "monitor", "dashboard", "emulator", "control", "docs"].every(role => found[role]) || undefined;
  });
  return { ...found, kill };
}

/** A browser with nothing in it; `args` are more arguments of Chromium, the others are options of its context. */
export async function openBrowser({ args = [], ...options } = {}) {
  const executablePath = execFileSync(`${root}scripts/chromium.sh`, ["find"], { encoding: "utf8" }).trim();
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", ...args,
    ],
  });
  undo.push(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 900, height: 640 }, ...options });
  context.setDefaultTimeout(patience);
  return context;
}
