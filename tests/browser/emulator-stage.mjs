// Where the tests of the emulator happen: an edge over NATS, a browser whose phones have faked sensors, and somebody who watches.

import { mkdir } from "node:fs/promises";
import { afterEach } from "node:test";
import { fileURLToPath } from "node:url";
import { openBrowser, patience, servePages, startEdge, startNats, startUi } from "./support.mjs";
import { faults, watched } from "./watched.mjs";

const out = fileURLToPath(new URL("out/", import.meta.url));
export const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
export const desk = { viewport: { width: 1360, height: 900 } };
/** What lies still feels, in m/s². */
export const G = 9.80665;
export let edge, emulator, watch, viewer;
let nats, browser;

/** Starts everything. */
export async function begin() {
  await mkdir(out, { recursive: true });
  nats = await startNats();
  edge = await startEdge(nats);
  const context = await openBrowser({ args: ["--host-resolver-rules=MAP phone.test 127.0.0.1"] });
  browser = context.browser();
  // Nothing of the CDN and of the simulator is asked for here.
  const [pages, ui] = await Promise.all([servePages(), startUi({ edge: edge.address, cdn: "127.0.0.1:9", simulator: "127.0.0.1:9" })]);
  emulator = `http://${ui.emulator}/`;
  watch = `${pages}watch.html?server=ws://${edge.address}/`;
  viewer = await View.open(context, pages, `ws://${edge.address}/`);
}

/** Starts the edge again where it was. */
export async function restartEdge() {
  edge = await startEdge(nats, edge.address);
}

/** What a test opened is gone when it is over, in whatever way: its devices would be among those of the next. */
const opened = new Set();
afterEach(async () => {
  await Promise.all([...opened].map(context => context.close()));
  opened.clear();
});

/** A page that watches frames and sends commands, over a socket of its own. */
class View {
  static async open(context, pages, url) {
    const view = new View();
    view.page = await context.newPage();
    await view.page.goto(`${pages}watch.html?server=${url}`);
    await view.connect(url);
    return view;
  }

  connect(url) {
    return this.page.evaluate(url => new Promise((resolve, reject) => {
      window.newest = {};
      window.taps = {};
      window.answers = [];
      const socket = (window.socket = new WebSocket(url));
      socket.onerror = () => reject(new Error(`no connection to ${url}`));
      socket.onopen = () => socket.send("s");
      socket.onmessage = ({ data }) => {
        for (const line of data.split("\n")) {
          if (line === "stream:on") resolve();
          if (line.startsWith("cmd:")) window.answers.shift()?.(line);
          if (!/^[0-9a-f]{20}$/.test(line)) continue;
          const id = line.slice(0, 4), tapped = line.endsWith("ff");
          if (tapped && !window.newest[id]?.endsWith("ff")) window.taps[id] = (window.taps[id] ?? 0) + 1;
          window.newest[id] = line;
        }
      };
    }), url);
  }

  /** Waits for a frame of this id whose rest matches. */
  frame(id, pattern = ".*") {
    const matches = ([id, pattern]) => id in window.newest && new RegExp(`^${pattern}$`).test(window.newest[id].slice(4));
    return this.page.waitForFunction(matches, [id, pattern]);
  }

  /** Waits until an id has been tapped so many times in all. */
  taps(id, count) {
    return this.page.waitForFunction(([id, count]) => window.taps[id] === count, [id, count]);
  }

  /** Sends a command: its answer. */
  send(id, command) {
    return this.page.evaluate(line => new Promise(answer => {
      window.answers.push(answer);
      window.socket.send(line);
    }), `cmd:${id}:${command}`);
  }
}

/** What a phone has that a test does not: sensors in a hand, a motor. `held` is in m/s², with the sign of the platform. */
function fake({ ios, denied, silent, held }) {
  window.held = held;
  window.motor = [];
  navigator.vibrate = ms => window.motor.push(ms) > 0;
  if (ios) {
    Object.defineProperty(Navigator.prototype, "vendor", { get: () => "Apple Computer, Inc." });
    DeviceMotionEvent.requestPermission = async () => {
      if (!navigator.userActivation.isActive) throw new DOMException("not in a click", "NotAllowedError");
      return window.allowed ?? !denied ? "granted" : "denied";
    };
  } else if (denied) {
    navigator.permissions.query = async () => ({ state: window.allowed ? "granted" : "denied" });
  }
  if (silent) return;
  setInterval(() => {
    const [x, y, z] = window.held;
    dispatchEvent(new DeviceMotionEvent("devicemotion", { accelerationIncludingGravity: { x, y, z }, interval: 16 }));
  }, 16);
}

/** The emulator, freshly loaded in a browser with nothing in it. */
export async function open(device, { sensors = { silent: true, held: [0, 0, 0] }, url = emulator, ...context } = {}) {
  const fresh = await browser.newContext({ ...device, ...context });
  opened.add(fresh);
  fresh.setDefaultTimeout(patience);
  const page = watched(await fresh.newPage(), ({ hostname }) => ["127.0.0.1", "phone.test"].includes(hostname));
  page.on("console", message => message.type() === "error" && !/WebSocket connection|Content Security Policy/.test(message.text()) && faults.push(message.text()));
  await page.addInitScript(fake, sensors);
  await page.goto(url);
  return page;
}

export const live = page => page.locator(".live[data-state=live]").waitFor();
export const idOf = page => page.locator("#device .mono").textContent();
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const says = (page, text) => page.getByText(text).first().waitFor();
export const shoot = (page, name, fullPage = true) => page.screenshot({ path: `${out}emulator-${name}.png`, fullPage });
export const useSensors = page => button(page, "Use the motion sensors").tap();
