// The two example pages in a real browser: a device on one edge, a watching page on another, NATS between them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdir } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openBrowser, root, servePages, startEdge, startNats, stopAll } from "./support.mjs";
import { endsWithoutFaults, watched } from "./watched.mjs";

const out = fileURLToPath(new URL("out/", import.meta.url));
let nats, edges, device, watch;

/** Opens a page. */
async function open(context, url) {
  const page = watched(await context.newPage());
  await page.goto(url);
  return page;
}

/** Waits until an element of the page has exactly this text. */
const says = (page, selector, text) =>
  page.waitForFunction(([where, wanted]) => document.querySelector(where)?.textContent === wanted, [selector, text]);

const row = id => watch.locator("#devices tr", { hasText: id });

async function send(target, command) {
  await watch.getByLabel("Device").selectOption(target);
  await watch.getByLabel("Command").fill(command);
  await watch.getByRole("button", { name: "Send" }).click();
}

before(async () => {
  await mkdir(out, { recursive: true });
  nats = await startNats();
  edges = await Promise.all([startEdge(nats), startEdge(nats)]);
  const [context, pages] = await Promise.all([openBrowser(), servePages()]);
  // One page straight from the folder, the other from a web server: both ways must work.
  const file = pathToFileURL(`${root}examples/device.html`);
  watch = await open(context, `${pages}watch.html?server=ws://${edges[1].address}/`);
  device = await open(context, `${file}?id=1a2b&server=ws://${edges[0].address}/`);
});

after(stopAll);

test("a frame reaches the page that watches, on the other edge", async () => {
  await row("1a2b").waitFor();
  await says(watch, "#count", "1 device");

  const pad = await device.locator("#pad").boundingBox();
  await device.mouse.move(pad.x + pad.width - 5, pad.y + 5);
  await watch.waitForFunction(() => {
    const [, ax, ay, az, , ne, , sw] = [...document.querySelectorAll("#devices td")].map(cell => Number(cell.textContent));
    return ax > 1.9 && ay < -1.9 && Math.abs(az - 1) < 0.01 && ne > -43 && sw < -97;
  });

  await device.keyboard.down(" ");
  await watch.locator("tr.tapped").waitFor();
  await device.keyboard.up(" ");
  await watch.locator("tr:not(.tapped)", { hasText: "1a2b" }).waitFor();
});

test("a tap shorter than a frame is not lost", async () => {
  await watch.evaluate(() => {
    const table = document.querySelector("#devices");
    window.sawTap = new Promise(done => {
      new MutationObserver(() => table.querySelector(".tapped") && done()).observe(table, { subtree: true, attributes: true });
    });
  });
  await device.getByRole("button", { name: /Tap/ }).click();
  await watch.evaluate(() => window.sawTap);
});

test("a command goes to the device, and its answer comes back", async () => {
  await send("1a2b", "led:ff8000");
  await says(device, "#commands li", "led:ff8000");
  await says(watch, "#answer", "cmd:result:success");
  const color = await device.locator("#swatch").evaluate(swatch => getComputedStyle(swatch).backgroundColor);
  assert.equal(color, "rgb(255, 128, 0)");
});

test("a command to all reaches the device, with the colour's name made digits", async () => {
  await send("all", "led:green");
  await says(device, "#commands li", "led:00ff00");
  await says(watch, "#answer", "cmd:result:sent_to_1_devices");
  await send("all", "nonsense");
  await says(watch, "#answer", "cmd:error:unknown_command");
});

test("both pages look right, in light and in dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, page] of Object.entries({ device, watch })) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${out}${name}-${colorScheme}.png` });
    }
  }
});

test("a device whose edge died says so, and comes back when the edge does", async () => {
  await edges[0].kill();
  await device.locator("#status", { hasText: "disconnected" }).waitFor();
  edges[0] = await startEdge(nats, edges[0].address);
  await device.locator("#status", { hasText: /^connected/ }).waitFor();
  await send("all", "vibrate:300");
  await says(device, "#commands li", "vibrate:300");
});

endsWithoutFaults();
