// `grouploop up --tls` as a workshop has it: everything in one process, each port with HTTP and HTTPS, a certificate that was made on the
// spot, and a page that finds everything else from its own address.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, startUp, stopAll } from "./support.mjs";
import { endsWithoutFaults, watched } from "./watched.mjs";

let up, context;

async function open(url) {
  const page = watched(await context.newPage());
  await page.goto(url);
  return page;
}

const live = page => page.locator('.live[data-state="live"]').waitFor();

before(async () => {
  up = await startUp();
  // A person says so in the warning of the browser.
  context = await openBrowser({ ignoreHTTPSErrors: true });
});

after(stopAll);

test("a secure dashboard has secure neighbours, and everything works on it", async () => {
  const page = await open(`https://${up.dashboard}/`);
  // A browser that has let the certificate of this port pass, and not yet that of the simulator's, as Firefox and Safari have it.
  await page.route(`https://${up.simulator}/**`, route => route.abort());
  await page.getByRole("button", { name: "Start 24 simulated devices" }).click();
  await page.getByText("this browser must be told once").waitFor();
  assert.equal(await page.getByRole("link", { name: `https://${up.simulator}/` }).count(), 1);
  await page.unroute(`https://${up.simulator}/**`);
  const config = await page.evaluate(() => window.APP_CONFIG);
  const port = address => address.split(":")[1];
  assert.deepEqual([config.wsDefaultUrl, config.cdnBaseUrl, config.simulatorBaseUrl, config.emulatorUrl], [
    `wss://127.0.0.1:${port(up.edge)}`, `https://127.0.0.1:${port(up.cdn)}`, `https://127.0.0.1:${port(up.simulator)}`, `https://127.0.0.1:${port(up.emulator)}/`,
  ]);
  await page.getByRole("button", { name: "Start 24 simulated devices" }).click();
  await live(page);
  await page.locator('[data-count="24"]').waitFor();
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("log").getByText("sent to 24 devices").waitFor();
});

test("a phone's page is secure, and its device is on the dashboard of a plain one", async () => {
  const phone = await open(`https://${up.emulator}/`);
  assert.equal(await phone.evaluate(() => isSecureContext && location.protocol), "https:");
  await live(phone);
  const plain = await open(`http://${up.dashboard}/`);
  assert.match(await plain.evaluate(() => window.APP_CONFIG.wsDefaultUrl), /^ws:/);
  await plain.locator('[data-count="25"]').waitFor();
});

test("an app of old finds libraries, registry and configuration on the hub", async () => {
  const page = await open(`https://${up.dashboard}/`);
  for (const path of ["/static/commands.json", "/static/vendor/js/p5.min.js", "/static/vendor/js/HitloopDeviceManager.js", "/firmware/manifest.json", "/config.js"]) {
    assert.equal(await page.evaluate(async path => (await fetch(path)).status, path), 200, path);
  }
});

endsWithoutFaults();
