// Device control when something is in a hurry or away: the panic key, an edge or the CDN that goes in the middle, a reload, another scene.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  all, answer, begin, button, cdn, context, count, edge, floor, ids, out, page, pick, picked, restartCdn, restartEdge, scene, seen, send,
  state, swarm, ui, until, untilLit, usual,
} from "./control-stage.mjs";
import { stopAll } from "./support.mjs";
import { endsWithoutFaults, look } from "./watched.mjs";

before(async () => {
  await begin();
  await swarm({ name: "few", first_id: "0a00", devices: 30, motion: "rest" });
  await count(page, 30);
  await state(page, "live");
  await scene("sea", "Sea", [{ target: ids(0x0a00, 10), command: "led", parameters: ["0000ff"] }]);
});

after(stopAll);

test("the panic key darkens everything: its button, and Escape when it is held, wherever the keys are", async () => {
  await pick(page, "0a00-0a1d", 30);
  const light = async () => {
    await usual(page, "Colour");
    await page.getByLabel("Color", { exact: true }).fill("white");
    await send(page);
    await untilLit(ids(0x0a00, 30), all("ffffff"));
  };
  const dark = () => untilLit(ids(0x0a00, 30), all("000000"));
  await light();
  await button(page, "All dark").click();
  await page.getByText("Dark: 30 devices.").waitFor();
  await dark();
  await button(page, "Dismiss").click();

  await light();
  await page.getByLabel("New scene").fill("half a nam");
  await page.keyboard.down("Escape");
  await page.getByText("Dark: 30 devices.").waitFor();
  await page.keyboard.up("Escape");
  await dark();
  assert.equal(await page.getByLabel("New scene").inputValue(), "half a nam");
  await button(page, "Dismiss").click();

  await light();
  await floor(page).focus();
  await page.keyboard.down("Escape");
  await page.getByText("Dark: 30 devices.").waitFor();
  await page.keyboard.down("Escape"); // as a key does that is still held
  await page.keyboard.up("Escape");
  await picked(page, 30);
  await dark();
  await button(page, "Dismiss").click();

  await light();
  await button(page, "Change Sea").click();
  await page.getByRole("dialog").getByRole("button", { name: "All dark" }).click();
  await dark();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  // A short press darkens nothing.
  await light();
  await page.keyboard.press("Escape");
  await usual(page, "Brightness");
  await send(page);
  await answer(page, "brightness");
  assert.ok((await seen()).every(({ wearable }) => wearable.leds[0] !== "000000"));
});

test("an edge that goes in the middle of a batch: what was done is said, nothing is lost, and it is done again when it is back", async () => {
  await pick(page, "0a00-0a09", 10);
  await usual(page, "Colour");
  await page.getByLabel("Color", { exact: true }).fill("magenta");
  const held = Promise.withResolvers?.() ?? (() => { let resolve; const promise = new Promise(done => (resolve = done)); return { promise, resolve }; })();
  await page.route("**/commands", async route => {
    held.resolve();
    await edge.kill();
    await route.continue().catch(() => {});
  }, { times: 1 });
  await send(page);
  await held.promise;
  await answer(page, "went away before it had answered. Of 10 it is not known whether it arrived.", false);
  await state(page, "disconnected");
  await picked(page, 10);
  assert.equal(await page.getByLabel("Color", { exact: true }).inputValue(), "magenta");
  await send(page);
  await answer(page, "Not sent: there is no connection.", false);
  await button(page, "All dark").click();
  await page.getByText("Not dark: there is no connection, and the server does not answer.").waitFor();
  await look(page, "no edge");
  await button(page, "Dismiss").first().click();
  await restartEdge();
  await state(page, "live");
  await count(page, 30);
  await page.getByRole("log").locator("li").first().getByRole("button", { name: "Try those again" }).click();
  await answer(page, "Written to all 10.");
  await until(devices => devices.filter(({ wearable }) => wearable.color === "ff00ff").length === 10);
});

/** Holds the request for a command number `at` of those that come now, until it is let go. */
async function hold(at) {
  const asked = [];
  let come, go;
  const held = new Promise(resolve => (come = resolve)), free = new Promise(resolve => (go = resolve));
  const handler = async route => {
    asked.push(route.request().url());
    if (asked.length === at) {
      come();
      await free;
    }
    await route.continue().catch(() => {});
  };
  await page.route("**/commands", handler);
  return { asked, held, go, end: () => page.unroute("**/commands", handler) };
}

test("the panic key while a batch is under way: what had not gone does not go, and everything is dark", async () => {
  await pick(page, "0a00-0a1d", 30);
  await usual(page, "Brightness");
  await page.getByLabel("Level", { exact: true }).fill("255");
  await send(page);
  await usual(page, "Colour");
  await page.getByLabel("Color", { exact: true }).fill("white");
  await send(page);
  await untilLit(ids(0x0a00, 30), all("ffffff"));
  const batch = await hold(1);
  await page.getByLabel("Color", { exact: true }).fill("red");
  await send(page);
  await batch.held;
  await page.getByLabel("Color", { exact: true }).fill("blue");
  await send(page);
  await button(page, "All dark").click();
  await page.getByText("Dark: 30 devices.").waitFor();
  const lines = page.getByRole("log").locator('li[data-ok="false"]');
  await lines.nth(0).filter({ hasText: "It was stopped before it began." }).waitFor();
  await lines.nth(1).filter({ hasText: "It was stopped. Of 30 it is not known whether it arrived." }).waitFor();
  batch.go();
  await untilLit(ids(0x0a00, 30), all("000000"));
  assert.equal(batch.asked.length, 1);
  await batch.end();
  await button(page, "Dismiss").first().click();
});

test("a scene that is broken off by an edge that goes: how far it came is said, the rest is done later, and all of it is undone", async () => {
  await scene("broken", "Broken", [
    { target: ids(0x0a00, 10), command: "led", parameters: ["ff0000"] },
    { target: ids(0x0a05, 10), command: "led", parameters: ["00ff00"] },
    { target: ids(0x0a0a, 10), command: "led", parameters: ["0000ff"] },
  ]);
  const middle = await hold(2);
  await button(page, "Apply Broken").click();
  await middle.held;
  await edge.kill();
  middle.go();
  await answer(page, "1 of 3 commands had gone out before. Of 10 it is not known whether it arrived.", false);
  await answer(page, "Written to 5 of 20.", false);
  assert.equal(middle.asked.length, 2);
  await middle.end();
  await button(page, "Undo “Broken”").waitFor();
  await restartEdge();
  await state(page, "live");
  await count(page, 30);
  await page.getByRole("log").locator("li").first().getByRole("button", { name: "Try those again" }).click();
  await answer(page, "Written to all 15.");
  const shows = colors => until(devices => devices.every(({ body, wearable }) => wearable.leds[0] === colors(parseInt(body.device, 16) - 0x0a00)));
  await shows(at => at < 5 ? "ff0000" : at < 10 ? "00ff00" : at < 20 ? "0000ff" : "000000");
  await page.getByText("20 devices get back what this page had sent them before.").first().waitFor();
  await button(page, "Undo “Broken”").click();
  await shows(() => "000000");
});

/** Lets requests for commands arrive; the page gets no answer to them. */
async function unanswered() {
  const handler = async route => {
    await route.fetch();
    await route.abort();
  };
  await page.route("**/commands", handler);
  return () => page.unroute("**/commands", handler);
}

test("a scene for all of which nobody says whom it reached: whoever was there is in the way back", async () => {
  await scene("everyone", "Everyone", [{ target: "all", command: "led", parameters: ["ff0000"] }]);
  await pick(page, "0a00-0a1d", 30);
  await usual(page, "Colour");
  await page.getByLabel("Color", { exact: true }).fill("blue");
  await send(page);
  await untilLit(ids(0x0a00, 30), all("0000ff"));
  const end = await unanswered();
  await button(page, "Apply Everyone").click();
  await answer(page, "went away before it had answered.", false);
  await end();
  await untilLit(ids(0x0a00, 30), all("ff0000"));
  await page.getByText("30 devices get back what this page had sent them before.").waitFor();
  await button(page, "Undo “Everyone”").click();
  await untilLit(ids(0x0a00, 30), all("0000ff"));
});

test("a scene that is begun while the one before is not answered is undone to that one", async () => {
  const devices = ids(0x0a00, 10);
  await scene("first", "First", [{ target: devices, command: "led", parameters: ["ff0000"] }]);
  await scene("second", "Second", [{ target: devices, command: "led", parameters: ["00ff00"] }]);
  let answerFirst;
  const free = new Promise(resolve => (answerFirst = resolve));
  const handler = async route => {
    const response = await route.fetch();
    if (route.request().postDataJSON().parameters[0] === "ff0000") await free;
    await route.fulfill({ response });
  };
  await page.route("**/commands", handler);
  await button(page, "Apply First").click();
  await untilLit(devices, all("ff0000"));
  await button(page, "Apply Second").click();
  await answer(page, "scene Second");
  await untilLit(devices, all("00ff00"));
  await button(page, "Undo “Second”").waitFor();
  answerFirst();
  await page.getByRole("log").locator('li[data-ok="true"]', { hasText: "scene First" }).waitFor();
  await page.unroute("**/commands", handler);
  await button(page, "Undo “Second”").click();
  await untilLit(devices, all("ff0000"));
  await answer(page, "undo Second");
  await button(page, "Undo “Second”").waitFor({ state: "hidden" });
});

test("a reload in the middle of a scene: there is a way back", async () => {
  const first = await hold(1);
  await button(page, "Apply Broken").click();
  await first.held;
  await page.reload();
  first.go();
  await first.end();
  await count(page, 30);
  await button(page, "Undo “Broken”").click();
  await answer(page, "undo Broken");
});

test("another space in the middle of a scene: it goes on where it began, and nobody is picked over there", async () => {
  await pick(page, "0a00-0a02", 3);
  const first = await hold(1);
  await button(page, "Apply Broken").click();
  await first.held;
  await page.getByLabel("Space", { exact: true }).fill("blue");
  await button(page, "Connect").click();
  await page.getByText("No device is there.").waitFor();
  await picked(page, 0);
  assert.equal(await button(page, "Undo “Broken”").count(), 0);
  first.go();
  await answer(page, "Written to all 20.");
  assert.equal(first.asked.length, 3);
  for (const url of first.asked) assert.match(url, /\/spaces\/main\//);
  await first.end();
  await page.getByLabel("Space", { exact: true }).fill("");
  await button(page, "Connect").click();
  await count(page, 30);
  await picked(page, 3);
  await button(page, "Undo “Broken”").click();
  await answer(page, "undo Broken");
});

test("the other pages are about the same space, also from a port of this one alone", async () => {
  const other = await context.newPage();
  await other.goto(`http://${ui.control}/?space=blue`);
  await other.getByText("in blue", { exact: true }).waitFor();
  await other.getByRole("link", { name: "Dashboard" }).click();
  await other.waitForURL(url => url.port !== new URL(`http://${ui.control}`).port);
  await other.getByText("in blue", { exact: true }).waitFor();
  assert.equal(await other.getByLabel("Space", { exact: true }).inputValue(), "blue");
  await other.close();
});

test("two tabs in two spaces: each stays in its own, with those picked there, also after a reload", async () => {
  const other = await context.newPage();
  await other.goto(`http://${ui.control}/?space=blue`);
  await other.getByText("No device is there.").waitFor();
  await pick(page, "0a03", 1);
  await other.reload();
  await other.getByText("No device is there.").waitFor();
  await picked(other, 0);
  assert.equal(await other.getByLabel("Space", { exact: true }).inputValue(), "blue");
  await page.reload();
  await count(page, 30);
  await picked(page, 1);
  // A new one begins with what another had last.
  await other.close();
  const third = await context.newPage();
  await third.goto(`http://${ui.control}/`);
  await count(third, 30);
  await third.close();
});

test("the panic key while the page is not connected goes by request", async () => {
  const other = await context.newPage();
  await other.routeWebSocket(/./, socket => socket.close());
  await other.goto(`http://${ui.control}/`);
  await state(other, "disconnected");
  await button(page, "Apply Broken").click();
  await answer(page, "Written to all 20.");
  await button(other, "All dark").click();
  await other.getByText("Dark: 30 devices.").waitFor();
  await untilLit(ids(0x0a00, 30), all("000000"));
  await other.close();
});

test("the panic key over a connection that only looks open says at once that it works, and goes by request", async () => {
  await button(page, "Apply Broken").click();
  await answer(page, "Written to all 20.");
  // Time passes there when the test says so: nothing here waits until the page gives the connection up.
  const elsewhere = await context.browser().newContext();
  const other = await elsewhere.newPage();
  await other.clock.install();
  await other.routeWebSocket(/./, socket => {
    const server = socket.connectToServer();
    socket.onMessage(text => /^cmd:/.test(text) || server.send(text));
  });
  await other.goto(`http://${ui.control}/`);
  await state(other, "live");
  await other.clock.pauseAt(Date.now() + 1_000);
  await button(other, "All dark").click();
  await other.getByText("Going dark.").waitFor();
  await other.clock.runFor(1_000);
  await untilLit(ids(0x0a00, 30), all("000000"));
  await other.getByText("Dark: 30 devices.").waitFor();
  await elsewhere.close();
});

test("a link with a space that cannot be is about none, and reaches nobody", async () => {
  await button(page, "Apply Broken").click();
  await answer(page, "Written to all 20.");
  const other = await context.newPage();
  await other.goto(`http://${ui.control}/?space=Blue%20Room`);
  await other.getByRole("alert").filter({ hasText: "“Connection”" }).waitFor();
  await state(other, "disconnected");
  assert.equal(await other.getByLabel("Space", { exact: true }).inputValue(), "Blue Room");
  assert.equal(await button(other, "Apply Broken").count(), 0);
  await look(other, "no such space");
  await button(other, "All dark").click();
  await other.getByText("Not dark:").waitFor();
  assert.ok((await seen()).some(({ wearable }) => wearable.leds[0] !== "000000"));
  await other.getByLabel("Space", { exact: true }).fill("");
  await button(other, "Connect").click();
  await count(other, 30);
  await button(other, "Apply Broken").waitFor();
  await other.close();
  await button(page, "Undo “Broken”").click();
  await answer(page, "undo Broken");
});

test("a scene that was surely not sent leaves the way back from the one before", async () => {
  await scene("dawn", "Dawn", [{ target: ids(0x0a00, 10), command: "led", parameters: ["ff0000"] }]);
  await scene("dusk", "Dusk", [{ target: "all", command: "led", parameters: ["0000ff"] }]);
  await button(page, "Apply Dawn").click();
  await answer(page, "Written to all 10.");
  await edge.kill();
  await state(page, "disconnected");
  await button(page, "Apply Dusk").click();
  await answer(page, "Not sent: there is no connection.", false);
  await button(page, "Undo “Dawn”").waitFor();
  await restartEdge();
  await state(page, "live");
  await count(page, 30);
  await button(page, "Undo “Dawn”").click();
  await answer(page, "undo Dawn");
});

test("a reload in the middle of typing loses nothing", async () => {
  const dialog = page.getByRole("dialog");
  const typedIds = page.getByLabel("Ids", { exact: true }).first(), inspected = page.getByLabel("Device", { exact: true });
  await typedIds.fill("0a00 0a0");
  await usual(page, "Brightness");
  await page.getByLabel("Level", { exact: true }).fill("1 or 2");
  await page.getByText("Six LEDs, one by one").click();
  await page.getByLabel("Colour of LED 5", { exact: true }).fill("#010203");
  await page.getByLabel("Set LED 4", { exact: true }).uncheck();
  await page.getByLabel("New group of those picked").fill("Half a na");
  await inspected.fill("0a");
  await button(page, "Write one").click();
  await dialog.getByLabel("Name", { exact: true }).fill("Dawn");
  await dialog.getByRole("combobox", { name: "Command" }).selectOption("vibrate");
  await dialog.getByLabel("Duration", { exact: true }).fill("250");
  await button(dialog, "Add the step").click();
  await button(dialog, "Change step 1").click();
  await dialog.getByLabel("For", { exact: true }).selectOption("mine");
  await dialog.getByLabel("Duration", { exact: true }).fill("30");
  await page.reload();

  assert.equal(await typedIds.inputValue(), "0a00 0a0");
  await page.getByText("Six LEDs, one by one").click();
  assert.equal(await page.getByLabel("Level", { exact: true }).inputValue(), "1 or 2");
  assert.equal(await page.getByLabel("Colour of LED 5", { exact: true }).inputValue(), "#010203");
  assert.equal(await page.getByLabel("Set LED 4", { exact: true }).isChecked(), false);
  assert.equal(await page.getByLabel("New group of those picked").inputValue(), "Half a na");
  assert.equal(await inspected.inputValue(), "0a");
  await button(page, "Go on writing").click();
  await dialog.getByRole("heading", { name: "Step 1" }).waitFor();
  assert.equal(await dialog.getByLabel("Name", { exact: true }).inputValue(), "Dawn");
  assert.equal(await dialog.getByLabel("Duration", { exact: true }).inputValue(), "30");
  assert.equal(await dialog.getByLabel("For", { exact: true }).inputValue(), "own");
  // As it was when somebody began is not what somebody typed.
  await button(dialog, "Leave it as it was").click();
  await dialog.getByText("vibrate:250").waitFor();
  await button(dialog, "Discard").click();
  await dialog.waitFor({ state: "hidden" });
  await button(page, "Write one").waitFor();
});

test("a CDN that is away: what was typed stays, is said not to be kept, and is kept when it is back", async () => {
  await cdn.kill();
  await page.getByLabel("New group of those picked").fill("Later");
  await page.getByRole("button", { name: /as a group/ }).click();
  await page.getByText("Group not kept. The CDN does not answer").waitFor();
  await pick(page, "0a00-0a09", 10);
  assert.equal(await page.getByLabel("New group of those picked").inputValue(), "Later");
  await usual(page, "Colour");
  await send(page);
  await answer(page, "Written to all 10.");
  await restartCdn();
  await page.getByRole("button", { name: /as a group/ }).click();
  await button(page, "Pick Later").waitFor();
});

endsWithoutFaults();
