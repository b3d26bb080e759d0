// Device control by several people, or by one who opens this and that: what somebody wrote stays what it was, and the panic key is everybody's.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  all, answer, begin, button, cdn, context, count, ids, open, page, pick, scene, seen, send, state, stop, swarm, until, untilLit, usual,
} from "./control-stage.mjs";
import { stopAll } from "./support.mjs";
import { endsWithoutFaults, look } from "./watched.mjs";

const kept = path => `http://${cdn.address}/api/spaces/main/${path}`;
const written = async id => (await (await fetch(kept(`scenes/${id}`))).json()).steps.map(({ command, parameters }) => [command, ...parameters].join(":"));
const tagOf = async path => (await fetch(kept(path))).headers.get("ETag");

/** Writes over what the space has, as somebody else would. */
async function write(path, document) {
  const headers = { "Content-Type": "application/json", "If-Match": await tagOf(path) };
  const response = await fetch(kept(path), { method: "PUT", headers, body: JSON.stringify(document) });
  assert.ok(response.ok, await response.text());
}

const step = (command, ...parameters) => ({ target: "all", command, parameters });
const dialogOf = page => page.getByRole("dialog");

before(async () => {
  await begin();
  await swarm({ name: "few", first_id: "0a00", devices: 20, motion: "rest" });
  await count(page, 20);
  await state(page, "live");
});

after(stopAll);

test("a step that was opened and left is not changed by what is written for another scene", async () => {
  await scene("one", "One", [step("led", "ff0000"), step("brightness", 200)]);
  await scene("two", "Two", [step("led", "0000ff")]);
  const dialog = dialogOf(page);
  await button(page, "Change One").click();
  await button(dialog, "Change step 2").click();
  await page.keyboard.press("Escape");
  await button(page, "Change Two").click();
  await dialog.getByRole("combobox", { name: "Command" }).selectOption("vibrate");
  await dialog.getByLabel("Duration", { exact: false }).fill("5000");
  await button(dialog, "Add the step").click();
  await button(dialog, "Keep").click();
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(await written("two"), ["led:0000ff", "vibrate:5000"]);
  await button(page, "Change One").click();
  await dialog.getByRole("heading", { name: "A further step" }).waitFor();
  await dialog.getByLabel("Name", { exact: true }).fill("One!");
  await button(dialog, "Keep").click();
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(await written("one"), ["led:ff0000", "brightness:200"]);
});

test("who takes what somebody else made of a scene keeps their steps", async () => {
  await scene("ours", "Ours", [step("led", "ff0000"), step("brightness", 200), step("pattern", "cycle")]);
  const dialog = dialogOf(page);
  await button(page, "Change Ours").click();
  await button(dialog, "Change step 2").click();
  await write("scenes/ours", { title: "Ours", steps: [step("brightness", 9), step("pattern", "cycle")] });
  await button(dialog, "Take theirs").click();
  await dialog.getByText("brightness:9").waitFor();
  await dialog.getByRole("heading", { name: "A further step" }).waitFor();
  await button(dialog, "Keep").click();
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(await written("ours"), ["brightness:9", "pattern:cycle"]);
});

test("who keeps theirs over what somebody else made of a scene keeps the step that is open too", async () => {
  await scene("mine", "Mine", [step("led", "ff0000"), step("vibrate", 100)]);
  const dialog = dialogOf(page);
  await button(page, "Change Mine").click();
  await button(dialog, "Change step 2").click();
  await dialog.getByLabel("Duration", { exact: false }).fill("4321");
  await write("scenes/mine", { title: "Mine", steps: [step("led", "00ff00")] });
  await button(dialog, "Keep mine").click();
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(await written("mine"), ["led:ff0000", "vibrate:4321"]);
});

test("each tab has its own way back, also after a reload", async () => {
  await count(page, 20);
  await scene("red", "Red", [step("led", "ff0000")]);
  await scene("blue", "Blue", [step("led", "0000ff")]);
  await button(page, "Apply Red").click();
  await answer(page, "scene Red");
  await button(page, "Undo “Red”").waitFor();
  const other = await open(context);
  await count(other, 20);
  await button(other, "Apply Blue").click();
  await answer(other, "scene Blue");
  await button(other, "Undo “Blue”").waitFor();
  await page.reload();
  await button(page, "Undo “Red”").waitFor();
  await other.close();
});

test("a step that is written and not added is asked about before the scene is kept", async () => {
  const dialog = dialogOf(page);
  await button(page, "Change Two").click();
  await dialog.getByRole("combobox", { name: "Command" }).selectOption("vibrate");
  await dialog.getByLabel("Duration", { exact: false }).fill("700");
  await button(dialog, "Keep").click();
  await dialog.getByText("This step is not in the scene").waitFor();
  await look(page, "a step that was not added");
  // To open another would take what is written here away.
  await button(dialog, "Change step 1").click();
  assert.equal(await dialog.getByRole("combobox", { name: "Command" }).inputValue(), "led");
  await button(dialog, "Leave it as it was").click();
  await dialog.getByRole("combobox", { name: "Command" }).selectOption("vibrate");
  await dialog.getByLabel("Duration", { exact: false }).fill("700");
  await button(dialog, "Change step 1").click();
  await dialog.getByText("This step is not in the scene").waitFor();
  await button(dialog, "Add the step").click();
  await dialog.getByText("This step is not in the scene").waitFor({ state: "hidden" });
  await button(dialog, "Keep").click();
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(await written("two"), ["led:0000ff", "vibrate:5000", "vibrate:700"]);
});

test("a window begins at its heading, and its steps keep the keys", async () => {
  await scene("keys", "Keys", [step("led", "ff0000"), step("led", "00ff00"), step("led", "0000ff")]);
  const dialog = dialogOf(page);
  const focused = () => page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent);
  await button(page, "Change Keys").focus();
  await page.keyboard.press("Enter");
  await dialog.getByRole("heading", { name: "Change the scene" }).waitFor();
  // Whoever presses Enter once too often darkens nothing.
  await page.waitForFunction(() => document.activeElement?.tagName === "H2");
  await page.keyboard.press("Enter");
  await button(dialog, "Step 3 earlier").focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.ariaLabel === "Step 2 earlier");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.ariaLabel === "Step 1 later");
  await button(dialog, "Remove step 3").click();
  await page.waitForFunction(() => document.activeElement?.textContent === "Remove step 2");
  assert.equal(await focused(), "Remove step 2");
  assert.equal(await page.getByText(/^Dark: /).count(), 0);
  // A colour that is picked by a swatch is written, too.
  await dialog.getByRole("combobox", { name: "Command" }).selectOption("led");
  await dialog.locator(".swatch").last().click();
  await button(dialog, "Keep").click();
  await dialog.getByText("This step is not in the scene").waitFor();
  await button(dialog, "Discard").click();
  await dialog.waitFor({ state: "hidden" });
});

test("what others deleted while it was changed here is found again, and made again", async () => {
  const dialog = dialogOf(page);
  await button(page, "Change Ours").click();
  await dialog.getByLabel("Name", { exact: true }).fill("Ours and mine");
  const removed = await fetch(kept("scenes/ours"), { method: "DELETE", headers: { "If-Match": await tagOf("scenes/ours") } });
  assert.ok(removed.ok);
  await dialog.getByText("Somebody else deleted it meanwhile.").waitFor();
  await page.keyboard.press("Escape");
  await page.reload();
  await page.getByText("deleted by somebody else; what you changed is still here").waitFor();
  await look(page, "deleted by somebody else");
  await button(page, "Look at Ours").click();
  assert.equal(await dialog.getByLabel("Name", { exact: true }).inputValue(), "Ours and mine");
  await button(dialog, "Make it again").click();
  await button(page, "Apply Ours and mine").waitFor();
});

test("a scene that is applied twice is undone to what was before the first time", async () => {
  await count(page, 20);
  await scene("sea", "Sea", [step("led", "0000ff"), step("led_set", 0, "ffffff"), step("brightness", 255)]);
  const sea = ["ffffff", ...Array(5).fill("0000ff")];
  await pick(page, "0a00-0a13", 20);
  await usual(page, "Colour");
  await page.getByLabel("Color", { exact: true }).fill("ff0000");
  await send(page);
  await untilLit(ids(0x0a00, 20), all("ff0000"));
  await button(page, "Apply Sea").dblclick();
  await untilLit(ids(0x0a00, 20), sea);
  await answer(page, "Sent to 20 devices.");
  await button(page, "Apply Sea").click();
  await page.getByRole("log").locator("li").filter({ hasText: "scene Sea" }).nth(1).waitFor();
  await answer(page, "Sent to 20 devices.");
  await button(page, "Undo “Sea”").click();
  await untilLit(ids(0x0a00, 20), all("ff0000"));
});

test("what there is nothing to do for is said, and is no failure", async () => {
  await scene("spring", "Spring", [step("spring_param", "32140a")]);
  await button(page, "Apply Spring").click();
  await answer(page, "Sent to 20 devices.");
  await button(page, "Undo “Spring”").click();
  await answer(page, "Nothing was sent. 20 devices keep their brightness or spring, because what it was is not known.");
  await button(page, "Undo “Spring”").waitFor({ state: "hidden" });
  const group = { title: "Nobody here", devices: [] };
  const made = await fetch(kept("groups/nobody"), { method: "PUT", headers: { "Content-Type": "application/json", "If-None-Match": "*" }, body: JSON.stringify(group) });
  assert.ok(made.ok, await made.text());
  await scene("void", "Void", [{ target: { group: "nobody" }, command: "led", parameters: ["ff0000"] }]);
  await button(page, "Apply Void").click();
  await answer(page, "Nobody is in Nobody here. Nothing was sent.", false);
});

test("a group says how many of it are there, as they come and go", async () => {
  const group = { title: "Late", devices: ids(0x0b00, 4) };
  const made = await fetch(kept("groups/late"), { method: "PUT", headers: { "Content-Type": "application/json", "If-None-Match": "*" }, body: JSON.stringify(group) });
  assert.ok(made.ok, await made.text());
  const entry = page.locator(".kept-entry").filter({ hasText: "Late" });
  await entry.filter({ hasText: "0 of 4 there" }).waitFor();
  await swarm({ name: "late", first_id: "0b00", devices: 4, motion: "rest" });
  await count(page, 24);
  await entry.filter({ hasText: "Late 4" }).waitFor();
  await stop("late");
  await entry.filter({ hasText: "0 of 4 there" }).waitFor();
});

test("the panic key stops what others are sending, and they are told", async () => {
  const other = await open(context);
  await button(other, "All dark").waitFor();
  await count(other, 20);
  const colours = ["ff0000", "00ff00", "0000ff", "ffff00"];
  await scene("show", "Show", Array.from({ length: 250 }, (_, at) => step("led", colours[at % 4])));
  // Each command takes its time, as on a slow network.
  await page.route("**/commands", async route => {
    await new Promise(resolve => setTimeout(resolve, 50));
    // By then the page may have given it up.
    await route.continue().catch(() => {});
  });
  await button(page, "Apply Show").click();
  await until(devices => devices.some(({ wearable }) => ["00ff00", "ffff00"].includes(wearable.leds[0])));
  await button(other, "All dark").click();
  await page.getByText("Somebody pressed All dark. What this page was sending has stopped.").waitFor();
  await look(page, "somebody pressed All dark");
  await other.getByText("Dark: 20 devices.").waitFor();
  const line = page.getByRole("log").locator("li").first();
  await line.filter({ hasNotText: "on its way" }).waitFor();
  assert.equal(await line.getAttribute("data-ok"), "false");
  await page.unroute("**/commands");
  await untilLit(ids(0x0a00, 20), all("000000"));
  // Who pressed it is not told that somebody did.
  assert.equal(await other.getByText("Somebody pressed All dark").count(), 0);
  await other.close();
});

test("the panic key of a space stops what a page that has left it still sends there", async () => {
  const other = await open(context);
  await count(other, 20);
  await page.route("**/commands", async route => {
    await new Promise(resolve => setTimeout(resolve, 50));
    // By then the page may have given it up.
    await route.continue().catch(() => {});
  });
  await button(page, "Apply Show").click();
  await page.getByLabel("Space", { exact: true }).fill("blue");
  const listens = page.waitForResponse(response => response.url().endsWith("/api/spaces/main/events"));
  await button(page, "Connect").click();
  await listens;
  await button(other, "All dark").click();
  await page.getByText("Somebody pressed All dark in main. What this page was sending there has stopped.").waitFor();
  await other.getByText("Dark: 20 devices.").waitFor();
  await page.unroute("**/commands");
  await untilLit(ids(0x0a00, 20), all("000000"));
  await page.getByLabel("Space", { exact: true }).fill("");
  await button(page, "Connect").click();
  await count(page, 20);
  await other.close();
});

test("one long word makes no page wide", async () => {
  await scene("long", "W".repeat(64), [step("led", "ff0000")]);
  await button(page, `Apply ${"W".repeat(64)}`).click();
  await answer(page, "Sent to 20 devices.");
  await page.getByLabel("Ids", { exact: true }).fill("1a2b".repeat(500));
  await button(page, "Pick these").click();
  await page.getByText("1a2b1a2b1a2b1a2b1a2b1a2b…: no ids.").waitFor();
  await page.setViewportSize({ width: 360, height: 740 });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  assert.ok((await seen()).length > 0);
  await page.setViewportSize({ width: 1280, height: 1000 });
});

endsWithoutFaults();
