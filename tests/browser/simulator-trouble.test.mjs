// The simulator's page where something is not as it should be: streams that others have, recordings that are broken, a full list, two people
// at once, names that are somebody else's.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { openBrowser, startNats, startSimulator, stopAll, until } from "./support.mjs";

let simulator, recordings, context, page;

const button = (name, of = page) => of.getByRole("button", { name, exact: true });
const field = (name, of = page) => of.getByRole("textbox", { name, exact: true });
const tape = (name, of = page) => of.locator(`[data-recording="${name}"]`);
const api = async (path, init) => (await fetch(`http://${simulator.address}${path}`, init)).json();
const post = (path, body) => api(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

before(async () => {
  recordings = await mkdtemp(`${tmpdir()}/grouploop-recordings-`);
  simulator = await startSimulator(await startNats(), {
    recordings, settings: { GROUPLOOP_SIMULATOR__MAX_STREAMS: "1", GROUPLOOP_SIMULATOR__MAX_RECORDINGS: "3", GROUPLOOP_SIMULATOR__MAX_FRAMES_PER_SECOND: "3000" },
  });
  context = await openBrowser({ viewport: { width: 1280, height: 860 } });
  page = await context.newPage();
  await page.goto(`http://${simulator.address}/`);
});

after(async () => {
  await stopAll();
  await rm(recordings, { recursive: true, force: true });
});

test("a floor without pictures says why, and a page that is hidden leaves its streams to others", async () => {
  await button("Start 50 devices").click();
  await page.locator('[data-drawn="50"]').waitFor();
  const other = await context.newPage();
  await other.goto(`http://${simulator.address}/`);
  await other.getByText("No pictures come of swarm-1: perhaps as many are looked at").waitFor();
  const hide = isHidden => page.evaluate(isHidden => {
    Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);
  await hide(true);
  await other.locator('[data-drawn="50"]').waitFor();
  await other.close();
  await until("its stream is free", async () => (await api("/health")).streams === 0);
  await hide(false);
  await page.locator('[data-drawn="50"]').waitFor();
});

test("what is wrong with a new swarm is said at each field, and the keys go to the first", async () => {
  await page.getByText("A new swarm", { exact: true }).click();
  await field("Name").fill("Bad Name!");
  await field("Space").fill("No Way");
  await button("Start the swarm").click();
  const said = name => page.locator(".field", { has: page.getByLabel(name, { exact: true }) }).locator(".wrong");
  await said("Name").filter({ hasText: 'It is "Bad Name!", it must be 1 to 32 of a-z, 0-9 and -.' }).waitFor();
  await said("Space").filter({ hasText: 'It is "No Way", it must be 1 to 32 of a-z, 0-9 and -.' }).waitFor();
  await page.waitForFunction(() => document.activeElement?.value === "Bad Name!");
  await field("Name").fill("");
  await field("Space").fill("");
  await page.getByText("A new swarm", { exact: true }).click();
});

test("two people who record the same at once: the second hears of the first, and keeps what was typed", async () => {
  const other = await context.newPage();
  await other.goto(`http://${simulator.address}/`);
  for (const one of [page, other]) {
    await one.getByText("Record a space").click();
    await field("Name of the recording", one).fill("night");
  }
  await button("Record").click();
  await tape("night").getByText(/recording main/).waitFor();
  await button("Record", other).click();
  await other.getByText("The space main is being recorded already, as night.").waitFor();
  await other.getByRole("combobox", { name: "Space to record" }).fill("lab");
  await button("Record", other).click();
  await other.getByText("There is a recording night already, and it is not overwritten").waitFor();
  assert.equal(await field("Name of the recording", other).inputValue(), "night");
  await tape("night", other).getByText(/recording main for .* of 50 devices/).waitFor();
  await button("Stop recording night", other).click();
  await tape("night").getByText(/ of main · /).waitFor();
  await other.close();
});

test("what is typed while a recording begins is for the next one", async () => {
  let begin;
  const begun = new Promise(resolve => (begin = resolve));
  await page.route("**/api/recordings", async route => {
    if (route.request().method() === "POST") await begun;
    await route.continue();
  });
  await field("Name of the recording").fill("dusk");
  await button("Record").click();
  await field("Minutes at most").fill("3");
  await field("Name of the recording").fill("dawn");
  begin();
  await tape("dusk").getByText(/recording main/).waitFor();
  await page.unroute("**/api/recordings");
  assert.deepEqual([await field("Name of the recording").inputValue(), await field("Minutes at most").inputValue()], ["dawn", "3"]);
  await button("Stop recording dusk").click();
  await tape("dusk").getByText(/ of main · /).waitFor();
  await button("Delete dusk").click();
  await button("Really delete dusk").click();
  await tape("dusk").waitFor({ state: "detached" });
});

test("a recording that is cut is played up to there, and what is none can only be deleted", async () => {
  await truncate(`${recordings}/night.glrec`, 200);
  await writeFile(`${recordings}/constructor.glrec`, "no recording");
  await tape("night").getByText(/It is cut short at byte \d+, and played up to there\./).waitFor();
  await tape("constructor").getByText("This is no recording").waitFor();
  assert.equal(await tape("constructor").getByRole("alert").count(), 0, "nothing is said of a name that every object has");
  assert.equal(await button("Play … constructor").count(), 0);
  await button("Play … night").click();
  await page.getByRole("form", { name: "Play night" }).getByRole("button", { name: "Play" }).click();
  await page.locator("[data-replay]").getByText("played to its end").waitFor();
  await page.locator("[data-replay]").getByText(/The recording is cut short at byte \d+, and was played up to there\./).waitFor();
  await button("Forget the replay of night into main").click();
  await button("Delete constructor").click();
  await button("Really delete constructor").click();
  await tape("constructor").waitFor({ state: "detached" });
  assert.deepEqual(await readdir(recordings), ["night.glrec"]);
  await button("Delete night").click();
  await button("Really delete night").click();
  await tape("night").waitFor({ state: "detached" });
});

test("a replay that would be too much is refused where it was asked for, and the form stays", async () => {
  await post("/api/recordings", { name: "fast" });
  await until("there are some frames", async () => (await api("/api/recordings/fast")).frames > 500);
  await api("/api/recordings/fast/stop", { method: "POST" });
  await button("Play … fast").click();
  await field("Into the space").fill("lab");
  await page.getByRole("combobox", { name: "Speed" }).selectOption("10");
  await page.getByRole("checkbox", { name: "Again and again" }).check();
  const form = page.getByRole("form", { name: "Play fast" });
  await form.getByRole("button", { name: "Play" }).click();
  await tape("fast").getByText(/simulator.max_frames_per_second allows 2000 are left: play it slower/).waitFor();
  assert.equal(await field("Into the space").inputValue(), "lab");
  await page.getByRole("combobox", { name: "Speed" }).selectOption("1");
  await form.getByRole("button", { name: "Play" }).click();
  await page.locator("[data-replay]").getByText(/playing into lab/).waitFor();
  await form.waitFor({ state: "detached" });
});

test("a swarm of one's own that is called as one of a scenario is none of it", async () => {
  await post("/api/swarms", { name: "makers", devices: 3 });
  await page.locator('[data-swarm="makers"]').waitFor();
  await button("Start workshop").click();
  await page.getByText(/There is a swarm `makers` already/).waitFor();
  assert.equal((await api("/api/swarms/makers")).devices, 3);
});

test("a swarm that somebody else stops while its number is written: that is said, and it can be had again as it was to be", async () => {
  await post("/api/swarms", { name: "shared", devices: 3 });
  const card = page.locator('[data-swarm="shared"]');
  await card.waitFor();
  await card.locator(".swarm-name").click();
  const number = card.getByRole("textbox", { name: "Devices", exact: true });
  await number.fill("12");
  const response = await fetch(`http://${simulator.address}/api/swarms/shared`, { method: "DELETE" });
  assert.ok(response.ok, `${response.status}`);
  await page.getByText("Somebody else stopped shared. Started again, it is as set here.").waitFor();
  await card.waitFor({ state: "detached" });
  await button("Start it again").click();
  await card.waitFor();
  await until("it has what was written", async () => (await api("/api/swarms/shared")).devices === 12);
  await page.getByText("Somebody else stopped shared.").waitFor({ state: "detached" });
  // What one stops oneself is nobody else's doing.
  await card.getByRole("button", { name: /^Stop/ }).click();
  await card.waitFor({ state: "detached" });
  assert.equal(await page.getByText(/^Somebody else stopped/).count(), 0);
});
