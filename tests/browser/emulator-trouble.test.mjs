// Everything that keeps the emulator from being a device, and what the page then says.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { G, begin, button, desk, edge, emulator, idOf, live, open, phone, restartEdge, says, shoot, useSensors, viewer, watch } from "./emulator-stage.mjs";
import { stopAll } from "./support.mjs";
import { endsWithoutFaults } from "./watched.mjs";

before(begin);
after(stopAll);

test("who says no hears how to say yes, and can", async () => {
  for (const ios of [true, false]) {
    const page = await open(phone, { sensors: { ios, denied: true, held: [0, 0, ios ? -G : G] } });
    await live(page);
    await useSensors(page);
    await says(page, ios ? "close the browser altogether" : "Motion sensors, and choose Allow");
    await shoot(page, `phone-denied-${ios ? "ios" : "android"}`, false);
    await page.evaluate(() => (window.allowed = true));
    await button(page, "Try again").tap();
    await says(page, "The device moves as this phone does");
  }
});

test("a page that came over plain http says where the secure one is", async () => {
  const url = emulator.replace("127.0.0.1", "phone.test");
  const page = await open(phone, { url, sensors: { held: [0, 0, G], silent: true } });
  await live(page);
  assert.equal(await page.evaluate(() => isSecureContext), false);
  await says(page, "grouploop up --tls");
  assert.equal(await page.locator("main .notice a").getAttribute("href"), url.replace("http:", "https:"));
  await shoot(page, "phone-insecure");
  await button(page, "A cube").tap();
  await page.getByText("grouploop up --tls").waitFor({ state: "detached" });
  await button(page, "This phone").tap();
  await says(page, "grouploop up --tls");
});

test("another device with the same id is noticed, and one can get out of its way", async () => {
  const page = await open(phone);
  await live(page);
  const id = await idOf(page);
  const other = await viewer.page.context().newPage();
  await other.goto(watch);
  await other.evaluate(([url, id]) => {
    const socket = new WebSocket(url);
    // A still device like ours: its frames look the same.
    setInterval(() => socket.readyState === 1 && socket.send(`${id}8080bfa2a2a2a200`), 50);
  }, [`ws://${edge.address}/`, id]);
  await page.reload();
  await says(page, `Another device sends as ${id} too`);
  await shoot(page, "phone-clash", false);
  await button(page, "Take another id").tap();
  await page.getByText("Another device sends as").waitFor({ state: "detached" });
  const fresh = await idOf(page);
  assert.notEqual(fresh, id);
  await viewer.frame(fresh);
  await other.close();
});

test("a server and a space that cannot be get a sentence, and what was typed stays", async () => {
  const page = await open(desk);
  await live(page);
  const id = await idOf(page);
  const server = page.getByLabel("Server");
  await server.fill("htp:/nowhere");
  await button(page, "Connect").click();
  await page.locator(".field .wrong", { hasText: "htp:/nowhere" }).waitFor();
  assert.equal(await server.inputValue(), "htp:/nowhere");
  await live(page);

  await server.fill(`ws://${edge.address}/`);
  await page.getByLabel("Space").fill("No Such");
  await button(page, "Connect").click();
  await page.locator(".field .wrong", { hasText: "No Such" }).waitFor();
  await page.getByLabel("Space").fill("band-a");
  await button(page, "Connect").click();
  await live(page);
  await viewer.page.waitForFunction(async ([url, id]) => {
    const { devices } = await (await fetch(url)).json();
    return devices.some(device => device.id === id);
  }, [`http://${edge.address}/api/spaces/band-a/devices`, id]);
  await page.reload();
  await live(page);
  assert.equal(await page.getByLabel("Space").inputValue(), "band-a");

  // A link may name both; what it names is kept, and can be changed again.
  await page.goto(`${emulator}?space=band-b&server=${encodeURIComponent(`ws://${edge.address}/`)}`);
  await live(page);
  assert.equal(page.url(), emulator);
  assert.equal(await page.getByLabel("Space").inputValue(), "band-b");

  await server.fill(`wss://${edge.address}/`);
  await button(page, "Connect").click();
  await says(page, "If the server made its certificate itself");
  assert.equal(await page.locator(".said a").getAttribute("href"), `https://${edge.address}/`);
  await shoot(page, "desk-unreachable");
  await button(page, "This page's own server").click();
  await live(page);
});

test("an edge that dies and comes back has its devices again, and nothing that was typed is lost", async () => {
  const page = await open(phone);
  await live(page);
  const id = await idOf(page);
  await page.getByLabel("Space").fill("half-typ");
  await edge.kill();
  await page.locator(".live[data-state=disconnected]").waitFor();
  await says(page, "tried again by itself");
  await page.evaluate(() => scrollTo(0, 0));
  await shoot(page, "phone-disconnected", false);
  await restartEdge();
  await live(page);
  await viewer.connect(`ws://${edge.address}/`);
  await viewer.frame(id);
  assert.equal(await viewer.send(id, "led:00ff00"), "cmd:result:success");
  await says(page, "green, steady");
  assert.equal(await page.getByLabel("Space").inputValue(), "half-typ");
  assert.equal(await idOf(page), id);
});

test("a browser that gives the page no time is told of", async () => {
  const page = await open(phone);
  await live(page);
  // A hiccup while the page opens is none of anybody's business.
  await page.waitForFunction(() => performance.now() > 6_000);
  await page.evaluate(() => {
    const end = performance.now() + 1_500;
    while (performance.now() < end);
  });
  await says(page, /frames were left out/);
  await button(page, "Dismiss").tap();
  await page.getByText(/frames were left out/).waitFor({ state: "detached" });
});

endsWithoutFaults();
