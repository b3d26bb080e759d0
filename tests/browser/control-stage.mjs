// Where the tests of device control happen: an edge, a CDN and a simulator of their own over NATS, a browser, and what people do in it.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openBrowser, patience, startCdn, startEdge, startNats, startSimulator, startUi } from "./support.mjs";
import { watched } from "./watched.mjs";

export const out = fileURLToPath(new URL("out/", import.meta.url));
const TOKEN = "a-token-for-the-tests";
export let nats, edge, cdn, simulator, ui, context, page;

/** Opens device control. */
export async function open(context) {
  const page = watched(await context.newPage());
  await page.goto(`http://${ui.control}/`);
  return page;
}

export const answer = (page, text, ok = true) => page.getByRole("log").locator(`li[data-ok="${ok}"]`).first().filter({ hasText: text }).waitFor();
export const count = (page, number) => page.locator(`[data-count="${number}"]`).waitFor();
export const picked = (page, number) => page.locator(`[data-picked="${number}"]`).waitFor();
export const state = (page, word) => page.locator(`.live[data-state="${word}"]`).waitFor();
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const usual = (page, name) => page.getByRole("group", { name: "Usual commands" }).getByRole("button", { name, exact: true }).click();
export const send = page => page.getByRole("button", { name: /^Send to/ }).click();
export const floor = page => page.getByRole("listbox", { name: "Devices on the floor" });

/** Picks these alone, by their ids. */
export async function pick(page, ids, number) {
  await page.getByLabel("Ids", { exact: true }).fill(ids);
  await button(page, "Pick these").click();
  await picked(page, number);
}

/** What the simulator's devices show and where they are. */
export async function seen() {
  const { swarms } = await (await fetch(`http://${simulator.address}/api/swarms`)).json();
  const answers = await Promise.all(swarms.map(({ name }) => fetch(`http://${simulator.address}/api/swarms/${name}/devices?limit=2000`)));
  return (await Promise.all(answers.map(answer => answer.ok ? answer.json() : { seen: [] }))).flatMap(({ seen }) => seen);
}

/** Waits until the simulator's devices are as they should be. */
export async function until(fits) {
  const end = performance.now() + patience;
  while (!fits(await seen())) {
    assert.ok(performance.now() < end, `the devices did not become so: ${fits}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** Waits until each of these shows this on its LEDs, and none of the others does. */
export const untilLit = (ids, leds) => until(devices =>
  devices.every(({ body, wearable }) => ids.includes(body.device) === (wearable.leds.join() === leds.join())));

export async function swarm(definition) {
  const response = await fetch(`http://${simulator.address}/api/swarms`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(definition),
  });
  assert.equal(response.status, 201, await response.text());
}

export const stop = name => fetch(`http://${simulator.address}/api/swarms/${name}`, { method: "DELETE" });

/** Draws along points in shares of the floor map. */
export async function draw(page, points) {
  const box = await floor(page).boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(points[0]));
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...at(point), { steps: 4 });
  await page.mouse.up();
}

export const ids = (from, number) => Array.from({ length: number }, (_, at) => (from + at).toString(16).padStart(4, "0"));
export const all = color => Array(6).fill(color);

/** Writes a scene into the space, as somebody else would. */
export async function scene(id, title, steps) {
  const response = await fetch(`http://${cdn.address}/api/spaces/main/scenes/${id}`, {
    method: "PUT", headers: { "Content-Type": "application/json", "If-None-Match": "*" }, body: JSON.stringify({ title, steps }),
  });
  assert.ok(response.ok, await response.text());
  await button(page, `Apply ${title}`).waitFor();
}

/** Starts everything, and opens the page. */
export async function begin() {
  await mkdir(out, { recursive: true });
  nats = await startNats();
  [edge, cdn, simulator] = await Promise.all([startEdge(nats), startCdn(TOKEN, "127.0.0.1:0", nats), startSimulator(nats)]);
  ui = await startUi({ edge: edge.address, cdn: cdn.address, simulator: simulator.address });
  context = await openBrowser({ viewport: { width: 1280, height: 1000 } });
  page = await open(context);
}

/** Starts the edge again where it was. */
export async function restartEdge() {
  edge = await startEdge(nats, edge.address);
}

/** Starts the CDN again where it was, with nothing in it. */
export async function restartCdn() {
  cdn = await startCdn(TOKEN, cdn.address, nats);
}
