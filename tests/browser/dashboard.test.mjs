// The dashboard in a real browser, as people use it, on an edge, a CDN and a simulator of their own over NATS: from a page without devices to
// lights that change, and what it says when something is away.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { openBrowser, patience, startCdn, startEdge, startNats, startSimulator, startUi, stopAll } from "./support.mjs";
import { endsWithoutFaults, look, watched } from "./watched.mjs";

const out = fileURLToPath(new URL("out/", import.meta.url));
let nats, edge, cdn, simulator, ui, apps, context, page;

/** Opens the dashboard. */
async function open(context, path = "/") {
  const page = watched(await context.newPage());
  await page.goto(`http://${ui.dashboard}${path}`);
  return page;
}

const answer = (page, text) => page.getByRole("log").locator("li").first().filter({ hasText: text }).waitFor();
const count = (page, number) => page.locator(`[data-count="${number}"]`).waitFor();
const state = (page, word) => page.locator(`.live[data-state="${word}"]`).waitFor();
const button = (page, name) => page.getByRole("button", { name, exact: true });
const command = (page, name) => page.getByRole("combobox", { name: "Command" }).selectOption(name);
const send = page => button(page, "Send").click();

/** What the simulator's devices show. */
async function wearables(swarm) {
  const response = await fetch(`http://${simulator.address}/api/swarms/${swarm}/devices?limit=2000`);
  return (await response.json()).seen;
}

/** Waits until the simulator's devices are as they should be. */
async function untilWearables(swarm, fits) {
  const end = performance.now() + patience;
  while (!fits(await wearables(swarm))) {
    assert.ok(performance.now() < end, `the devices did not become so: ${fits}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

async function swarm(definition) {
  const response = await fetch(`http://${simulator.address}/api/swarms`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(definition),
  });
  assert.equal(response.status, 201, await response.text());
}

const stop = name => fetch(`http://${simulator.address}/api/swarms/${name}`, { method: "DELETE" });

before(async () => {
  await mkdir(out, { recursive: true });
  apps = await mkdtemp(`${tmpdir()}/grouploop-apps-`);
  await mkdir(`${apps}/sparkle`);
  await writeFile(`${apps}/sparkle/index.html`, "<!doctype html><title>Sparkle</title><p>stars");
  await writeFile(`${apps}/sparkle/README.md`, "# Sparkle\n\nEvery tap becomes a star.\n\n<script>document.title = 'no'</script>\n");
  nats = await startNats();
  [edge, cdn, simulator] = await Promise.all([startEdge(nats), startCdn("a-token-for-the-tests"), startSimulator(nats)]);
  ui = await startUi({ edge: edge.address, cdn: cdn.address, simulator: simulator.address, apps });
  context = await openBrowser();
  page = await open(context);
});

after(async () => {
  await stopAll();
  await rm(apps, { recursive: true, force: true });
});

test("a page without devices says how to get some, and gets them with one click", async () => {
  await page.getByText("No device is there. Three ways").waitFor();
  await look(page, "no device");
  await page.screenshot({ path: `${out}dashboard-empty.png` });
  await button(page, "Start 24 simulated devices").click();
  await count(page, 24);
  await state(page, "live");
  await button(page, "Stop the simulated devices").waitFor();
});

test("a command to all changes every light, and says how many", async () => {
  await page.getByLabel("Color", { exact: true }).fill("#ff8000");
  await send(page);
  await answer(page, "sent to 24 devices");
  await untilWearables("dashboard", seen => seen.length === 24 && seen.every(({ wearable }) => wearable.color === "ff8000"));
});

test("devices are picked by mouse and by keys, and commanded alone", async () => {
  const grid = page.getByRole("listbox", { name: "Devices" });
  await grid.click({ position: { x: 40, y: 40 } });
  await page.getByText("1 picked").waitFor();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Space");
  await page.getByText("2 picked").waitFor();
  await page.keyboard.press("Shift+End");
  await page.getByText("23 picked").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("None picked").waitFor();

  await page.getByRole("searchbox", { name: "Search by id" }).fill("001");
  await button(page, "Pick those found").click();
  await page.getByText("9 picked").waitFor();
  await page.getByRole("searchbox", { name: "Search by id" }).fill("");
  await command(page, "brightness");
  await page.getByLabel("Level", { exact: true }).fill("33");
  await send(page);
  await answer(page, "written to all 9");
  await untilWearables("dashboard", seen => seen.filter(({ wearable }) => wearable.brightness === 33).length === 9);
});

test("firmware for many devices wants a second word", async () => {
  await swarm({ name: "fleet", space: "fleet", devices: 3 });
  const context = await openBrowser();
  const page = await open(context, "/?space=fleet");
  await count(page, 3);
  await command(page, "ota");
  await page.getByLabel("Url", { exact: true }).fill("http://127.0.0.1:9/none.bin");
  await send(page);
  const dialog = page.getByRole("dialog", { name: "Update many devices?" });
  await dialog.getByText("All devices of this space fetch firmware from").waitFor();
  await look(page, "the question");
  await page.screenshot({ path: `${out}dashboard-ota.png` });
  await button(page, "Leave them").click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByText("None yet.").waitFor();
  assert.equal(await page.getByLabel("Url", { exact: true }).inputValue(), "http://127.0.0.1:9/none.bin");
  await send(page);
  await button(page, "Update them").click();
  await answer(page, "sent to 3 devices");
  await page.close();
  await stop("fleet");
});

test("the table and the floor show the same devices", async () => {
  await button(page, "Table").click();
  const row = page.getByRole("row", { name: /0010/ });
  await row.getByText(/Hz/).waitFor();
  await row.getByText("ff8000").waitFor();
  const before = await row.textContent();
  await page.waitForFunction(([row, before]) => row.textContent !== before, [await row.elementHandle(), before]);
  assert.equal(await row.getByRole("checkbox").isChecked(), true);
  await page.getByRole("button", { name: /^Device/ }).click();
  await page.locator('th[aria-sort="descending"]', { hasText: "Device" }).waitFor();
  assert.equal(await page.locator("tbody th").first().textContent(), "0017");
  await button(page, "Pick none").click();
  await button(page, "Floor").click();
  // Where it is now: a click on a button beside it may scroll the page.
  const place = async () => {
    const floor = page.getByRole("listbox", { name: "Devices on the floor" });
    await floor.scrollIntoViewIfNeeded();
    return floor.boundingBox();
  };
  let floor = await place();
  await page.mouse.move(floor.x + 5, floor.y + 5);
  await page.mouse.down();
  await page.mouse.move(floor.x + floor.width - 5, floor.y + floor.height - 5);
  await page.mouse.up();
  await page.getByText("24 picked").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("None picked").waitFor();
  await button(page, "Lasso").click();
  floor = await place();
  // Around the floor, and back beside the way: what is inside is picked, whatever is between the ends.
  await page.mouse.move(floor.x + 5, floor.y + 5);
  await page.mouse.down();
  for (const [x, y] of [[1, 0], [1, 1], [0, 1]]) {
    await page.mouse.move(floor.x + 5 + x * (floor.width - 10), floor.y + 5 + y * (floor.height - 10), { steps: 8 });
  }
  await page.screenshot({ path: `${out}dashboard-lasso.png` });
  await page.mouse.up();
  await page.getByText("24 picked").waitFor();
  await page.mouse.move(floor.x + 5, floor.y + 5);
  await page.mouse.down();
  for (const [x, y] of [[1, 0], [1, 0.02], [0, 0.02]]) await page.mouse.move(floor.x + 5 + x * (floor.width - 10), floor.y + 5 + y * floor.height);
  await page.mouse.up();
  await page.getByText("None picked").waitFor();
  await button(page, "Box").click();
  await page.getByRole("listbox", { name: "Devices on the floor" }).focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Space");
  await page.getByText("1 picked").waitFor();
  await page.getByRole("option", { name: "Device 0000", selected: true }).waitFor({ state: "attached" });
  await page.getByLabel("West to east (m)").fill("twelve");
  await page.getByText("Must be 1 to 1000 metres.").waitFor();
  await page.getByLabel("West to east (m)").fill("12");
  await page.getByText("Must be 1 to 1000 metres.").waitFor({ state: "hidden" });
  await button(page, "Grid").click();
});

test("a finger draws on the floor, and two move the page", async () => {
  const phone = await context.browser().newContext({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const page = await open(phone);
  await count(page, 24);
  await button(page, "Floor").click();
  const listBox = page.getByRole("listbox", { name: "Devices on the floor" });
  await listBox.scrollIntoViewIfNeeded();
  const floor = await listBox.boundingBox();
  const client = await phone.newCDPSession(page);
  const touch = (type, ...points) => client.send("Input.dispatchTouchEvent", {
    type, touchPoints: points.map(([x, y], id) => ({ id, x: floor.x + x * floor.width, y: floor.y + y * floor.height })),
  });
  const scrolled = () => page.evaluate(() => scrollY);
  const before = await scrolled();
  await touch("touchStart", [0.02, 0.02]);
  for (let step = 1; step <= 8; step++) await touch("touchMove", [0.02 + step * 0.12, 0.02 + step * 0.12]);
  await touch("touchEnd");
  await page.getByText("24 picked").waitFor();
  assert.equal(await scrolled(), before);
  await touch("touchStart", [0.4, 0.8], [0.6, 0.8]);
  for (let step = 1; step <= 8; step++) await touch("touchMove", [0.4, 0.8 - step * 0.09], [0.6, 0.8 - step * 0.09]);
  await touch("touchEnd");
  await page.waitForFunction(before => scrollY !== before, before);
  await page.getByText("24 picked").waitFor();
  await phone.close();
});

test("an order that changes all the time holds still under the pointer, and for the keys", async () => {
  const sort = page.getByRole("combobox", { name: "Sort" });
  await sort.selectOption("pull");
  await button(page, "Table").click();
  const read = what => page.locator("tbody").evaluate((body, what) => what === "order"
    ? [...body.querySelectorAll("th")].map(({ textContent }) => textContent).join() : body.textContent, what);
  /** Waits until the order, or any text, is another one. */
  const another = (what, from) => page.waitForFunction(([what, from]) => {
    const body = document.querySelector("tbody");
    return from !== (what === "order" ? [...body.querySelectorAll("th")].map(({ textContent }) => textContent).join() : body.textContent);
  }, [what, from]);
  await another("order", await read("order"));
  await page.locator("tbody th").first().hover();
  const held = await read("order");
  // Texts are written anew twice a second: a few of these, and the order is what it was.
  for (let times = 0; times < 4; times++) {
    await another("text", await read("text"));
    assert.equal(await read("order"), held);
  }
  await page.locator("h1").hover();
  await another("order", held);
  await sort.selectOption("id");
  await button(page, "Grid").click();
});

test("what cannot be is said at its field, and stays to be mended", async () => {
  await button(page, "One").click();
  await page.getByLabel("Device", { exact: true }).fill("lamp");
  await command(page, "led_set");
  await page.getByLabel("Index", { exact: true }).fill("nine");
  await send(page);
  await page.getByText("It must be 4 hex digits, such as 1a2b.").waitFor();
  await page.getByText("It must be a whole number from 0 to 5.").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.value), "lamp", "the first mistake has the keys");
  await page.getByLabel("Device", { exact: true }).fill("0001");
  await page.getByText("It must be 4 hex digits, such as 1a2b.").waitFor({ state: "hidden" });
  await page.getByText("It must be a whole number from 0 to 5.").waitFor();
  assert.equal(await page.getByLabel("Index", { exact: true }).inputValue(), "nine");
  await page.getByLabel("Index", { exact: true }).fill("2");
  await send(page);
  await answer(page, "written to the device");
  await page.getByLabel("Device", { exact: true }).fill("beef");
  await send(page);
  await page.getByRole("log").locator('li[data-ok="false"]').first().getByText("It is not there now.").waitFor();
});

test("an app that somebody dropped in has a card with its README, and nothing of it runs here", async () => {
  await page.getByRole("link", { name: "Sparkle" }).waitFor();
  await page.getByRole("button", { name: "Read more about Sparkle" }).click();
  const dialog = page.getByRole("dialog", { name: "Sparkle" });
  await dialog.getByText("Every tap becomes a star.").waitFor();
  await dialog.getByRole("heading", { name: "Sparkle", level: 2 }).waitFor();
  await dialog.getByRole("heading", { name: "Sparkle", level: 3 }).waitFor();
  assert.notEqual(await page.title(), "no");
  await look(page, "the dialog");
  await dialog.getByRole("link", { name: "Open Sparkle" }).click();
  await page.getByText("stars").waitFor();
  await page.goBack();
  await count(page, 24);
});

test("axe finds nothing, in light and in dark, and nothing is wider than a phone", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const view of ["Grid", "Floor", "Table"]) {
      await button(page, view).click();
      await page.locator(view === "Table" ? "tbody th" : "canvas").first().waitFor();
      await look(page, `${view}, ${colorScheme}`);
      await page.screenshot({ path: `${out}dashboard-${view.toLowerCase()}-${colorScheme}.png` });
    }
    await page.setViewportSize({ width: 360, height: 740 });
    await look(page, `a phone, ${colorScheme}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await page.screenshot({ path: `${out}dashboard-phone-${colorScheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 1280, height: 860 });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await button(page, "Grid").click();
});

test("a device that leaves while it is picked is said to have left", async () => {
  await button(page, "Pick all").click();
  await page.getByText("24 picked").waitFor();
  await button(page, "Stop the simulated devices").click();
  await page.getByText("and 16 more left").waitFor();
  await send(page);
  await page.getByText("The devices that you picked have left.").waitFor();
  await look(page, "all left");
  await button(page, "Forget those that left").click();
  await page.getByText("Three ways to have some").waitFor();
});

test("the server can be changed, a wrong one is said to be wrong, and the choice is still there after a reload", async () => {
  const other = await startEdge(nats);
  const field = page.getByLabel("Server", { exact: true });
  await field.fill("htp:/nowhere");
  await button(page, "Connect").click();
  await page.getByText(/is no WebSocket URL/).waitFor();
  assert.equal(await field.inputValue(), "htp:/nowhere");
  await field.fill(`ws://${other.address}/`);
  await button(page, "Connect").click();
  await state(page, "stale");
  // A swarm goes where the page looks, which the simulator's own bus may not reach.
  await button(page, "Start 24 simulated devices").click();
  await count(page, 24);
  const { definition } = await (await fetch(`http://${simulator.address}/api/swarms/dashboard`)).json();
  assert.deepEqual([definition.transport, definition.ws.edges], ["ws", [`ws://${other.address}`]]);
  await button(page, "Stop the simulated devices").click();
  await page.getByText("Three ways to have some").waitFor();
  await state(page, "stale");
  await page.reload();
  await state(page, "stale");
  assert.equal(await field.inputValue(), `ws://${other.address}/`);
  await page.getByLabel("Space", { exact: true }).fill("Blue Room");
  await button(page, "Connect").click();
  await page.getByText(/is no name of a space/).waitFor();
  await other.kill();
  await state(page, "disconnected");
  await page.getByRole("alert").filter({ hasText: other.address }).waitFor();
  await page.getByRole("button", { name: /Back to this page's own server/ }).click();
  await state(page, "stale");
  assert.equal(await field.inputValue(), `ws://${edge.address}/`);
});

test("an edge that died and came back is found again, with nothing lost that was typed", async () => {
  await swarm({ name: "few", devices: 3 });
  await count(page, 3);
  await command(page, "vibrate");
  await page.getByLabel("Duration", { exact: true }).fill("1234");
  await edge.kill();
  await state(page, "disconnected");
  await page.getByText("Not connected, so no device can be seen.").waitFor();
  await button(page, "All").click();
  await send(page);
  await page.getByRole("log").locator('li[data-ok="false"]').first().waitFor();
  edge = await startEdge(nats, edge.address);
  await state(page, "live");
  await count(page, 3);
  assert.equal(await page.getByLabel("Duration", { exact: true }).inputValue(), "1234");
  await send(page);
  await answer(page, "sent to 3 devices");
});

test("without a registry commands can be typed, and the forms come back with it", async () => {
  const { address } = cdn;
  await cdn.kill();
  await page.reload();
  await page.getByText("The command registry does not load").waitFor();
  await look(page, "no registry");
  await page.getByRole("textbox", { name: "Command" }).fill("led:blue");
  await button(page, "All 3").click();
  await send(page);
  await answer(page, "sent to 3 devices");
  cdn = await startCdn("a-token-for-the-tests", address);
  await button(page, "Try again").click();
  await page.getByRole("combobox", { name: "Command" }).waitFor();
  await stop("few");
});

test("a thousand devices are shown in each way", async () => {
  await swarm({ name: "crowd", devices: 1_000, motion: "dance" });
  await count(page, "1000");
  await button(page, "All 1000").waitFor();
  for (const view of ["Grid", "Floor", "Table"]) {
    await button(page, view).click();
    await page.screenshot({ path: `${out}dashboard-1000-${view.toLowerCase()}.png` });
  }
  await stop("crowd");
});

test("a simulator that is away is said to be", async () => {
  await page.getByText("Three ways to have some").waitFor();
  await simulator.kill();
  await button(page, "Start 24 simulated devices").click();
  await page.getByText("The simulator does not answer at").waitFor();
});

endsWithoutFaults();
