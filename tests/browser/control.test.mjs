// Device control in a real browser, as people use it: from picking devices on the floor to what they do, and what two people see of each other.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  all, answer, begin, button, cdn, context, count, draw, edge, floor, ids, open, out, page, pick, picked, scene, seen, send, simulator, state,
  stop, swarm, until, untilLit, usual,
} from "./control-stage.mjs";
import { openBrowser, stopAll } from "./support.mjs";
import { endsWithoutFaults, look } from "./watched.mjs";

/** The two that go and come back. */
const pair = { name: "pair", first_id: "0a1c", devices: 2, motion: "rest" };

before(begin);

after(stopAll);

test("devices are picked by a box, a lasso, a click and by keys", async () => {
  await page.getByText("No device is there.").waitFor();
  await look(page, "no device");
  await swarm({ name: "few", first_id: "0a00", devices: 28, motion: "rest" });
  await swarm(pair);
  await count(page, 30);
  await state(page, "live");
  // Places by beacons need some frames to settle.
  await page.waitForFunction(() => document.querySelector(".rate")?.textContent.match(/\d{3}/));
  await draw(page, [[0.01, 0.01], [0.99, 0.99]]);
  await picked(page, 30);
  await button(page, "None").click();
  await picked(page, 0);

  await button(page, "Lasso").click();
  await draw(page, [[0.02, 0.02], [0.5, 0.02], [0.5, 0.98], [0.02, 0.98]]);
  await page.locator('[data-picked]:not([data-picked="0"])').waitFor();
  const places = new Map((await seen()).map(({ body }) => [body.device, body.x]));
  const west = await page.evaluate(() => localStorage.getItem("grouploop.control.picked").replace("main: ", "").split(" "));
  for (const [id, x] of places) if (Math.abs(x - 6) > 2) assert.equal(west.includes(id), x < 6, `${id} at ${x} m`);
  await button(page, "Invert").click();
  await picked(page, 30 - west.length);
  await button(page, "Box").click();

  await page.keyboard.press("Escape");
  await floor(page).focus();
  await page.keyboard.press("Escape");
  await picked(page, 0);
  await page.keyboard.press("Home");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Space");
  await picked(page, 2);
  await page.getByRole("option", { name: "Device 0a01", selected: true }).waitFor({ state: "attached" });
  await page.keyboard.press("Control+a");
  await picked(page, 30);
});

test("ids are typed, and what is wrong with them is said while they stay", async () => {
  const field = page.getByLabel("Ids", { exact: true });
  await field.fill("0A00-0a03, 0a05 lamp, beef");
  await page.keyboard.press("Enter");
  await picked(page, 5);
  await page.getByText("lamp: no ids.").waitFor();
  await page.getByText("beef: not there.").waitFor();
  await page.getByText("5 devices found.").waitFor();
  assert.equal(await field.inputValue(), "0A00-0a03, 0a05 lamp, beef");
  await look(page, "ids that are wrong");
  await field.fill("0a1d");
  await button(page, "Add these").click();
  await picked(page, 6);
  await page.getByText("lamp: no ids.").waitFor({ state: "hidden" });
});

test("who is shaken is picked while that is on", async () => {
  await button(page, "None").click();
  const shake = (page, id, gs) => page.evaluate(([url, id, gs]) => {
    const socket = new WebSocket(url);
    let at = 0;
    const timer = setInterval(() => socket.readyState === 1 && socket.send(`${id}${gs[at++ % gs.length]}ffffffff00`), 50);
    globalThis.calm = () => {
      clearInterval(timer);
      socket.close();
    };
  }, [`ws://${edge.address}/`, id, gs]);
  await button(page, "Shake to select").click();
  await page.getByText("On: 0 devices shaken so far.").waitFor();
  await shake(page, "5a4e", ["ffffff", "808080", "000000"]);
  await page.getByText("On: 1 device shaken so far.").waitFor();
  await picked(page, 1);
  assert.equal(await page.evaluate(() => localStorage.getItem("grouploop.control.picked")), "main: 5a4e");
  await button(page, "Shake to select").click();
  await page.getByText("1 device shaken.").waitFor();
  await page.evaluate(() => globalThis.calm());
  await count(page, 30);
  await page.getByText("5a4e away").waitFor();
  await button(page, "Forget those away").click();
  await picked(page, 0);
});

test("a batch is one request with one answer, and every device that was picked obeys", async () => {
  await send(page);
  await page.getByText("No device is picked: draw around some on the floor.").first().waitFor();
  const posts = [];
  const note = request => request.method() === "POST" && posts.push(new URL(request.url()).pathname);
  page.on("request", note);
  await pick(page, "0a00-0a13", 20);
  await page.getByLabel("Color", { exact: true }).fill("#00ff00");
  await send(page);
  await answer(page, "Written to all 20.");
  await untilLit(ids(0x0a00, 20), all("00ff00"));
  assert.deepEqual(posts, ["/api/spaces/main/commands"]);
  page.off("request", note);

  await usual(page, "Brightness");
  await page.getByLabel("Level", { exact: true }).fill("lots");
  await send(page);
  await page.getByText("It must be a whole number from 0 to 255.").waitFor();
  assert.equal(await page.getByLabel("Level", { exact: true }).inputValue(), "lots");
  await page.getByLabel("Level", { exact: true }).fill("128");
  await send(page);
  await until(devices => devices.filter(({ wearable }) => wearable.brightness === 128).length === 20);
  await page.getByLabel("Level", { exact: true }).fill("255");
  await send(page);
  await usual(page, "Spring");
  await page.getByLabel("Hex string", { exact: true }).fill("0a1405");
  await send(page);
  await until(devices => devices.filter(({ wearable }) => wearable.spring.constant === 1).length === 20);
  await usual(page, "Vibrate");
  await page.getByLabel("Duration", { exact: true }).fill("20000");
  await send(page);
  await until(devices => devices.filter(({ wearable }) => wearable.vibrating).length === 20);
});

test("the six LEDs are set one by one, and some are left as they are", async () => {
  await pick(page, "0a00 0a01", 2);
  await page.getByText("Six LEDs, one by one").click();
  await page.getByLabel("Set LED 1", { exact: true }).uncheck();
  await page.getByLabel("Colour of LED 0", { exact: true }).fill("#123456");
  await button(page, "Set the LEDs").click();
  await answer(page, "led_set: 123456 – 00ff00 00ffff 0000ff ff00ff");
  await untilLit(["0a00", "0a01"], ["123456", "00ff00", "00ff00", "00ffff", "0000ff", "ff00ff"]);
  await look(page, "six LEDs");
});

test("what interrupts many is asked about first", async () => {
  await usual(page, "Reset");
  await send(page);
  const dialog = page.getByRole("dialog", { name: "reset to 2 devices?" });
  await dialog.getByText("Their patterns begin anew").waitFor();
  await look(page, "a question");
  await button(dialog, "Not now").click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("log").locator("li").first().filter({ hasText: "led_set" }).waitFor();
  await send(page);
  await button(dialog, "Send to 2").click();
  await untilLit(ids(0x0a00, 20), all("00ff00"));
  await pick(page, "0a00", 1);
  await send(page);
  await answer(page, "Written to the device.");
});

test("a device that leaves while it is picked stays picked, is said to be away, and is told of in the answer", async () => {
  await pick(page, "0a1a-0a1d", 4);
  await stop("pair");
  await page.getByText("0a1c, 0a1d away").waitFor();
  await picked(page, 4);
  await usual(page, "All off");
  await send(page);
  await answer(page, "Written to 2 of 4. 2 are not connected, or took no command.", false);
  const line = page.getByRole("log").locator("li").first();
  await line.getByText("0a1c 0a1d").waitFor();
  await line.getByText("None of them is there now.").waitFor();
  await swarm(pair);
  await count(page, 30);
  // What somebody else did with the other two meanwhile stays.
  const response = await fetch(`http://${edge.address}/api/spaces/main/commands`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ target: ["0a1a", "0a1b"], command: "led", parameters: ["ff00ff"] }),
  });
  assert.equal((await response.json()).sent, 2);
  const received = async name => (await (await fetch(`http://${simulator.address}/api/swarms/${name}`)).json()).figures.commands_received;
  const others = await received("few");
  await line.getByRole("button", { name: "Try those again" }).click();
  await answer(page, "Written to all 2.");
  await until(devices => devices.filter(({ body }) => ["0a1c", "0a1d"].includes(body.device)).every(({ wearable }) => wearable.leds.join() === all("000000").join()));
  assert.equal(await received("few"), others);
  await untilLit(["0a1a", "0a1b"], all("ff00ff"));
});

test("groups are kept for everybody, and follow what others do", async () => {
  await pick(page, "0a00-0a09", 10);
  await page.getByLabel("New group of those picked").fill("Front row");
  await page.getByRole("button", { name: /as a group/ }).click();
  await button(page, "Pick Front row").waitFor();
  assert.equal(await page.getByLabel("New group of those picked").inputValue(), "");

  const other = await open(await openBrowser({ viewport: { width: 1280, height: 1000 } }));
  await button(other, "Pick Front row").click();
  await picked(other, 10);
  await pick(other, "0a1d", 1);
  await button(other, "Add Front row").click();
  await picked(other, 11);

  // Both change it: who comes second is asked, and loses nothing.
  const change = page => button(page, "Change Front row").click();
  await change(page);
  await change(other);
  const [mine, theirs] = [page, other].map(page => page.getByRole("dialog", { name: "Change the group" }));
  await theirs.getByLabel("Name", { exact: true }).fill("Front");
  await button(theirs, "Make it the 11 picked").click();
  await button(theirs, "Keep").click();
  await theirs.waitFor({ state: "hidden" });
  await mine.getByText("Somebody else changed it meanwhile. It is now “Front” with 11 devices.").waitFor();
  await look(page, "a conflict");
  await mine.getByLabel("Name", { exact: true }).fill("Row one");
  await button(mine, "Keep").click();
  await mine.getByText("Somebody else changed it meanwhile.").waitFor();
  assert.equal(await mine.getByLabel("Name", { exact: true }).inputValue(), "Row one");
  await button(mine, "Keep mine").click();
  await mine.waitFor({ state: "hidden" });
  await button(other, "Pick Row one").waitFor();

  await button(page, "Change Row one").click();
  await mine.getByLabel("Name", { exact: true }).fill("Mine");
  await button(other, "Change Row one").click();
  await theirs.getByLabel("Name", { exact: true }).fill("Theirs");
  await button(theirs, "Keep").click();
  await button(mine, "Take theirs").click();
  await mine.getByText("Somebody else").waitFor({ state: "hidden" });
  assert.equal(await mine.getByLabel("Name", { exact: true }).inputValue(), "Theirs");
  await button(other, "Change Theirs").click();
  await button(theirs, "Delete …").click();
  await button(theirs, "Delete it for everybody").click();
  await mine.getByText("Somebody else deleted it meanwhile.").waitFor();
  await button(mine, "Make it again").click();
  await button(other, "Pick Theirs").waitFor();
  await other.context().browser().close();
});

test("who is second with a name is told who was first, and both can be kept", async () => {
  await page.route("**/groups/twins", async route => {
    const response = await fetch(`http://${cdn.address}/api/spaces/main/groups/twins`, {
      method: "PUT", headers: { "Content-Type": "application/json", "If-None-Match": "*" }, body: JSON.stringify({ title: "Twins", devices: ["0a1d"] }),
    });
    assert.equal(response.status, 201, await response.text());
    await route.continue();
  }, { times: 1 });
  await pick(page, "0a00-0a01", 2);
  await page.getByLabel("New group of those picked").fill("Twins");
  await page.getByRole("button", { name: /as a group/ }).click();
  await page.getByText("Somebody else was first with that name: “Twins” with 1 device. What you have here is still here.").waitFor();
  await look(page, "second with a name");
  await button(page, "Keep both").click();
  await page.locator(".kept-entry").filter({ hasText: "Twins 2" }).waitFor();
  await page.locator(".kept-entry").filter({ hasText: "Twins 1" }).waitFor();
  assert.equal(await page.getByLabel("New group of those picked").inputValue(), "");
});

test("a scene is what was sent last; it is applied with one answer, and undone", async () => {
  await pick(page, "0a00-0a09", 10);
  await usual(page, "Colour");
  await page.getByLabel("Color", { exact: true }).fill("blue");
  await send(page);
  await answer(page, "Written to all 10.");
  await page.getByLabel("New scene").fill("Sea");
  await button(page, "Keep what those picked were sent last").click();
  await button(page, "Apply Sea").waitFor();

  await page.getByLabel("Color", { exact: true }).fill("red");
  await pick(page, "0a00-0a0e", 15);
  await send(page);
  await answer(page, "Written to all 15.");
  await untilLit(ids(0x0a00, 15), all("ff0000"));
  await button(page, "Apply Sea").click();
  await untilLit(ids(0x0a00, 10), all("0000ff"));
  await page.getByText("10 devices get back what this page had sent them before.").first().waitFor();
  await button(page, "Undo “Sea”").click();
  await untilLit(ids(0x0a00, 15), all("ff0000"));
  await answer(page, "undo Sea");
  await button(page, "Undo “Sea”").waitFor({ state: "hidden" });
});

test("a second browser sees the scenes, applies them, and what it changes is seen here", async () => {
  const other = await open(await openBrowser({ viewport: { width: 1280, height: 1000 } }));
  await count(other, 30);
  await button(other, "Apply Sea").click();
  await untilLit(ids(0x0a00, 10), all("0000ff"));
  await button(other, "Undo “Sea”").waitFor();
  await button(page, "Undo “Sea”").waitFor({ state: "hidden" });
  await button(other, "Change Sea").click();
  const dialog = other.getByRole("dialog", { name: "Change the scene" });
  await dialog.getByLabel("Name", { exact: true }).fill("Ocean");
  await button(dialog, "Keep").click();
  await button(page, "Apply Ocean").waitFor();
  await button(page, "Change Ocean").click();
  const mine = page.getByRole("dialog", { name: "Change the scene" });
  await mine.getByLabel("Name", { exact: true }).fill("Sea");
  await button(mine, "Keep").click();
  await button(other, "Apply Sea").waitFor();
  await other.context().browser().close();
});

test("a scene is written step by step; what it names and is not there is said, and the rest is done", async () => {
  await button(page, "Write one").click();
  const dialog = page.getByRole("dialog", { name: "A new scene" });
  const step = async (target, command, label, value) => {
    await dialog.getByLabel("For").selectOption({ label: target });
    await dialog.getByRole("combobox", { name: "Command" }).selectOption(command);
    await dialog.getByLabel(label, { exact: true }).fill(value);
    await button(dialog, "Add the step").click();
  };
  await dialog.getByLabel("Name", { exact: true }).fill("Dawn");
  await step("Group Theirs", "led", "Color", "ff8000");
  await step("Group Theirs", "led", "Color", "mauve");
  await dialog.getByText("It must be a colour").waitFor();
  await dialog.getByLabel("Color", { exact: true }).fill("cyan");
  await button(dialog, "Add the step").click();
  await button(dialog, "Step 2 earlier").click();
  await button(dialog, "Change step 1").click();
  assert.equal(await dialog.getByLabel("Color", { exact: true }).inputValue(), "cyan");
  await dialog.getByLabel("For").selectOption({ label: "All devices" });
  await dialog.getByLabel("Color", { exact: true }).fill("00ffff");
  await button(dialog, "Change the step").click();
  await look(page, "steps");
  await page.screenshot({ path: `${out}control-steps.png` });
  await button(dialog, "Keep").click();
  await dialog.waitFor({ state: "hidden" });
  await button(page, "Apply Dawn").click();
  const lit = devices => devices.filter(({ wearable }) => wearable.leds[0] === "ff8000").length === 10 && devices.filter(({ wearable }) => wearable.leds[0] === "00ffff").length === 20;
  await until(lit);

  await button(page, "Change Theirs").click();
  const group = page.getByRole("dialog", { name: "Change the group" });
  await button(group, "Delete …").click();
  await button(group, "Delete it for everybody").click();
  await group.waitFor({ state: "hidden" });
  await button(page, "Apply Dawn").click();
  await answer(page, "The group front-row is not there: its steps were left out. Sent to 30 devices.", false);
  await untilLit(ids(0x0a00, 30), all("00ffff"));
});

test("a scene that names single devices which are not there says which, and the others obey", async () => {
  await scene("strangers", "Strangers", [
    { target: ["0a00", "beef"], command: "led", parameters: ["ff0000"] },
    { target: ["0bad", "0a01"], command: "led", parameters: ["ff0000"] },
  ]);
  await button(page, "Apply Strangers").click();
  await answer(page, "Not there: 0bad, beef.", false);
  await until(devices => devices.every(({ body, wearable }) => ["0a00", "0a01"].includes(body.device) === (wearable.leds.join() === all("ff0000").join())));
  await button(page, "Undo “Strangers”").waitFor();
});

test("a scene on devices that this page sent nothing: the way back says that they go dark", async () => {
  await page.reload();
  await count(page, 30);
  await button(page, "Apply Sea").click();
  await page.getByText("10 devices go dark, because what they showed before is not known; 10 devices keep their brightness").first().waitFor();
  // Also after a reload.
  await page.reload();
  await count(page, 30);
  await page.getByText("10 devices go dark").first().waitFor();
  await button(page, "Undo “Sea”").click();
  await until(devices => devices.filter(({ wearable }) => wearable.leds.join() === all("000000").join()).length === 10);
});

test("a reload keeps who is picked, the groups and the scenes", async () => {
  await pick(page, "0a00-0a02", 3);
  await button(page, "Lasso").click();
  await page.reload();
  await count(page, 30);
  await picked(page, 3);
  await button(page, "Apply Dawn").waitFor();
  assert.equal(await button(page, "Lasso").getAttribute("aria-pressed"), "true");
  await button(page, "Box").click();
});

test("a scene whose window was closed by accident goes on as it was, also after a reload", async () => {
  const dialog = page.getByRole("dialog");
  await button(page, "Write one").click();
  await dialog.getByLabel("Name", { exact: true }).fill("Dusk");
  await dialog.getByRole("combobox", { name: "Command" }).selectOption("led");
  await dialog.getByLabel("Color", { exact: true }).fill("red");
  // Enter is for the step.
  await page.keyboard.press("Enter");
  await dialog.getByText("led:red").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await page.reload();
  await button(page, "Go on writing").click();
  assert.equal(await dialog.getByLabel("Name", { exact: true }).inputValue(), "Dusk");
  await dialog.getByText("led:red").waitFor();
  // What is written at an open step is kept with the rest.
  await button(dialog, "Change step 1").click();
  await dialog.getByLabel("Color", { exact: true }).fill("cyan");
  await look(page, "a scene that is not kept");
  await button(dialog, "Keep").click();
  await dialog.waitFor({ state: "hidden" });
  await button(page, "Write one").waitFor();
  await button(page, "Change Dusk").click();
  await dialog.getByText("led:cyan").waitFor();
  await dialog.getByLabel("Name", { exact: true }).fill("Du");
  await page.keyboard.press("Escape");
  await page.getByText("with changes that are not kept").waitFor();
  await button(page, "Change Dusk").click();
  assert.equal(await dialog.getByLabel("Name", { exact: true }).inputValue(), "Du");
  await button(dialog, "Discard").click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByText("with changes that are not kept").waitFor({ state: "hidden" });
});

test("axe finds nothing, in light and in dark, and nothing is wider than a phone", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await look(page, colorScheme);
    await page.screenshot({ path: `${out}control-${colorScheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 360, height: 740 });
    await look(page, `a phone, ${colorScheme}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await button(page, "All dark").click({ trial: true });
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: `${out}control-phone-${colorScheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 1280, height: 1000 });
  }
  await page.emulateMedia({ colorScheme: "light" });
});

test("on a phone nothing that has the keys is behind the bar of the panic key, also when that says something", async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await button(page, "All dark").click();
  await page.getByText("Dark: 30 devices.").waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  for (const key of ["Tab", "Shift+Tab"]) {
    const under = [];
    let passed = 0;
    for (;;) {
      await page.keyboard.press(key);
      const now = await page.evaluate(() => {
        const at = document.activeElement;
        if (at === document.body) return undefined;
        const [bar, { top, bottom, height }] = [document.querySelector(".panic").getBoundingClientRect(), at.getBoundingClientRect()];
        // What is taller than the room below the bar cannot be in it.
        const isUnder = !at.closest(".panic") && top < bar.bottom && bottom > bar.top && height < innerHeight - bar.bottom;
        return { isUnder, what: `${at.outerHTML.slice(0, 90)} from ${top} to ${bottom}, and the bar ends at ${bar.bottom}` };
      });
      if (!now) break;
      passed++;
      assert.ok(passed < 500, "it comes to an end");
      if (now.isUnder) under.push(now.what);
    }
    assert.deepEqual(under, [], key);
    assert.ok(passed > 40, `${passed} were looked at`);
  }
  await button(page, "Dismiss").first().click();
  await page.setViewportSize({ width: 1280, height: 1000 });
});

test("five hundred devices: one request, one answer", async () => {
  await Promise.all([stop("few"), stop("pair")]);
  await swarm({ name: "crowd", first_id: "1000", devices: 500, motion: "dance" });
  await count(page, 500);
  await button(page, "All").click();
  await picked(page, 500);
  const received = async () => (await (await fetch(`http://${simulator.address}/api/swarms/crowd`)).json()).figures.commands_received;
  await page.getByLabel("Color", { exact: true }).fill("cyan");
  let requests = 0;
  page.on("request", request => requests += request.method() === "POST" && request.url().endsWith("/commands") ? 1 : 0);
  for (let times = 1; times <= 3; times++) {
    await send(page);
    await page.waitForFunction(times => [...document.querySelectorAll('.log li[data-ok="true"]')].filter(({ textContent }) => /Written to all 500/.test(textContent)).length >= times, times);
  }
  assert.equal(requests, 3);
  await until(devices => devices.length === 500 && devices.every(({ wearable }) => wearable.color === "00ffff"));
  assert.equal(await received(), 1_500);
  await page.screenshot({ path: `${out}control-500.png` });
  await stop("crowd");
});

endsWithoutFaults();
