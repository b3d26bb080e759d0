// The simulator's page in a real browser, at the simulator's own port, with an edge beside it over NATS: swarms that are started, turned,
// seen and stopped, scenarios, recordings, and a simulator that goes away and comes back.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { openBrowser, startCdn, startEdge, startNats, startSimulator, startUi, stopAll, until } from "./support.mjs";
import { endsWithoutFaults, look, watched } from "./watched.mjs";

const out = fileURLToPath(new URL("out/", import.meta.url));
let nats, edge, simulator, recordings, context, page, changes = [];

/** Opens a page, and notes what it changes. */
async function open(url) {
  const page = watched(await context.newPage());
  page.on("request", request => request.method() === "PATCH" && changes.push(request.postDataJSON()));
  await page.goto(url);
  return page;
}

const button = name => page.getByRole("button", { name, exact: true });
const slider = name => page.getByRole("slider", { name, exact: true });
const number = name => page.getByRole("textbox", { name, exact: true });
const state = (page, word) => page.locator(`.live[data-state="${word}"]`).waitFor();
const drawn = count => page.locator(`[data-drawn="${count}"]`).waitFor();

const api = async path => (await fetch(`http://${simulator.address}${path}`)).json();

/** The ids that the edge has in a space. */
async function roster(space) {
  const response = await fetch(`http://${edge.address}/api/spaces/${space}/devices`);
  return response.ok ? (await response.json()).devices.map(({ id }) => id) : [];
}

/** Sends a line to the edge, as every page can, and gives its answer. */
const command = line => page.evaluate(([url, line]) => new Promise((resolve, reject) => {
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send(line);
  socket.onmessage = ({ data }) => {
    if (!String(data).startsWith("cmd:")) return;
    resolve(data);
    socket.close();
  };
  socket.onerror = () => reject(new Error("the edge is away"));
}), [`ws://${edge.address}/`, line]);

/** Pixels of the floor that have about this colour. */
const pixels = rgb => page.locator(".floor-canvas").evaluate((canvas, rgb) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) if (rgb.every((part, place) => Math.abs(data[at + place] - part) < 10)) found++;
  return found;
}, rgb);

/** One finger on the floor moves the page. */
async function scrollOverFloor() {
  await page.evaluate(() => scrollTo(0, 0));
  const { x, y, width, height } = await page.locator(".floor-canvas").boundingBox();
  const client = await context.newCDPSession(page);
  const finger = (type, ...by) => client.send("Input.dispatchTouchEvent", { type, touchPoints: by.map(by => ({ x: x + width / 2, y: y + height / 2 - by })) });
  await finger("touchStart", 0);
  for (let by = 20; by <= 200; by += 20) await finger("touchMove", by);
  await finger("touchEnd");
  await client.detach();
  await page.waitForFunction(() => scrollY > 100);
}

before(async () => {
  await mkdir(out, { recursive: true });
  recordings = await mkdtemp(`${tmpdir()}/grouploop-recordings-`);
  nats = await startNats();
  [edge, simulator] = await Promise.all([startEdge(nats), startSimulator(nats, { recordings })]);
  context = await openBrowser({ viewport: { width: 1280, height: 860 } });
  page = await open(`http://${simulator.address}/`);
});

after(async () => {
  await stopAll();
  await rm(recordings, { recursive: true, force: true });
});

test("programs read JSON where people get the page, and an empty simulator has devices with one click", async () => {
  assert.equal((await api("/")).service, "grouploop-simulator");
  await page.getByRole("heading", { name: "Nothing is simulated" }).waitFor();
  await page.getByRole("paragraph").filter({ hasText: "A festival: three stages" }).waitFor();
  await look(page, "nothing is simulated");
  // There is nothing to draw, and what the page says is true all the same.
  await state(page, "live");
  await page.screenshot({ path: `${out}simulator-empty.png`, fullPage: true });
  await button("Start 50 devices").click();
  await drawn(50);
  await state(page, "live");
  await until("the edge has all 50", async () => (await roster("main")).length === 50);
});

test("a slider changes the swarm while it is dragged, without a request for each step, and so does its number", async () => {
  changes = [];
  await slider("Devices").evaluate(range => {
    const [first, last] = [Number(range.value), Number(range.value) + 30];
    for (let at = first; at <= last; at++) {
      range.value = String(at);
      range.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
  const shown = Number(await number("Devices").inputValue());
  assert.ok(shown > 50, String(shown));
  await until("the swarm has what the slider shows", async () => (await api("/api/swarms/swarm-1")).devices === shown);
  assert.equal(changes.length, 2, "the first step, and where it was let go");
  await until("and the edge, too", async () => (await roster("main")).length === shown);
  await slider("Rate").focus();
  await page.keyboard.press("ArrowLeft");
  await until("keys turn it as well", async () => (await api("/api/swarms/swarm-1")).definition.rate_hz < 20);
  await number("Rate").fill("12.5");
  await number("Devices").fill("40");
  await until("numbers do", async () => {
    const { devices, definition } = await api("/api/swarms/swarm-1");
    return devices === 40 && definition.rate_hz === 12.5;
  });
  await until("and the edge has fewer", async () => (await roster("main")).length === 40);
  await drawn(40);
});

test("a number is sent when it is written, so that a swarm is not small on the way to a large one", async () => {
  changes = [];
  await number("Devices").focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("1,041", { delay: 30 });
  await page.keyboard.press("Enter");
  await until("it is so", async () => (await api("/api/swarms/swarm-1")).devices === 1_041);
  await page.keyboard.press("Control+a");
  await page.keyboard.type("40", { delay: 30 });
  await number("Rate").focus();
  await drawn(40);
  assert.deepEqual(changes, [{ devices: 1_041 }, { devices: 40 }]);
});

test("motion, taps and faults change it, and what is lost is counted with its reason", async () => {
  await page.getByRole("combobox", { name: "Motion" }).selectOption("mix");
  await number("Walk").fill("50");
  await until("half of them walk", async () => {
    const { motion } = (await api("/api/swarms/swarm-1")).definition;
    return motion.dance === 100 && motion.walk === 50;
  });
  await page.getByRole("combobox", { name: "Motion" }).selectOption("rest");
  await number("Taps").fill("2");
  await page.getByText("Faults", { exact: true }).click();
  await slider("Malformed").fill("25");
  await until("all of it arrives", async () => {
    const { motion, taps, faults } = (await api("/api/swarms/swarm-1")).definition;
    return motion === "rest" && taps.per_second === 2 && faults.malformed === 0.25;
  });
  await page.getByText(/Dropped: malformed \d/).waitFor();
  await slider("Malformed").fill("0");
  await page.getByText("Faults", { exact: true }).click();
});

test("what the simulator does not allow is said at its field, where it can be mended", async () => {
  await number("Devices").fill("70000");
  await page.getByText("It must be a whole number from 1 to 65,536.").waitFor();
  await number("Devices").fill("60000");
  await page.getByText(/max_frames_per_second/).waitFor();
  await number("Rate").focus();
  assert.equal(await number("Devices").inputValue(), "60000");
  assert.equal(await number("Devices").getAttribute("aria-invalid"), "true");
  assert.equal((await api("/api/swarms/swarm-1")).devices, 40);
  await look(page, "a refusal");
  await number("Devices").fill("40");
  await page.getByText(/max_frames_per_second/).waitFor({ state: "hidden" });
});

test("a command that goes over the edge lights the device on the floor, which can be looked at", async () => {
  const magenta = [255, 0, 255];
  assert.equal(await pixels(magenta), 0);
  assert.equal(await command("cmd:0007:led:ff00ff"), "cmd:result:success");
  await until("it shines", async () => await pixels(magenta) > 0);
  await number("Look at a device: click it, or type its id").fill("zz");
  await button("Look").click();
  await page.getByText("It must be 4 hex digits, such as 1a2b.").waitFor();
  await number("Look at a device: click it, or type its id").fill("0007");
  await button("Look").click();
  const device = page.getByRole("region", { name: "Device 0007" });
  await device.getByText("#ff00ff").waitFor();
  await device.getByRole("list", { name: "LEDs: ff00ff, ff00ff, ff00ff, ff00ff, ff00ff, ff00ff" }).waitFor();
  assert.equal(await command("cmd:0007:pattern:off"), "cmd:result:success");
  await device.getByText("off", { exact: true }).waitFor();
  await until("it is dark again", async () => await pixels(magenta) === 0);
  await button("Close").click();
  await device.waitFor({ state: "hidden" });
  // The nearest to a click; where they are the simulator knows.
  const { floor, seen } = await api("/api/swarms/swarm-1/devices");
  const { body } = seen.find(({ body }) => body.device === "0007");
  await page.locator(".floor-canvas").evaluate((canvas, { x, y, floor }) => {
    const scale = Math.min((canvas.clientWidth - 64) / floor.width_m, (canvas.clientHeight - 64) / floor.depth_m);
    const { left, top } = canvas.getBoundingClientRect();
    const clientX = left + (canvas.clientWidth - floor.width_m * scale) / 2 + x * scale;
    const clientY = top + (canvas.clientHeight - floor.depth_m * scale) / 2 + y * scale;
    canvas.dispatchEvent(new MouseEvent("click", { clientX, clientY, bubbles: true }));
  }, { x: body.x, y: body.y, floor });
  await page.getByRole("region", { name: /^Device / }).waitFor();
  await button("Close").click();
});

test("a space is recorded, and played into another", async () => {
  await page.getByText("Record a space").click();
  await number("Name of the recording").fill("../night");
  await button("Record").click();
  await page.getByText(/1 to 64 of a-z/).waitFor();
  assert.equal(await number("Name of the recording").inputValue(), "../night");
  await number("Name of the recording").fill("night");
  await button("Record").click();
  await page.locator('[data-recording="night"]').getByText(/recording main for .* of 40 devices/).waitFor();
  await look(page, "recording");
  await button("Stop recording night").click();
  await page.locator('[data-recording="night"]').getByText(/of main · [\d,]+ frames · /).waitFor();
  assert.deepEqual(await readdir(recordings), ["night.glrec"]);
  await button("Play … night").click();
  await number("Into the space").fill("lab");
  await page.getByRole("checkbox", { name: "Again and again" }).check();
  await look(page, "about to play");
  await button("Play").click();
  await page.locator('[data-replay="1"]').getByText(/playing into lab, round/).waitFor();
  await until("the edge has them in the other space", async () => (await roster("lab")).length === 40);
  await page.screenshot({ path: `${out}simulator-replay.png`, fullPage: true });
  await button("Delete night").dblclick();
  await button("Delete night").waitFor();
  await button("Delete night").click();
  await button("Really delete night").click();
  await page.getByText(/`night` is being played: stop that first/).waitFor();
  await button("Stop the replay of night into lab").click();
  await page.locator("[data-replay]").waitFor({ state: "detached" });
  await until("they have left", async () => (await roster("lab")).length === 0);
  await button("Delete night").click();
  await look(page, "whether to delete");
  await button("Really delete night").click();
  await page.locator('[data-recording="night"]').waitFor({ state: "detached" });
  assert.deepEqual(await readdir(recordings), []);
});

test("a scenario is chosen by what it is, started and stopped", async () => {
  const scenario = page.getByRole("listitem").filter({ hasText: "A workshop: thirty people" });
  await scenario.getByText("30 devices in one swarm").waitFor();
  await scenario.getByText("Its text").click();
  await scenario.getByText("[[swarm]]").waitFor();
  await button("Start workshop").click();
  await page.locator('[data-swarm="makers"]').getByText("in workshop").waitFor();
  await until("its devices are at the edge", async () => (await roster("workshop")).length > 0);
  await button("Stop workshop").click();
  await page.locator('[data-swarm="makers"]').waitFor({ state: "detached" });
  await until("they have left", async () => (await roster("workshop")).length === 0);
});

test("axe finds nothing, in light and in dark, and nothing is wider than a phone", async () => {
  await page.getByText("Faults", { exact: true }).click();
  await page.getByText("A new swarm").click();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await look(page, colorScheme);
    // A canvas that is not on the screen is not drawn.
    await page.evaluate(() => scrollTo(0, 0));
    await state(page, "live");
    await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.screenshot({ path: `${out}simulator-${colorScheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 360, height: 740 });
    await look(page, `a phone, ${colorScheme}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await scrollOverFloor();
    await page.screenshot({ path: `${out}simulator-phone-${colorScheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 1280, height: 860 });
  }
  await page.emulateMedia({ colorScheme: "light" });
});

test("another page under the hub sees the same, and what it changes", async () => {
  const cdn = await startCdn("a-token-for-the-tests");
  const ui = await startUi({ edge: edge.address, cdn: cdn.address, simulator: simulator.address });
  const other = await open(`http://${ui.dashboard}/apps/simulator/`);
  await other.locator('[data-drawn="40"]').waitFor();
  await other.getByRole("textbox", { name: "Devices", exact: true }).first().fill("44");
  await drawn(44);
  await until("its number is here, too", async () => await page.locator('[data-swarm="swarm-1"]').getByRole("textbox", { name: "Devices", exact: true }).inputValue() === "44");
  await other.close();
});

test("a simulator that dies and comes back is found again, and its swarms can be had again", async () => {
  const name = page.getByRole("textbox", { name: "Name", exact: true });
  await name.fill("my-own");
  await simulator.kill();
  await state(page, "disconnected");
  await page.getByText("The simulator does not answer at").waitFor();
  // What is shown is not of now.
  await page.locator(".swarm", { hasText: "as of before" }).first().waitFor();
  await page.locator(".counters", { hasText: "as of before" }).waitFor();
  await button("Start the swarm").click();
  await page.locator("form").getByText("The simulator does not answer at").waitFor();
  await look(page, "the simulator is away");
  // What is turned meanwhile is wanted, and a page that is loaded anew knows what ran.
  await number("Rate").fill("9.5");
  await page.locator(".knob").getByText("It is tried again by itself.").waitFor();
  simulator = await startSimulator(nats, { listen: simulator.address, recordings });
  await page.getByText("The simulator was restarted, and its swarms ended with it: swarm-1.").waitFor();
  assert.equal(await name.inputValue(), "my-own");
  await button("Start it again").click();
  await drawn(44);
  const { definition } = await api("/api/swarms/swarm-1");
  assert.deepEqual([definition.rate_hz, definition.motion], [9.5, "rest"]);
  await state(page, "live");
});

test("after a reload the page is as it was, also when the simulator begins anew meanwhile", async () => {
  await page.getByRole("checkbox", { name: "Draw swarm-1" }).uncheck();
  await page.getByText("No swarm is chosen to be drawn.").waitFor();
  const name = page.getByRole("textbox", { name: "Name", exact: true });
  await name.fill("another");
  await number("Minutes at most").fill("2,5");
  await page.reload();
  await page.locator('[data-swarm="swarm-1"]').waitFor();
  await page.getByText("No swarm is chosen to be drawn.").waitFor();
  await page.getByText("A new swarm").click();
  await page.getByText("Record a space").click();
  assert.deepEqual([await name.inputValue(), await number("Minutes at most").inputValue()], ["another", "2,5"]);
  await page.getByRole("checkbox", { name: "Draw swarm-1" }).check();
  await drawn(44);
  await simulator.kill();
  await state(page, "disconnected");
  // The page itself is with the simulator: it can be had again when that is back.
  simulator = await startSimulator(nats, { listen: simulator.address, recordings });
  await page.reload();
  await page.getByText("The simulator was restarted, and its swarms ended with it: swarm-1.").waitFor();
  await page.reload();
  await button("Start it again").click();
  await drawn(44);
  assert.equal((await api("/api/swarms/swarm-1")).definition.rate_hz, 9.5);
});

test("a name that is taken is said, and what was typed stays", async () => {
  await page.getByText("A new swarm").click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("swarm-1");
  await button("Start the swarm").click();
  await page.getByText(/There is a swarm swarm-1 already/).waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Name", exact: true }).inputValue(), "swarm-1");
});

test("two thousand devices are drawn", async () => {
  await button("Stop swarm-1").click();
  await page.getByRole("heading", { name: "Nothing is simulated" }).waitFor();
  const started = await fetch(`http://${simulator.address}/api/swarms`, {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "crowd", devices: 2_000, motion: "walk", commands: { which: ["led:ff8000", "pattern:breathing", "led:00c0ff"], per_second: 100 } }),
  });
  assert.equal(started.status, 201);
  await drawn(2_000);
  await page.screenshot({ path: `${out}simulator-2000.png` });
  await button("Stop crowd").click();
  await page.getByRole("heading", { name: "Nothing is simulated" }).waitFor();
});

endsWithoutFaults();
