// The libraries in pages of another origin than the CDN's: an app with plain script tags as people have them, the module, and every page of
// docs/libraries.md, p5 sketches among them; all on a real edge, with a page that is a device. In the end the edge restarts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { openBrowser, root, servePages, startCdn, startEdge, startNats, stopAll } from "./support.mjs";
import { endsWithoutFaults, watched } from "./watched.mjs";

const pages = {};
let nats, edge, cdn, server, context;

/** Sends `window.reading` 20 times a second and lists the commands that it gets. */
const devicePage = () => `<!doctype html><title>device</title><script type="module">
  import { connectDevice, newReading } from "${cdn}/js/grouploop.js";
  const device = connectDevice("ws://${edge.address}/");
  window.reading = { ...newReading(), id: 0x1a2b, ax: 255, ay: 128, az: 0, dNE: 255 };
  window.commands = [];
  device.on("command", ({ command, parameters }) => commands.push(command + ":" + parameters));
  setInterval(() => device.send(reading), 50);
</script>`;

/** An app as people have it: two script tags, a subclass, callbacks that are set before connect(), which nobody awaits. */
const classicPage = () => `<!doctype html><title>classic</title>
<script src="${cdn}/js/HitloopDevice.js"></script>
<script src="${cdn}/js/HitloopDeviceManager.js"></script>
<script>
  class Lamp extends HitloopDevice { get isUp() { return this.ax > 200; } }
  const calls = [];
  const manager = new HitloopDeviceManager("ws://${edge.address}/");
  manager.onConnect = () => calls.push("connect");
  manager.onDisconnect = () => calls.push("disconnect");
  manager.onServerMessage = line => calls.push(line);
  manager.onDeviceUpdate = id => calls.push("device " + id);
  manager.connect();
</script>`;

const modulePage = () => `<!doctype html><title>module</title><script type="module">
  import { connect } from "${cdn}/js/grouploop.js";
  window.hub = connect("ws://${edge.address}/");
  window.seen = [];
  for (const event of ["state", "problem"]) hub.on(event, text => seen.push(event + " " + text));
  for (const event of ["join", "leave"]) hub.on(event, ({ id }) => seen.push(event + " " + id));
</script>`;

/** The pages of the documentation, by their titles, with the addresses of this test. */
async function documented() {
  const text = await readFile(`${root}docs/libraries.md`, "utf8");
  const found = [...text.matchAll(/^```html\n(.*?)^```$/gms)].map(([, page]) => [
    page.match(/<title>(.*)<\/title>/)[1],
    page.replaceAll("http://localhost:5008", cdn).replaceAll("ws://localhost:5003/", `ws://${edge.address}/`),
  ]);
  return Object.fromEntries(found);
}

/** Opens a page. */
async function open(url) {
  const page = watched(await context.newPage());
  await page.goto(url);
  return page;
}

/** A page as somebody has saved it. */
async function saved(name, body) {
  await mkdir(`${root}tests/browser/out`, { recursive: true });
  await writeFile(`${root}tests/browser/out/${name}`, body);
  return pathToFileURL(`${root}tests/browser/out/${name}`).href;
}

/** Waits until the device has got a command. */
const got = command => pages.device.waitForFunction(command => window.commands.includes(command), command);

/** Changes what the device sends. */
const turn = values => pages.device.evaluate(values => void Object.assign(window.reading, values), values);

before(async () => {
  nats = await startNats();
  const [anEdge, aCdn] = await Promise.all([startEdge(nats), startCdn("a-token-for-the-tests")]);
  [edge, cdn] = [anEdge, `http://${aCdn.address}`];
  const bodies = { device: devicePage(), classic: classicPage(), module: modulePage() };
  const served = Object.entries(bodies).map(([name, body]) => [`${name}.html`, { body }]);
  [context, server] = await Promise.all([openBrowser(), servePages(Object.fromEntries(served))]);
  // What the hub's /config.js says, for the pages that name no edge.
  await context.addInitScript(url => void (window.APP_CONFIG = { wsDefaultUrl: url }), `ws://${edge.address}/`);
  for (const name of ["device", "classic", "module"]) pages[name] = await open(`${server}${name}.html`);
  // From files, as the documentation says.
  const documents = Object.entries(await documented());
  for (const [index, [title, body]] of documents.entries()) pages[title] = await open(await saved(`app-${index}.html`, body));
});

after(stopAll);

test("plain script tags: an app sees devices and commands them", async () => {
  const { classic } = pages;
  await classic.waitForFunction(() => manager.getDevice("1a2b")?.dNE === 255);
  assert.deepEqual(await classic.evaluate(() => calls), [
    "connect", "Connected to GroupLoop WebSocket server", "stream:on", "device 1a2b",
  ]);
  // The registry is not where the page is from, so it came from where the script is from.
  assert.deepEqual(await classic.evaluate(() => [manager.isValidCommand("led"), manager.ws instanceof WebSocket]), [true, true]);
  assert.deepEqual(await classic.evaluate(() => {
    const lamp = new Lamp("1a2b");
    manager.addDevice(lamp);
    return [lamp instanceof window.HitloopDevice, manager.sendCommandToDevice("1a2b", "led", "blue"), lamp.color];
  }), [true, true, [0, 0, 255]]);
  await got("led:0000ff");
  assert.equal(await classic.evaluate(() => manager.sendCommandToAll("reset")), 1);
  await got("reset:");
  await classic.waitForFunction(() => manager.getDevice("1a2b").isUp);
});

test("the module: events, a loop, answers", async () => {
  const { module } = pages;
  await module.waitForFunction(() => hub.state === "live" && hub.devices.has("1a2b"));
  assert.equal((await module.evaluate(() => seen)).filter(line => line === "join 1a2b").length, 1);
  const found = await module.evaluate(async () => {
    await hub.registry;
    const answers = await Promise.all([
      hub.commands.led("1a2b", "red"), hub.send("all", "brightness", 40), hub.send("beef", "status"),
      hub.commands.led("1a2b", "mauve"),
    ]);
    for await (const { id, ax, tap } of hub) return { answers: answers.map(({ answer }) => answer), device: { id, ax, tap } };
  });
  assert.deepEqual(found, {
    answers: ["result:success", "result:sent_to_1_devices", "result:failed", "error:invalid_parameter"],
    device: { id: "1a2b", ax: 255, tap: false },
  });
  await got("led:ff0000");
  await got("brightness:40");
});

test("the documentation's sketches draw devices where they are, and a tap is one tap", async () => {
  const [module, plain] = [pages["A first sketch"], pages["A sketch in a plain script"]];
  const colorAt = (page, [x, y], color) =>
    page.waitForFunction(([x, y, color]) => get(x * (width - 20) + 10, y * (height - 20) + 10).join() === color, [x, y, color]);
  const [white, orange, dark] = ["255,255,255,255", "255,165,0,255", "20,20,20,255"];
  // A single near beacon, in the north-east, and then in the south-west.
  for (const page of [module, plain]) {
    await colorAt(page, [1, 0], white);
    await colorAt(page, [0, 1], dark);
  }
  await turn({ dNE: 0, dSW: 255, tap: true });
  await colorAt(module, [0, 1], orange);
  await colorAt(plain, [0, 1], white);
  // Many frames and many pictures later it is still the one tap, and one command; those for a device arrive in their order.
  const frames = await pages.module.evaluate(() => hub.devices.get("1a2b").frames);
  await pages.module.waitForFunction(frames => hub.devices.get("1a2b").frames > frames + 10, frames);
  assert.equal(await pages.module.evaluate(async () => (await hub.commands.pattern("1a2b", "off")).answer), "result:success");
  await got("pattern:off");
  assert.equal(await pages.device.evaluate(() => commands.filter(command => command === "led:ff8000").length), 1);
  await turn({ tap: false, dSW: 0, dNE: 255 });
  await colorAt(module, [1, 0], white);
});

test("the documentation's other pages show devices and command them", async () => {
  await pages["With script tags"].getByText("1a2b 255 false").waitFor();
  await got("led:00ff00");
  const page = pages["Who is there"];
  await page.getByText("1a2b 2.00 g").waitFor();
  await page.getByText("live").waitFor();
  await page.getByRole("button").click();
  await page.getByText("Written to 1 device.").waitFor();
});

test("all of them come back when the edge does", async () => {
  const { classic, module } = pages;
  await edge.kill();
  await classic.waitForFunction(() => calls.includes("disconnect"));
  await module.waitForFunction(() => hub.state === "disconnected");
  edge = await startEdge(nats, edge.address);
  await module.waitForFunction(() => hub.state === "live");
  await classic.waitForFunction(() => calls.filter(call => call === "connect").length === 2);
  await turn({ ax: 128 });
  await pages["With script tags"].getByText("1a2b 128 false").waitFor();
  await pages["Who is there"].getByText("1a2b 0.01 g").waitFor();
  await classic.waitForFunction(() => manager.getDevice("1a2b")?.ax === 128 && manager.sendCommandToAll("vibrate", 300) === 1);
  await got("vibrate:300");
  const answer = await module.evaluate(async () => (await hub.commands.vibrate("all", 100)).answer);
  assert.equal(answer, "result:sent_to_1_devices");
});

endsWithoutFaults();
