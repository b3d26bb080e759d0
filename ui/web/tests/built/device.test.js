// The classic libraries as globals of a page, and the class of a device.

import { createContext, runInContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import registry from "../../../../bridge/src/commands.json";
import { FRAME, built, page } from "./world.js";

describe("the global classes", () => {
  test("are there for other scripts, by name and on the window, and may be loaded twice", async () => {
    const { run, world } = await page();
    run("class Lamp extends HitloopDevice {}; var lamp = new Lamp('1a2b'); var plain = new window.HitloopDevice('3c4d')");
    expect(run("lamp instanceof HitloopDevice && new HitloopDeviceManager('ws://h/') instanceof window.HitloopDeviceManager")).toBe(true);
    expect(run("[HitloopDevice.name, HitloopDeviceManager.name].join()")).toBe("HitloopDevice,HitloopDeviceManager");
    runInContext(await built("HitloopDevice.js"), world);
  });

  test("define nothing else", async () => {
    const { world } = await page();
    const plain = Object.keys(createContext({}));
    const given = /^(WebSocket|URL|AbortSignal|TextEncoder|performance|Date|location|document|console|fetch|(set|clear)(Timeout|Interval)|queueMicrotask|window)$/;
    expect(Object.keys(world).filter(name => !plain.includes(name) && !given.test(name))).toEqual(["HitloopDevice", "HitloopDeviceManager"]);
  });
});

describe("HitloopDevice", () => {
  let world;
  beforeEach(async () => {
    vi.useFakeTimers();
    world = await page();
  });
  afterEach(() => vi.useRealTimers());

  /** A device with an open socket and the registry, and what it sends. */
  function device(id = "1a2b") {
    const sent = [];
    const made = new world.world.HitloopDevice(id);
    made.setWebSocket({ readyState: 1, send: text => sent.push(text) });
    made.setCommandsConfig(registry);
    return { made, sent };
  }

  test("begins as the contract says", () => {
    const fields = { id: "1a2b", ws: null, commandsConfig: null, ax: 0, ay: 0, az: 0, dNW: 0, dNE: 0, dSE: 0, dSW: 0, tap: false };
    const { HitloopDevice } = world.world;
    expect({ ...new HitloopDevice("1a2b") }).toEqual({ ...fields, color: [255, 255, 255], motorState: false });
    expect({ ...new HitloopDevice("1a2b", [1, 2, 3], true) }).toEqual({ ...fields, color: [1, 2, 3], motorState: true });
    expect(new HitloopDevice("a").color).not.toBe(new HitloopDevice("b").color);
  });

  test("takes the first 20 digits, or nothing", () => {
    const { made } = device("");
    const data = {
      id: "1a2b", ax: 0, ay: 255, az: 128, dNW: 1, dNE: 2, dSE: 3, dSW: 4, tap: true, color: [255, 255, 255], motorState: false,
    };
    expect(made.parseHexData(`${FRAME.toUpperCase()}and more`)).toBe(true);
    expect(made.getSensorData()).toEqual(data);
    for (const hex of ["", "1a2b", "1a2bff80000908070600".replace("9", "g"), "x".repeat(20), undefined, null, 5]) {
      expect(made.parseHexData(hex)).toBe(false);
    }
    expect(made.getSensorData()).toEqual(data);
    expect(made.parseHexData("1a2b00ff800102030400") && made.tap).toBe(false);
  });

  test("checks commands", () => {
    const { made } = device();
    const valid = (command, ...params) => made.validateCommand(command, params);
    for (const [command, ...params] of [
      ["led", "red"], ["brightness", 0], ["brightness", "255"], ["spring_param", "64140A"], ["vibrate", 0], ["vibrate", "500"],
      ["status"], ["led_set", 0, "ff0000"], ["ota", "http://h:5008/x"],
    ]) expect(valid(command, ...params), command).toBe(true);
    for (const [command, ...params] of [
      ["sparkle"], ["constructor"], ["led"], ["led", "red", "blue"], ["status", "now"], ["brightness", -1], ["brightness", 256],
      ["brightness", "bright"], ["brightness", ""], ["spring_param", "64140"], ["spring_param", "64140g"], ["vibrate", -1],
      ["vibrate", "long"],
    ]) expect(valid(command, ...params), `${command} ${params}`).toBe(false);
    expect(made.validateCommand("status")).toBe(true);
    made.setCommandsConfig(null);
    expect(valid("led", "red")).toBe(false);
  });

  test("sends what is valid, while the socket is open", () => {
    const { made, sent } = device();
    expect([
      made.sendCommand("led", "red"), made.sendCommand("led_set", 3, "00ff00"), made.sendCommandWithParam("brightness", 128),
      made.sendCommandNoParams("status"), made.sendCommand("sparkle"), made.sendCommand("led"),
    ]).toEqual([true, true, true, true, false, false]);
    expect(sent).toEqual(["cmd:1a2b:led:red", "cmd:1a2b:led_set:3:00ff00", "cmd:1a2b:brightness:128", "cmd:1a2b:status:"]);
    expect(world.warnings).toHaveLength(2);
    for (const ws of [null, undefined, { readyState: 0 }, { readyState: 2 }, { readyState: 3 }]) {
      made.setWebSocket(ws);
      expect(made.sendCommand("led", "red")).toBe(false);
    }
  });

  test("keeps the colour and the motor", () => {
    const { made } = device();
    made.sendCommand("led", "#0080FF");
    expect(made.color).toEqual([0, 128, 255]);
    made.sendCommand("vibrate", 100);
    vi.advanceTimersByTime(60);
    made.sendCommand("vibrate", 100);
    vi.advanceTimersByTime(99);
    expect(made.motorState).toBe(true);
    vi.advanceTimersByTime(1);
    expect(made.motorState).toBe(false);
    made.sendCommand("vibrate", 1e12);
    vi.advanceTimersByTime(1000);
    expect(made.motorState).toBe(true);
    made.updateLocalState("brightness", [5]);
    expect(made.color).toEqual([0, 128, 255]);
  });

  test("reads colours", () => {
    const { made } = device();
    const read = text => made.parseColor(text).join();
    expect(["red", "Green", "orange", "#0080ff", "0080FF"].map(read)).toEqual(["255,0,0", "0,255,0", "255,128,0", "0,128,255", "0,128,255"]);
    for (const text of ["mauve", "", "#0f0", "constructor", undefined, null]) expect(read(text)).toBe("255,255,255");
  });

  test("sets its LEDs one by one", () => {
    const { made, sent } = device();
    expect([
      made.setLedOn(0, "red"), made.setLedOn(1, [1, 2.6, 300]), made.setLedOff(2), made.setAllLedsOff(), made.getLedState(),
      made.setMultipleLeds([{ index: 3, color: "#0000ff" }, { index: 4, color: "cyan" }]), made.setMultipleLeds([]),
    ]).toEqual(Array(7).fill(true));
    expect(sent).toEqual([
      "cmd:1a2b:led_set:0:ff0000", "cmd:1a2b:led_set:1:0103ff", "cmd:1a2b:led_off:2", "cmd:1a2b:led_all_off:",
      "cmd:1a2b:led_get_state:", "cmd:1a2b:led_set:3:0000ff", "cmd:1a2b:led_set:4:00ffff",
    ]);
    made.setWebSocket(null);
    expect(made.setMultipleLeds([{ index: 3, color: "red" }])).toBe(false);
  });

  test("works through the proxy of a reactive framework", () => {
    const { made, sent } = device();
    const proxy = new Proxy(made, {});
    expect([proxy.parseHexData(FRAME), proxy.sendCommand("vibrate", 5), proxy.ay, sent.length]).toEqual([true, true, 255, 1]);
  });
});
