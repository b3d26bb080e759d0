// The monitor's page in a real browser, at the monitor's own port, with three edges, a simulator and a real nats-server: what it shows agrees
// with what the simulator sends, leads down to a device and its frames, and is never shown as if it were of now when it is not.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openBrowser, startCdn, startEdge, startMonitor, startNatsWithMonitoring, startSimulator, startUi, stopAll, until } from "./support.mjs";
import { endsWithoutFaults, look, watched } from "./watched.mjs";

const out = fileURLToPath(new URL("out/", import.meta.url));
let nats, edges, names, simulator, monitor, context, page;

/** Opens a page. */
async function open(url) {
  const page = watched(await context.newPage());
  await page.goto(url);
  return page;
}

const button = name => page.getByRole("button", { name, exact: true });
const box = name => page.getByRole("searchbox", { name, exact: true });
const link = name => page.getByRole("link", { name, exact: true });
const state = (page, word) => page.locator(`.live[data-state="${word}"]`).waitFor();
/** A row of a table, by the name that it begins with. */
const row = (table, name) => page.getByRole("region", { name: table, exact: true }).getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
/** A number as the page writes it. */
const numberIn = text => Number(text.replace(/[^\d.]/g, ""));
const total = async key => numberIn(await page.locator(`[data-total="${key}"]`).innerText());
/** A figure of a card, by its label. */
const figure = async label => numberIn(await page.locator(".big").filter({ has: page.locator("dt", { hasText: new RegExp(`^${label}$`) }) }).locator(".figure").innerText());

const json = async (address, path) => (await fetch(`http://${address}${path}`)).json();

async function start(definition) {
  const response = await fetch(`http://${simulator.address}/api/swarms`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(definition),
  });
  assert.equal(response.status, 201, await response.text());
}

/** Looks at a place in light and in dark, on a desk and on a phone. */
async function lookAtAll(name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await look(page, `${name}, ${colorScheme}`);
    await page.screenshot({ path: `${out}monitor-${name}-${colorScheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 360, height: 740 });
    await look(page, `${name}, a phone, ${colorScheme}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await page.screenshot({ path: `${out}monitor-${name}-phone-${colorScheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 1280, height: 860 });
  }
  await page.emulateMedia({ colorScheme: "light" });
}

before(async () => {
  await mkdir(out, { recursive: true });
  nats = await startNatsWithMonitoring();
  [edges, simulator, monitor] = await Promise.all([
    Promise.all([startEdge(nats.url), startEdge(nats.url), startEdge(nats.url)]), startSimulator(nats.url), startMonitor(nats.url, { natsUrls: nats.monitoring }),
  ]);
  names = await Promise.all(edges.map(async ({ address }) => (await json(address, "/health")).node));
  context = await openBrowser({ viewport: { width: 1280, height: 860 } });
  page = await open(`http://${monitor.address}/`);
});

after(stopAll);

test("programs read JSON where people get the page, which shows every node and the NATS server", async () => {
  assert.equal((await json(monitor.address, "/")).service, "grouploop-monitor");
  await state(page, "live");
  for (const name of names) await row("Table of nodes", name).getByText("live", { exact: true }).waitFor();
  await until("the NATS server is there", async () => await page.getByRole("region", { name: "Table of NATS servers" }).locator('.state[data-state="live"]').count() === 1);
  await look(page, "an idle system");
  await page.screenshot({ path: `${out}monitor-idle.png`, fullPage: true });
});

test("figures of simulated devices appear, and agree with what the simulator sends", async () => {
  await start({ name: "crowd", space: "stage", devices: 300, rate_hz: 20, motion: "dance" });
  await start({ name: "wired", space: "lab", devices: 30, rate_hz: 10, transport: "ws", ws: { edges: edges.map(({ address }) => `ws://${address}`) } });
  await until("all devices are counted", async () => await total("devices") === 330);
  await until("and their frames, within 5 %", async () => Math.abs(await total("frames_per_s") - 6_300) < 315);
  const stage = row("Table of spaces", "stage");
  await stage.getByRole("cell", { name: "300", exact: true }).waitFor();
  await until("each edge has ten devices", async () => {
    const { nodes } = await json(monitor.address, "/api/system");
    return names.every(name => nodes.find(({ node }) => node === name)?.devices === 10);
  });
  for (const name of names) await row("Table of nodes", name).getByRole("cell", { name: "10", exact: true }).first().waitFor();
  await row("Table of subjects", `gl.node.${names[0]}`).waitFor({ state: "attached" });
  await lookAtAll("system");
});

test("what is typed is found among subjects, spaces and nodes, and is still found after a reload", async () => {
  await box("Find subjects, spaces and nodes").fill("lab");
  await row("Table of spaces", "lab").waitFor();
  await row("Table of spaces", "stage").waitFor({ state: "detached" });
  await page.getByText("None of them has “lab” in it.").waitFor();
  await page.reload();
  await row("Table of spaces", "lab").waitFor();
  assert.equal(await box("Find subjects, spaces and nodes").inputValue(), "lab");
  assert.equal(await row("Table of spaces", "stage").count(), 0);
  await box("Find subjects, spaces and nodes").fill("");
  await row("Table of spaces", "stage").waitFor();
});

test("a column sorts, by keys as well, and stays so", async () => {
  const spaces = page.getByRole("region", { name: "Table of spaces", exact: true });
  const first = () => spaces.getByRole("rowheader").first().innerText();
  await spaces.getByRole("button", { name: "Devices" }).focus();
  await page.keyboard.press("Enter");
  await until("the most devices first", async () => await first() === "stage");
  await page.keyboard.press("Enter");
  await until("the fewest first", async () => await first() === "lab");
  await page.reload();
  await until("also after a reload", async () => await first() === "lab");
  await spaces.getByRole("columnheader", { name: /^Devices/ }).and(page.locator('[aria-sort="ascending"]')).waitFor();
  await spaces.getByRole("button", { name: "Devices" }).click();
  await spaces.locator("[aria-sort]").waitFor({ state: "detached" });
});

test("a space leads to its devices, and a device to its frames", async () => {
  await link("stage").first().focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Space stage" }).waitFor();
  await page.locator('[data-devices="300"]').waitFor();
  await until("its figures are there", async () => await figure("Devices") === 300);
  await lookAtAll("space");
  await box("Find devices").fill("0007");
  await link("0007").click();
  await page.getByRole("heading", { name: "Device 0007" }).waitFor();
  await until("it sends", async () => await figure("Frames a second") > 18);
  await page.getByText(/^0007[0-9a-f]{16}$/).first().waitFor();
  await page.locator(".big").filter({ hasText: "North-west" }).getByText("dBm").waitFor();
  await lookAtAll("device");
  await page.reload();
  await page.getByRole("heading", { name: "Device 0007" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Space stage" }).waitFor();
  await link("System").click();
  await row("Table of spaces", "stage").waitFor();
});

test("readings of a device that sends no more say how old they are", async () => {
  await start({ name: "solo", space: "booth", devices: 1, rate_hz: 20 });
  await until("it is known", async () => (await json(monitor.address, "/api/spaces/booth/devices")).devices.length === 1);
  const { devices: [{ id }] } = await json(monitor.address, "/api/spaces/booth/devices");
  await page.goto(`http://${monitor.address}/#/spaces/booth/devices/${id}`);
  await page.locator('[data-newest="live"]').waitFor();
  assert.deepEqual(await page.locator(".aged").allInnerTexts(), []);
  const response = await fetch(`http://${simulator.address}/api/swarms/solo`, { method: "DELETE" });
  assert.ok(response.ok, `${response.status}`);
  await page.locator('[data-newest="old"]').waitFor();
  await page.locator(".aged").getByText(/^[23]\.\d s old$/).waitFor();
  await page.getByText(`No node has a device ${id} in booth now.`).waitFor();
});

test("a device that is not there is said to be not there", async () => {
  await page.goto(`http://${monitor.address}/#/spaces/stage/devices/ffff`);
  await page.getByText("No node has a device ffff in stage now.").waitFor();
  await page.goto(`http://${monitor.address}/#/spaces/nowhere`);
  await page.getByText("Nothing is heard of a space “nowhere” now.").waitFor();
  await page.goto(`http://${monitor.address}/#/nodes/nobody`);
  await page.getByText("Nothing was heard of a node “nobody” in the last minutes.").waitFor();
});

test("a tap shows what is said on a subject, and why when it cannot", async () => {
  await page.goto(`http://${monitor.address}/#/tap`);
  const subject = page.getByRole("combobox", { name: "Subject" });
  await button("Listen").click();
  await page.getByText(/^Name a subject, such as/).waitFor();
  await subject.fill("no.such");
  await button("Listen").click();
  await page.getByRole("alert").filter({ hasText: /^Subject: / }).waitFor();
  assert.equal(await subject.inputValue(), "no.such");
  await look(page, "a refused tap");
  await subject.fill(`gl.node.${names[0]}`);
  await button("Listen").click();
  await page.getByText(new RegExp(`"node":"${names[0]}"`)).first().waitFor();
  await subject.fill("gl.space.stage.telemetry.*");
  await page.getByRole("textbox", { name: "Device" }).fill("0003");
  await page.keyboard.press("Enter");
  await page.getByText(/^0003[0-9a-f]{16}$/).first().waitFor();
  await page.reload();
  await page.getByText(/^0003[0-9a-f]{16}$/).first().waitFor();
  await button("Hold").click();
  await page.getByText("held", { exact: true }).waitFor();
  await lookAtAll("tap");
});

test("a node says what it runs and what it dropped", async () => {
  await page.goto(`http://${monitor.address}/#/nodes/${names[1]}`);
  await page.getByRole("heading", { name: `Node ${names[1]}` }).waitFor();
  await until("its devices are counted", async () => await figure("Devices") === 10);
  await page.getByText("It has dropped nothing since it was started.").waitFor();
  await lookAtAll("node");
});

test("an edge that is killed is named within three seconds, and its figures are not of now any more", async () => {
  await page.goto(`http://${monitor.address}/#/`);
  await row("Table of nodes", names[1]).getByText("live", { exact: true }).waitFor();
  // What is read by eyes: noted in the page, when it appears.
  await page.evaluate(name => {
    globalThis.named = new Promise(done => {
      const look = () => [...document.querySelectorAll(".trouble")].some(({ innerText }) => innerText.includes(name)) ? done(performance.now()) : requestAnimationFrame(look);
      look();
    });
  }, names[1]);
  const began = await page.evaluate(() => performance.now());
  await edges[1].kill();
  const took = await page.evaluate(() => globalThis.named) - began;
  assert.ok(took < 3_000, `${took} ms`);
  await row("Table of nodes", names[1]).and(page.locator(".old")).waitFor();
  await row("Table of nodes", names[1]).getByText(/^silent \d/).waitFor();
  await look(page, "a silent node");
  await link(names[1]).first().click();
  await page.getByText(/^Nothing was heard of this node for .* Its figures are those of then, and count nowhere\./).waitFor();
  await page.getByText(/^\d.* old$/).first().waitFor();
  await page.screenshot({ path: `${out}monitor-gone.png`, fullPage: true });
  await page.goto(`http://${monitor.address}/#/`);
  await until("what is left is counted", async () => await total("devices") >= 320);
});

test("without the monitor figures are grey and say how old they are, until it is back", async () => {
  await box("Find subjects, spaces and nodes").fill("stage");
  await row("Table of spaces", "stage").waitFor();
  await monitor.kill();
  await state(page, "disconnected");
  await page.getByText(/It is tried again by itself.*What is shown below is not of now: it is .* old\./).waitFor();
  await page.locator(".totals.old").getByText(/ old$/).waitFor();
  assert.equal(await page.locator('.state[data-state="live"]').count(), 0, "nothing is shown as live");
  await look(page, "the monitor is away");
  await page.screenshot({ path: `${out}monitor-away.png`, fullPage: true });
  monitor = await startMonitor(nats.url, { listen: monitor.address, natsUrls: nats.monitoring });
  await state(page, "live");
  await row("Table of spaces", "stage").waitFor();
  assert.equal(await box("Find subjects, spaces and nodes").inputValue(), "stage");
  await page.locator(".totals:not(.old)").waitFor();
});

test("a monitor that hangs is said to say nothing, and a device's readings to be old", async () => {
  await page.goto(`http://${monitor.address}/#/spaces/stage/devices/0007`);
  await page.locator('[data-newest="live"]').waitFor();
  monitor.halt(true);
  await page.getByText(/^(The monitor at .* says nothing|Nothing was heard from .* for 5 s)\..* What is shown below is not of now/).waitFor();
  await page.locator('[data-newest="old"]').waitFor();
  const where = page.locator(".card.old").filter({ has: page.getByRole("heading", { name: "Where it is" }) });
  const age = async () => numberIn(await where.locator(".aged").innerText());
  const first = await age();
  await until("its age grows", async () => await age() > first);
  await look(page, "a monitor that hangs");
  monitor.halt(false);
  await page.locator('[data-newest="live"]').waitFor();
  await where.waitFor({ state: "detached" });
  await page.goto(`http://${monitor.address}/#/`);
});

test("on a phone every figure of a NATS server can be scrolled to", async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  const table = page.getByRole("region", { name: "Table of NATS servers" });
  for (const name of ["Routes", "Slow consumers", "Pending", "Memory"]) {
    const head = table.getByRole("columnheader", { name });
    await head.scrollIntoViewIfNeeded();
    const [box, within] = [await head.boundingBox(), await table.boundingBox()];
    assert.ok(box.x >= within.x && box.x + box.width <= within.x + within.width + 1, name);
  }
  await page.screenshot({ path: `${out}monitor-nats-phone.png` });
  await page.setViewportSize({ width: 1280, height: 860 });
});

test("another page under the hub shows the same, and every page leads here", async () => {
  const cdn = await startCdn("a-token-for-the-tests");
  const ui = await startUi({ edge: edges[0].address, cdn: cdn.address, simulator: simulator.address, monitor: monitor.address });
  const other = await open(`http://${ui.dashboard}/`);
  await other.getByRole("link", { name: "Monitor", exact: true }).click();
  await state(other, "live");
  await other.getByRole("region", { name: "Table of spaces", exact: true }).getByRole("link", { name: "stage", exact: true }).waitFor();
  await other.close();
});

test("a NATS server that goes is named, and the bus with it", async () => {
  const [device, tap] = [await open(`http://${monitor.address}/#/spaces/stage/devices/0007`), await open(`http://${monitor.address}/#/tap?subject=gl.node.*`)];
  await device.locator('[data-newest="live"]').waitFor();
  await tap.getByText("listening", { exact: true }).waitFor();
  await nats.kill();
  await device.locator('[data-newest="old"]').waitFor();
  await device.locator(".card.old").filter({ has: device.getByRole("heading", { name: "Where it is" }) }).waitFor();
  await tap.locator(".card.old").filter({ has: tap.getByRole("heading", { name: "Messages" }) }).waitFor();
  assert.equal(await tap.getByText("listening", { exact: true }).count(), 0);
  await device.close();
  await tap.close();
  await page.locator('.trouble[data-trouble="bus_away"], .trouble[data-trouble="nats_away"]').first().waitFor();
  await page.getByRole("region", { name: "Table of NATS servers" }).getByText(/^away \d/).waitFor();
  await page.locator(".totals.old").getByText(/ old$/).waitFor();
  assert.equal(await page.locator('.state[data-state="live"]').count(), 0, "no node is shown as live");
  await look(page, "no bus");
  await page.screenshot({ path: `${out}monitor-no-bus.png`, fullPage: true });
});

endsWithoutFaults();
