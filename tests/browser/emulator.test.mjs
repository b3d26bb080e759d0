// The device emulator, as people use it: a phone with motion sensors (faked, since no test has a hand), one without, and a desk with several devices.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { G, begin, button, desk, idOf, live, open, phone, says, shoot, useSensors, viewer, watch } from "./emulator-stage.mjs";
import { stopAll } from "./support.mjs";
import { endsWithoutFaults, look } from "./watched.mjs";

before(begin);
after(stopAll);

test("a phone becomes a device: from a fresh load to somebody who watches it and lights it", async () => {
  const page = await open(phone, { sensors: { held: [0, G, 0] } });
  await live(page);
  const id = await idOf(page);
  await shoot(page, "phone-fresh", false);
  await useSensors(page);
  await says(page, "The device moves as this phone does");

  const watching = await viewer.page.context().newPage();
  await watching.goto(watch);
  const row = watching.locator("#devices tr", { hasText: id });
  await row.waitFor();
  await watching.waitForFunction(id => {
    const cells = [...document.querySelectorAll("#devices tr")].find(row => row.cells[0].textContent === id)?.cells;
    return cells && Math.abs(Number(cells[2].textContent) - 1) < 0.02 && Number(cells[4].textContent) === -62;
  }, id);
  await watching.getByLabel("Device").selectOption(id);
  await watching.getByLabel("Command").fill("led:ff8000");
  await watching.getByRole("button", { name: "Send" }).click();
  await watching.waitForFunction(() => document.querySelector("#answer").textContent.includes("success"));
  await watching.close();

  await says(page, "orange, steady");
  await shoot(page, "phone-light");
});

test("what the sensors give is in the frames, with either sign of the platforms", async () => {
  for (const [name, ios] of [["Android", false], ["iOS", true]]) {
    const sign = ios ? -1 : 1;
    const page = await open(phone, { sensors: { ios, held: [0, 0, sign * G] } });
    await live(page);
    const id = await idOf(page);
    await useSensors(page);
    await viewer.frame(id, "8080bfa2a2a2a200");
    for (const [held, frame] of [[[0, G, 0], "80bf80"], [[-G, 0, 0], "408080"], [[0, 0, -G], "808040"], [[3 * G, 0, 0], "ff8080"]]) {
      await page.evaluate(held => (window.held = held), held.map(part => part * sign));
      await viewer.frame(id, `${frame}a2a2a2a2..`).catch(() => assert.fail(`${name}, held ${held}: no frame ${frame}`));
    }
  }
});

test("a knock on the phone is a tap", async () => {
  const page = await open(phone, { sensors: { held: [0, 0, G] } });
  await live(page);
  const id = await idOf(page);
  await useSensors(page);
  await viewer.frame(id, "8080bf.*");
  await page.evaluate(G => {
    const motion = z => dispatchEvent(new DeviceMotionEvent("devicemotion", { accelerationIncludingGravity: { x: 0, y: 0, z }, interval: 16 }));
    [G, G, 2.5 * G, G].forEach(motion);
  }, G);
  await viewer.taps(id, 1);
});

test("a phone without sensors says so after a while, and a cube does the same", async () => {
  const page = await open(phone);
  await live(page);
  const id = await idOf(page);
  await useSensors(page);
  await says(page, "No motion for 2 seconds");
  await viewer.frame(id, "8080bf.*");
  await shoot(page, "phone-silent", false);
  await button(page, "Upright").tap();
  await viewer.frame(id, "80bf80.*");
  await button(page, "Face down").tap();
  await viewer.frame(id, "808040.*");
  await button(page, "Flat").tap();
  await page.getByLabel("Cube: the arrow keys tilt the device").focus();
  for (let times = 0; times < 6; times++) await page.keyboard.press("ArrowRight");
  await viewer.frame(id, "408080.*");

  // The side that is clicked goes down; a drag over half the width is a quarter of a turn.
  const cube = page.locator(".cube");
  await button(page, "Flat").tap();
  await cube.scrollIntoViewIfNeeded();
  const box = await cube.boundingBox();
  await cube.click({ position: { x: box.width - 10, y: box.height / 2 } });
  await viewer.frame(id, "6f80bd.*");
  await button(page, "Flat").tap();
  await cube.scrollIntoViewIfNeeded();
  const { x, y } = await cube.boundingBox();
  await page.mouse.move(x + 20, y + 50);
  await page.mouse.down();
  await page.mouse.move(x + 20 + box.width / 2, y + 50, { steps: 4 });
  await page.mouse.up();
  await viewer.frame(id, "4080(7f|80).*");
  await button(page, "Flat").tap();
  await button(page, "Shake").tap();
  await viewer.frame(id, "[d-f].*");
});

test("it walks over the floor by finger and by keys", async () => {
  const page = await open(phone);
  await live(page);
  const id = await idOf(page);
  const floor = page.locator(".floor");
  await floor.scrollIntoViewIfNeeded();
  await floor.tap({ position: { x: 1, y: 1 } });
  await viewer.frame(id, "8080bff.......00");
  await says(page, /^0\.[01] m east, 0\.[01] m south/);
  await floor.focus();
  for (let times = 0; times < 10; times++) await page.keyboard.press("Shift+ArrowRight");
  await viewer.frame(id, "8080bf..f.....00");
  await says(page, "12.0 m east");
});

test("it is tapped by finger and by the space bar, however short, and nothing is counted twice", async () => {
  const page = await open(phone);
  await live(page);
  const id = await idOf(page);
  const puck = page.getByRole("button", { name: `Tap device ${id}` });
  await puck.tap();
  await viewer.taps(id, 1);
  await viewer.frame(id, ".*00");
  await page.locator("body").press(" ");
  await viewer.taps(id, 2);
  await viewer.frame(id, ".*00");
  await puck.press(" ");
  await viewer.taps(id, 3);
  await viewer.frame(id, ".*00");
  await puck.press("Enter");
  await viewer.taps(id, 4);
  await viewer.frame(id, ".*00");
  // Held down it stays tapped, and two taps within one frame are two.
  await page.keyboard.down(" ");
  await viewer.taps(id, 5);
  await page.keyboard.up(" ");
  await viewer.frame(id, ".*00");
  await page.evaluate(() => {
    for (let times = 0; times < 2; times++) {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true }));
      document.body.dispatchEvent(new KeyboardEvent("keyup", { key: " ", bubbles: true }));
    }
  });
  await viewer.taps(id, 7);
  // Where the space bar means something else it does that.
  await viewer.frame(id, ".*00");
  await page.getByLabel("Space").fill("");
  await page.getByLabel("Space").press(" ");
  await button(page, "Shake").press(" ");
  await viewer.frame(id, "[d-f].*");
  assert.equal(await viewer.page.evaluate(id => window.taps[id], id), 7);
  assert.equal(await page.evaluate(() => getSelection().toString()), "");
});

test("commands change its lights and run the motor, and the sender hears of it", async () => {
  const page = await open(phone, { colorScheme: "dark" });
  await live(page);
  const id = await idOf(page);
  const pixel = () => page.evaluate(() => {
    const canvas = document.querySelector(".puck canvas");
    // The first LED is at the top.
    return [...canvas.getContext("2d").getImageData(canvas.width / 2 + canvas.width * 0.03, canvas.height * 0.2, 1, 1).data.slice(0, 3)];
  });
  const obeys = async (command, words) => {
    assert.equal(await viewer.send(id, command), "cmd:result:success");
    await page.waitForFunction(words => document.querySelector("#lights span").textContent === words, words);
  };
  const isLit = test => page.waitForFunction(test);
  await obeys("led:red", "red, steady");
  await isLit(() => {
    const canvas = document.querySelector(".puck canvas");
    const [red, green] = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height * 0.2, 1, 1).data;
    return red > 200 && red > green;
  });
  const [red, green, blue] = await pixel();
  assert.ok(red > 200 && green < 160 && blue < 160, `${red} ${green} ${blue}`);
  await obeys("pattern:breathing", "red, breathing");
  await obeys("brightness:51", "red, breathing, at 20 %");
  await obeys("led_set:2:00ff00", "LED 2 green, the others red, breathing, at 20 %");
  await obeys("led_all_off", "dark");
  await obeys("brightness:255", "dark");
  await obeys("pattern:cycle", "red, cycle");

  assert.equal(await viewer.send(id, "vibrate:300"), "cmd:result:success");
  await page.locator(".lights .motor").waitFor();
  const [motor] = await page.evaluate(() => window.motor);
  assert.ok(motor > 0 && motor <= 301, `${motor}`);
  await page.locator(".lights .motor").waitFor({ state: "detached" });

  assert.equal(await viewer.send(id, "ota:http://host/x.bin"), "cmd:result:success");
  await says(page, "A wearable would now fetch firmware from http://host/x.bin");
  await viewer.send(id, "status");
  await says(page, "On its serial port: version stock, color ff0000, pattern cycle, brightness 255, vibrating false");
  await shoot(page, "phone-dark");
});

test("held up, a phone is the lights alone, and is tapped all the same", async () => {
  const page = await open(phone);
  await live(page);
  const id = await idOf(page);
  await button(page, "Hold it up").tap();
  assert.equal(await viewer.send(id, "led:00c0ff"), "cmd:result:success");
  await page.waitForFunction(() => document.querySelector(".holdup").style.backgroundColor === "rgb(0, 192, 255)");
  await page.getByRole("button", { name: `Tap device ${id}` }).tap();
  await viewer.taps(id, 1);
  await viewer.frame(id, ".*00");
  await page.keyboard.press(" ");
  await viewer.taps(id, 2);
  await look(page, "held up");
  await shoot(page, "phone-held-up", false);
  await button(page, "Back to the page").tap();
  await page.locator(".stage > .puck").waitFor();
});

test("the id can be changed, and is still there after a reload", async () => {
  const page = await open(phone);
  await live(page);
  const before = await idOf(page);
  await button(page, "Change id").tap();
  const field = page.getByLabel("Id", { exact: true });
  await field.fill("xyz");
  await button(page, "Use this id").tap();
  await says(page, "An id is 4 hex digits");
  assert.equal(await field.inputValue(), "xyz", "what was typed is still there");
  await shoot(page, "phone-id", false);
  await field.fill("BEEF");
  await field.press("Enter");
  await viewer.frame("beef");
  assert.equal(await idOf(page), "beef");
  assert.equal(await viewer.send(before, "led:ff0000"), "cmd:result:failed", "the old id is gone at once");
  assert.equal(await viewer.send("beef", "led:ff0000"), "cmd:result:success");
  await page.reload();
  await live(page);
  assert.equal(await idOf(page), "beef");
});

test("at a desk: several devices, each with its own lights, one in focus", async () => {
  const page = await open(desk, { colorScheme: "light" });
  await live(page);
  const first = await idOf(page);
  await button(page, "Add a device").click();
  await page.getByText("2 devices").waitFor();
  const second = await idOf(page);
  await button(page, "Add a device").click();
  const third = await idOf(page);
  assert.equal(new Set([first, second, third]).size, 3);
  for (const id of [first, second, third]) await viewer.frame(id);
  assert.equal(await viewer.send(first, "led:0080ff"), "cmd:result:success");
  assert.equal(await viewer.send(second, "pattern:heartbeat"), "cmd:result:success");
  await page.getByRole("button", { name: new RegExp(`${first}.*blue, steady`) }).waitFor();
  await page.getByRole("button", { name: new RegExp(`${second}.*white, heartbeat`) }).waitFor();
  assert.equal(await page.locator("#lights span").textContent(), "dark");

  // Keys are for the one in focus; the others keep what they have.
  await page.getByLabel("Cube: the arrow keys tilt the device").focus();
  for (let times = 0; times < 6; times++) await page.keyboard.press("ArrowUp");
  await viewer.frame(third, "804080.*");
  // A button that was clicked keeps the focus, but the space bar is for tapping.
  await page.getByRole("button", { name: new RegExp(`^${first}`) }).click();
  await page.keyboard.press(" ");
  await viewer.taps(first, 1);
  await viewer.frame(third, "804080.*00");
  await viewer.frame(first, "8080bf.*");
  assert.equal(await page.locator("#lights span").textContent(), "blue, steady");
  await shoot(page, "desk-light");

  await button(page, "Change id").click();
  await page.getByLabel("Id", { exact: true }).fill(second);
  await button(page, "Use this id").click();
  await says(page, `Another device of this page is ${second} already`);
  await page.keyboard.press("Escape");

  await button(page, `Remove ${first}`).click();
  await page.getByText("2 devices").waitFor();
  assert.equal(await viewer.send(first, "led:ff0000"), "cmd:result:failed");
  await page.reload();
  await page.getByText("2 devices").waitFor();
  assert.deepEqual(await page.locator(".tile .mono").allTextContents(), [second, third]);
  for (let count = 2; count < 16; count++) await button(page, "Add a device").click();
  await page.getByText("16 devices", { exact: true }).waitFor();
  assert.equal(await button(page, "Add a device").isDisabled(), true);
  await page.waitForFunction(() => [...document.querySelectorAll(".tile [data-state]")].every(tile => tile.dataset.state === "live"));
  assert.match(await viewer.send("all", "led:ff00ff"), /^cmd:result:sent_to_16_devices$/);
  await page.waitForFunction(() => [...document.querySelectorAll(".tile .unseen")].every(tile => tile.textContent.startsWith("magenta")));
  await shoot(page, "desk-16");
});

test("axe finds nothing, light and dark, on a phone and at a desk", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const small = await open(phone, { colorScheme, sensors: { ios: true, denied: true, held: [0, 0, -G] } });
    await live(small);
    await look(small, `${colorScheme}, phone`);
    await useSensors(small);
    await says(small, "was told not to give motion");
    await look(small, `${colorScheme}, phone, denied`);
    await button(small, "Change id").tap();
    await look(small, `${colorScheme}, phone, id`);

    const large = await open(desk, { colorScheme });
    await live(large);
    await button(large, "Add a device").click();
    const id = await idOf(large);
    await viewer.frame(id);
    for (let count = 0; count < 10; count++) await viewer.send(id, "status");
    await large.waitForFunction(() => document.querySelectorAll(".commands li").length === 10);
    await look(large, `${colorScheme}, desk`);
    await shoot(large, `desk-${colorScheme}-commands`);
  }
});

test("a phone that lies has the lights in sight, targets are large enough, and the page still zooms", async () => {
  const page = await open({ ...phone, viewport: { width: 740, height: 360 } }, { colorScheme: "dark", sensors: { held: [0, 0, G] } });
  await live(page);
  await useSensors(page);
  await viewer.frame(await idOf(page), "8080bf.*");
  await viewer.send(await idOf(page), "led:00ffff");
  await says(page, "cyan, steady");
  await page.evaluate(() => scrollTo(0, 400));
  const puck = await page.locator(".puck").boundingBox();
  assert.ok(puck.y >= 0 && puck.y + puck.height <= 360, JSON.stringify(puck));
  await shoot(page, "phone-landscape", false);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("main button, main a, main input:not([type=checkbox]), main label.check")]
      .map(element => [element.textContent, element.getBoundingClientRect()])
      .filter(([, { width, height }]) => width < 44 || height < 44)
      .map(([text]) => text));
  assert.deepEqual(small, []);
  assert.doesNotMatch(await page.locator("meta[name=viewport]").getAttribute("content"), /user-scalable|maximum-scale/);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
});

test("who asked for less motion sees patterns that stand still", async () => {
  const page = await open(phone, { reducedMotion: "reduce" });
  await live(page);
  const id = await idOf(page);
  await viewer.frame(id);
  await viewer.send(id, "pattern:breathing");
  await says(page, "white, breathing");
  const drawn = () => page.evaluate(() => document.querySelector(".puck canvas").toDataURL());
  await page.waitForFunction(() => {
    const canvas = document.querySelector(".puck canvas");
    return canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height * 0.2, 1, 1).data[0] > 200;
  });
  const before = await drawn();
  await page.evaluate(() => new Promise(done => setTimeout(done, 1_000)));
  assert.equal(await drawn(), before);
});

endsWithoutFaults();
