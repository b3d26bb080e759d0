// Firmware rolled out from device control, and one device looked at closely, in a real browser: on an edge, a CDN and a simulator of their own
// over NATS, whose devices fetch, restart and come back as real ones do.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openBrowser, startCdn, startEdge, startNats, startSimulator, startUi, stopAll } from "./support.mjs";
import { endsWithoutFaults, look, watched } from "./watched.mjs";

const out = fileURLToPath(new URL("out/", import.meta.url));
const token = "0123456789-token-of-the-tests";
const [C3, C6] = ["seeed_xiao_esp32c3", "esp32-c6-devkitc-1"];
let nats, edge, cdn, simulator, ui, context, page;

/** An image as the chip's loader takes it. */
function image(version, chip) {
  const data = Buffer.alloc(300_000, Buffer.from(createHash("sha256").update(version).digest()));
  // The application's description: its magic and, at 16, its version.
  data.writeUInt32LE(0xabcd5432, 0);
  data.fill(0, 16, 48).write(version, 16);
  const header = Buffer.alloc(32);
  header.writeUInt8(0xe9, 0);
  header.writeUInt8(1, 1);
  header.writeUInt16LE(chip, 12);
  header.writeUInt32LE(0x3c000020, 24);
  header.writeUInt32LE(data.length, 28);
  const whole = Buffer.alloc(Math.ceil((header.length + data.length + 1) / 16) * 16);
  Buffer.concat([header, data]).copy(whole);
  whole.writeUInt8(data.reduce((sum, byte) => sum ^ byte, 0xef), whole.length - 1);
  return whole;
}

async function write(path, body) {
  const response = await fetch(`http://${cdn.address}/${path}`, { method: "PUT", headers: { Authorization: `Bearer ${token}` }, body });
  assert.ok(response.ok, await response.text());
}

/** Two versions for one board, and one for another. */
async function publish() {
  const path = (board, version) => `firmware/firmware-${board}-${version}.bin`;
  await write(path(C3, "1.4.0"), image("1.4.0", 5));
  await write(path(C3, "1.3.0"), image("1.3.0", 5));
  await write(path(C6, "1.4.0"), image("1.4.0", 13));
  const images = (board, ...versions) => versions.map(version => ({ version, build_date: "2025-01-31T12:00:00Z", path: path(board, version) }));
  await write("firmware/manifest.json", JSON.stringify({
    version: "1.4.0", build_date: "2025-01-31T12:00:00Z",
    boards: { [C3]: path(C3, "1.4.0"), [C6]: path(C6, "1.4.0") }, images: { [C3]: images(C3, "1.4.0", "1.3.0"), [C6]: images(C6, "1.4.0") },
  }));
}

async function swarm(name, first, devices, more = {}) {
  const response = await fetch(`http://${simulator.address}/api/swarms`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name, first_id: first, devices, rate_hz: 10, ...more }),
  });
  assert.equal(response.status, 201, await response.text());
}

const stop = name => fetch(`http://${simulator.address}/api/swarms/${name}`, { method: "DELETE" });

/** What each device of a swarm runs; `null` is what it came with. */
async function versions(name) {
  const response = await fetch(`http://${simulator.address}/api/swarms/${name}/devices?limit=2000`);
  return Object.fromEntries((await response.json()).seen.map(({ body, wearable }) => [body.device, wearable.version]));
}

/** Ids from one on. */
const ids = (first, count) => Array.from({ length: count }, (_, place) => (first + place).toString(16).padStart(4, "0"));

/** Opens device control. */
async function open(context) {
  const page = watched(await context.newPage());
  await page.goto(`http://${ui.control}/`);
  return page;
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const state = (page, word) => page.locator(`.live[data-state="${word}"]`).waitFor();
const field = (page, name) => page.locator(".firmware").getByLabel(name, { exact: true });
/** The rollout that is looked at. */
const opened = page => page.locator('.rollout[data-open="true"]');
const says = (page, text) => opened(page).getByText(text).first().waitFor();
const tag = (page, word) => opened(page).locator("h3 .tag", { hasText: new RegExp(`^${word}$`) }).waitFor();
/** The row of a device in the table of the rollout that is looked at. */
const row = (page, id) => opened(page).getByRole("row").filter({ has: page.getByRole("rowheader", { name: id }) });

/** Until it was told, and has the image: who is about to be told when somebody pauses waits again. */
const isTold = (page, id) => row(page, id).getByText("restarts").waitFor();

/** Fills in the form. */
async function choose(page, { board = C3, version, devices, canary, wave, mayFail }) {
  await field(page, "Board").selectOption(board);
  if (version) await page.locator(`.images input[value="${version}"]`).check();
  await page.locator(".choice .button", { hasText: "Typed" }).click();
  await field(page, "Ids").fill(devices);
  if (canary) await field(page, "Canary").fill(canary);
  if (wave) await field(page, "Wave").fill(wave);
  if (mayFail) await field(page, "May fail").fill(mayFail);
}

before(async () => {
  await mkdir(out, { recursive: true });
  nats = await startNats();
  [edge, cdn, simulator] = await Promise.all([startEdge(nats), startCdn(token, "127.0.0.1:0", nats), startSimulator(nats)]);
  ui = await startUi({ edge: edge.address, cdn: cdn.address, simulator: simulator.address });
  context = await openBrowser({ viewport: { width: 1280, height: 900 } });
  page = await open(context);
});

after(stopAll);

test("before there is firmware the page says how to publish some, and finds it when asked to look again", async () => {
  await page.getByText("Nobody has published firmware here yet.").waitFor();
  await look(page, "no firmware");
  await publish();
  await button(page, "Look again").click();
  await field(page, "Board").waitFor();
  assert.deepEqual(await field(page, "Board").locator("option").allTextContents(), ["Choose one", C6, C3]);
  await field(page, "Board").selectOption(C3);
  assert.deepEqual(await page.locator(".images label").allInnerTexts().then(all => all.map(text => text.replace(/\s+/g, " "))), [
    "1.4.0 current 31 Jan 2025 · 293 KiB", "1.3.0 31 Jan 2025 · 293 KiB",
  ]);
});

test("what cannot be is said at its field, and nothing that was typed is lost", async () => {
  await choose(page, { devices: "1000 nobody", canary: "one", wave: "0", mayFail: "101%" });
  await page.getByText("Timeouts").click();
  await field(page, "To be back (s)").fill("9999");
  await button(page, "Roll 1.4.0 out to 1 device").click();
  for (const [name, wrong] of [
    ["Ids", "“nobody” is no device"], ["Canary", "It must be a number of devices"], ["Wave", "It must be 1 or more"],
    ["May fail", "or a share such as 25%"], ["To be back (s)", "It must be 1 to 3600 seconds."],
  ]) {
    const described = await field(page, name).getAttribute("aria-describedby");
    const said = await Promise.all(described.split(" ").map(id => page.locator(`[id="${id}"]`).innerText()));
    assert.ok(said.join(" ").includes(wrong), `${name}: ${said}`);
  }
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "TEXTAREA", "the first that is wrong");
  await look(page, "mistakes");
  await page.screenshot({ path: `${out}rollouts-mistakes.png`, fullPage: true });
  await page.reload();
  assert.equal(await field(page, "Ids").inputValue(), "1000 nobody");
  assert.equal(await field(page, "Wave").inputValue(), "0");
  await button(page, "Usual rules").click();
  assert.deepEqual([await field(page, "Canary").inputValue(), await field(page, "Ids").inputValue()], ["1", "1000 nobody"]);
});

test("a rollout with a canary and waves: paused, reloaded, resumed and done, also when the edge restarts, and seen by a second browser", async () => {
  await swarm("good", "1000", 12);
  await choose(page, { devices: "1000-100b", canary: "2", wave: "5" });
  await page.getByText("First 2 devices alone: any that fails stops it. Then 2 waves of 5: any that fails stops it.").waitFor();
  await button(page, "Roll 1.4.0 out to 12 devices").click();
  await says(page, "0 of 12 devices done");
  const second = await open(await openBrowser({ viewport: { width: 1280, height: 900 } }));
  await second.locator(".rollout h3 button").click();
  await isTold(second, "1001");
  await button(opened(second), "Pause").click();
  await tag(page, "paused");
  await says(page, "2 of 12 devices done, 10 waiting.");
  await says(second, "2 of 12 devices done, 10 waiting.");
  assert.deepEqual(Object.values(await versions("good")).filter(version => version === "1.4.0").length, 2, "the canary alone");

  await page.reload();
  await tag(page, "paused");
  await says(page, "2 of 12 devices done, 10 waiting.");
  await opened(page).getByText(/The CDN .* runs it\. Closing this page changes nothing\./).waitFor();
  assert.deepEqual(await row(page, "1000").getByRole("cell").allInnerTexts(), ["canary", "done", "new", ""]);
  assert.deepEqual(await row(page, "1002").getByRole("cell").allInnerTexts(), ["wave 1", "waits for its turn", "old", ""]);
  await page.screenshot({ path: `${out}rollouts-paused.png`, fullPage: true });

  const address = edge.address;
  await edge.kill();
  await state(page, "disconnected");
  await Promise.all([says(page, "5 under way"), says(second, "5 under way"), button(opened(page), "Resume").click()]);
  await opened(page).locator("tr[aria-current]", { hasText: "wave 1" }).waitFor();
  edge = await startEdge(nats, address);
  await page.screenshot({ path: `${out}rollouts-wave.png`, fullPage: true });
  await state(page, "live");
  await says(page, "Every device runs it.");
  await says(second, "Every device runs it.");
  await tag(second, "done");
  assert.ok(Object.values(await versions("good")).every(version => version === "1.4.0"));
  await second.context().close();
});

test("one that fails too often is stopped by its rule, the report is right to the device, and it is tried again for those", async () => {
  await swarm("bad", "2000", 2, { faults: { failing_updates: 2 } });
  await choose(page, { version: "1.3.0", devices: "1000-1004 2000 1005 2001 1006-100a", canary: "2", wave: "6", mayFail: "1" });
  await page.getByText("Timeouts").click();
  await field(page, "To go away (s)").fill("6");
  await button(page, "Roll 1.3.0 out to 13 devices").click();
  await tag(page, "stopped by its rule");
  await says(page, "Stopped by its rule: 2 of wave 1 failed, and at most 1 may.");
  await says(page, "6 of 13 devices done, 2 failed, 5 skipped.");
  await opened(page).locator(".reasons", { hasText: "2000 2001: it has the whole image and goes on without a restart" }).waitFor();
  const rows = await opened(page).locator(".devices tbody tr").allInnerTexts();
  const found = rows.map(text => text.split("\t").slice(0, 4).map(cell => cell.trim()).join(" "));
  assert.deepEqual(found, [
    ...["2000", "2001"].map(id => `${id} wave 1 failed old`),
    ...ids(0x1006, 5).map(id => `${id} wave 2 skipped old`),
    ...ids(0x1000, 6).map((id, place) => `${id} ${place < 2 ? "canary" : "wave 1"} done new`),
  ]);
  await look(page, "a stopped one");
  await page.screenshot({ path: `${out}rollouts-stopped.png`, fullPage: true });
  const runs = { ...await versions("good"), ...await versions("bad") };
  for (const [id, version] of Object.entries(runs)) {
    const expected = ids(0x1000, 6).includes(id) ? "1.3.0" : id.startsWith("2") ? null : "1.4.0";
    assert.equal(version, expected, id);
  }
  await field(page, "Show").selectOption({ label: "failed (2)" });
  assert.equal(await opened(page).locator(".devices tbody tr").count(), 2);
  await field(page, "Id has").fill("2001");
  assert.equal(await opened(page).locator(".devices tbody tr").count(), 1);

  await opened(page).getByRole("button", { name: "2001" }).click();
  await page.getByRole("heading", { name: "Device 2001" }).waitFor();
  await button(page, "Pick the 2 that failed").click();
  await page.locator(".choice .button", { hasText: "Picked" }).click();
  await page.locator(".choice .button", { hasText: "Picked 2" }).waitFor();

  // These two take it now.
  await stop("bad");
  await swarm("mended", "2000", 2);
  await button(page, "Again for the 7 that failed or were skipped").click();
  await says(page, "0 of 7 devices done");
  await says(page, "It is for those that failed or were skipped in");
  await field(page, "Id has").fill("2000");
  await tag(page, "done");
  // Who is in the middle of something when it ends stays there.
  assert.equal(await field(page, "Id has").inputValue(), "2000");
  assert.equal(await field(page, "Id has").evaluate(input => input === document.activeElement), true);
  await says(page, "Every device runs it.");
  assert.ok(Object.values(await versions("mended")).every(version => version === "1.3.0"));
});

test("it is aborted once that was confirmed; devices in it are taken; a wrong board is said where the devices are", async () => {
  await choose(page, { version: "1.4.0", devices: "1000-1009 3000", canary: "1", wave: "10" });
  await button(page, "Roll 1.4.0 out to 11 devices").click();
  await isTold(page, "1000");
  await button(opened(page), "Pause").click();
  await tag(page, "paused");

  await choose(page, { devices: "1009 100a", canary: "1" });
  await button(page, "Roll 1.4.0 out to 2 devices").click();
  await page.getByText("1 device is in another rollout, which is under way: 1009. A device is in one at a time.").waitFor();
  await page.screenshot({ path: `${out}rollouts-taken.png`, fullPage: true });
  await button(page, "Leave it out").click();
  assert.equal(await field(page, "Ids").inputValue(), "100a");

  await button(opened(page), "Abort…").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("nobody is left without firmware", { exact: false }).waitFor();
  await look(page, "the question");
  await dialog.getByRole("button", { name: "Let it go on" }).click();
  await button(opened(page), "Abort…").click();
  await dialog.getByRole("button", { name: "Abort it" }).click();
  await tag(page, "aborted");
  await says(page, "1 of 11 devices done, 10 skipped.");
  assert.equal(await opened(page).locator(".devices tbody tr", { hasText: "the rollout was aborted before its turn" }).count(), 10);
  assert.deepEqual(Object.entries(await versions("good")).filter(([, version]) => version === "1.4.0").map(([id]) => id), ["1000", "100b"]);

  await choose(page, { board: C6, devices: "1001", canary: "1" });
  await button(page, "Roll 1.4.0 out to 1 device").click();
  await page.getByText(`1001 runs the image of ${C3} since rollout`, { exact: false }).waitFor();
  await look(page, "a wrong board");
  await page.getByLabel("Also devices that are known to have run the image of another board").check();
  await button(page, "Roll 1.4.0 out to 1 device").click();
  await says(page, "0 of 1 device done");
  await tag(page, "done");
});

test("two hundred devices of which one in twenty fails in the second wave: it stops within that wave, and the report is right to the device", async () => {
  await swarm("many", "5000", 190, { rate_hz: 5 });
  await swarm("broken", "6000", 10, { rate_hz: 5, faults: { failing_updates: 10 } });
  await page.locator(".picking [data-count]").filter({ hasText: /2\d\d/ }).waitFor();
  // A canary of 5 and waves of 65; the ten are in the middle of the second.
  await choose(page, { board: C3, version: "1.4.0", devices: "5000-5063 6000-6009 5064-50bd", canary: "5", wave: "65", mayFail: "5%" });
  // Open since the last one, for as long as the page was not loaded anew.
  if (!await field(page, "To go away (s)").isVisible()) await page.getByText("Timeouts").click();
  await field(page, "To go away (s)").fill("6");
  await button(page, "Roll 1.4.0 out to 200 devices").click();
  await opened(page).locator("tr[aria-current]", { hasText: "wave 2" }).waitFor();
  await page.reload();
  await tag(page, "stopped by its rule");
  await opened(page).getByText(/Stopped by its rule: \d+ of wave 2 failed, and at most 3 may\./).first().waitFor();
  await says(page, "125 of 200 devices done, 10 failed, 65 skipped.");
  const stages = await opened(page).locator(".stages tbody tr").allInnerTexts();
  const good = ids(0x5000, 190), bad = ids(0x6000, 10);
  const done = good.slice(0, 125), stage = place => place < 5 ? "canary" : place < 70 ? "wave 1" : "wave 2";
  const expected = {
    done: done.map((id, place) => `${id} ${stage(place)} done new`),
    failed: bad.map(id => `${id} wave 2 failed old`),
    skipped: good.slice(125).map(id => `${id} wave 3 skipped old`),
  };
  for (const [state, devices] of Object.entries(expected)) {
    await field(page, "Show").selectOption({ label: `${state} (${devices.length})` });
    const found = new Set();
    // As many as there are rows for, at a time.
    for (const part of ["500", "501", "502", "503", "504", "505", "506", "507", "508", "509", "50a", "50b", "600"]) {
      await field(page, "Id has").fill(part);
      const rows = await opened(page).locator(".devices tbody tr").allInnerTexts();
      for (const row of rows) found.add(row.split("\t").slice(0, 4).map(cell => cell.trim()).join(" "));
    }
    assert.deepEqual([...found].sort(), devices, state);
  }
  assert.equal(stages.length, 4, stages.join("; "));
  await page.screenshot({ path: `${out}rollouts-200.png`, fullPage: true });
  const runs = { ...await versions("many"), ...await versions("broken") };
  for (const id of [...good, ...bad]) assert.equal(runs[id], done.includes(id) ? "1.4.0" : null, id);
  await Promise.all([stop("many"), stop("broken")]);
});

test("a CDN that is away is said to be, and the form stays", async () => {
  await page.route("**/api/spaces/**", route => route.abort());
  await choose(page, { devices: "1002", canary: "1" });
  await button(page, "Roll 1.4.0 out to 1 device").click();
  await page.getByText(`The CDN does not answer at http://${cdn.address}. What you chose stays; try again.`).waitFor();
  assert.equal(await field(page, "Ids").inputValue(), "1002");
  await page.unroute("**/api/spaces/**");
  // Who comes just then, and looks at no rollout.
  const elsewhere = await openBrowser({ viewport: { width: 1280, height: 900 } });
  await elsewhere.route("**/api/spaces/**", route => route.abort());
  const fresh = await open(elsewhere);
  await fresh.locator(".rollouts").getByText(/The CDN does not answer.* It is tried again by itself\./).waitFor();
  await elsewhere.unroute("**/api/spaces/**");
  await fresh.locator(".rollout").first().waitFor();
  await elsewhere.browser().close();
});

test("a device is looked at closely: its fields, its frames, its rhythm, what was sent to it, and that it left", async () => {
  const inspector = page.locator(".inspector");
  const fact = name => inspector.locator("dl > div").filter({ has: page.locator("dt", { hasText: name }) }).locator("dd");
  await inspector.getByLabel("Device").fill("12345");
  await button(inspector, "Look").click();
  await inspector.getByText("It must be 4 hex digits").waitFor();
  await inspector.getByLabel("Device").fill("4000");
  await button(inspector, "Look").click();
  await inspector.getByText("4000 is not there now.").waitFor();
  await swarm("one", "4000", 1, { rate_hz: 20, taps: { per_second: 1 } });
  await inspector.locator(".axis dd", { hasText: " g" }).first().waitFor();
  await fact("NW").filter({ hasText: "dBm" }).waitFor();
  await fact("Rate").filter({ hasText: /^(1[89]|2[012])\.\d Hz$/ }).waitFor();
  await fact("Gap, p99").filter({ hasText: "ms" }).waitFor();
  await button(inspector, "Pause").click();
  await inspector.getByText(/Paused; \d+ came since\./).waitFor();
  const shown = await inspector.locator(".frames code").allInnerTexts();
  assert.ok(shown.every(frame => /^4000[0-9a-f]{16}$/.test(frame)), shown.join());
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await button(inspector, "Copy").click();
  await inspector.getByText(/frames copied\./).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${[...shown].reverse().join("\n")}\n`);
  await button(inspector, "Pause").click();
  await look(page, "the inspector");
  await page.screenshot({ path: `${out}inspector.png`, fullPage: true });
  await stop("one");
  await inspector.getByText(/4000 has left: its newest frame is .* old\./).waitFor();
  assert.match(await fact("Rate").innerText(), /^\d+\.\d Hz$/);
  await swarm("one", "4000", 1, { rate_hz: 20 });
  await inspector.getByText(/4000 has left/).waitFor({ state: "detached" });
});

test("axe finds nothing, in light and in dark, and nothing is wider than a phone", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await look(page, colorScheme);
    await page.screenshot({ path: `${out}rollouts-${colorScheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 360, height: 740 });
    await look(page, `a phone, ${colorScheme}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await page.screenshot({ path: `${out}rollouts-phone-${colorScheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 1280, height: 900 });
  }
});

endsWithoutFaults();
