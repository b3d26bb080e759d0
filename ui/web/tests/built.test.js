// The libraries as a page gets them: built, minified, loaded one after the other into a world of their own.

import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import registry from "../../../bridge/src/commands.json";
import { buildLibraries } from "../build-library.mjs";
import { FakeNetwork } from "./fakes.js";

const web = fileURLToPath(new URL("../", import.meta.url));
let folder;
const built = file => readFile(`${folder}/${file}`, "utf8");

// A build and a compiler's run are what they are on a busy machine.
const PATIENCE_MS = 120_000;
vi.setConfig({ testTimeout: PATIENCE_MS });

beforeAll(async () => {
  folder = await mkdtemp(`${tmpdir()}/grouploop-built-`);
  await buildLibraries(folder);
}, PATIENCE_MS);
afterAll(() => rm(folder, { recursive: true }));

test("grouploop.js is one small module that needs no other, and says what it is", async () => {
  const text = await built("grouploop.js");
  expect(text.startsWith("/*! GroupLoop grouploop.js")).toBe(true);
  expect(gzipSync(text).length).toBeLessThan(10 * 1024);
  expect(text).not.toMatch(/\bimport\s*[({"']/);
  const module = await import(/* @vite-ignore */ pathToFileURL(`${folder}/grouploop.js`).href);
  expect(Object.keys(module)).toEqual(expect.arrayContaining(["connect", "sketch", "connectDevice", "encodeFrame", "parseCommand"]));
});

test("its types stand alone, and are those of what it exports", async () => {
  const types = await built("grouploop.d.ts");
  expect(types).not.toMatch(/^import |from "/m);
  const module = await import(/* @vite-ignore */ pathToFileURL(`${folder}/grouploop.js`).href);
  const values = Object.keys(module).map(name => `void library.${name};`).join("\n");
  const app = `
    import * as library from "./grouploop.js";
    import { connect, sketch, connectDevice, type Device, type CommandAnswer } from "./grouploop.js";
    ${values}
    const hub = connect("ws://localhost:5003/", { space: "blue", devices: ["1a2b"], rate: 30, token: "x" });
    const undo: () => void = hub.on("frame", (device: Device) => device.ax.toFixed());
    const answer: Promise<CommandAnswer> = hub.commands.led("1a2b", "orange");
    for await (const { id } of hub) id.toUpperCase();
    sketch({ rate: 60 }).devices[0]?.x.toFixed();
    connectDevice().send({ ...library.newReading(), id: 0x1a2b });
    // @ts-expect-error: a pattern that no device has
    hub.commands.pattern("1a2b", "disco");
    // @ts-expect-error: not for apps
    new library.Client();
    void [undo, answer];
    export {};`;
  await writeFile(`${folder}/app.ts`, app);
  const options = ["--noEmit", "--ignoreConfig", "--strict", "--target", "es2022", "--module", "esnext", "--lib", "es2022,dom"];
  execFileSync(process.execPath, [`${web}node_modules/typescript/bin/tsc`, ...options, `${folder}/app.ts`], { stdio: "pipe", cwd: folder });
});

/** A page that has loaded both classic scripts, and what it can be seen to do. */
async function page({ href = "http://apps.test:8000/dance/", files = { "http://apps.test:8000/static/commands.json": registry } } = {}) {
  const network = new FakeNetwork(), fetched = [], warnings = [], uncaught = [];
  class WebSocket {
    constructor(url) {
      return network.open(url);
    }
  }
  const world = createContext({
    WebSocket, URL, AbortSignal, TextEncoder, performance, Date,
    location: new URL(href),
    document: {},
    console: { warn: text => warnings.push(text) },
    fetch: async url => {
      fetched.push(url);
      return url in files ? new Response(JSON.stringify(files[url])) : new Response("", { status: 404 });
    },
    setTimeout: (...args) => setTimeout(...args), clearTimeout: timer => clearTimeout(timer),
    setInterval: (...args) => setInterval(...args), clearInterval: timer => clearInterval(timer),
    queueMicrotask: call => queueMicrotask(() => {
      try {
        call();
      } catch (error) {
        uncaught.push(error.message);
      }
    }),
  });
  world.window = world;
  for (const file of ["HitloopDevice.js", "HitloopDeviceManager.js"]) {
    world.document.currentScript = { src: `http://cdn.test:5008/js/${file}` };
    runInContext(await built(file), world);
  }
  world.document.currentScript = null;
  return { world, network, fetched, warnings, uncaught, run: code => runInContext(code, world) };
}

const FRAME = "1a2b00ff8001020304ff";

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

describe("HitloopDeviceManager", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  /** A manager that tells what it calls, on a page. */
  async function managed(options) {
    const all = await page(options);
    const manager = new all.world.HitloopDeviceManager("ws://edge.test:5003/");
    const calls = [];
    for (const name of ["onConnect", "onDisconnect", "onError", "onServerMessage", "onDeviceUpdate"]) {
      manager[name] = (...args) => calls.push([name, ...args.map(arg => arg?.message ?? arg)].join(" "));
    }
    return { ...all, manager, calls };
  }

  /** The same, connected. */
  async function connected(options) {
    const all = await managed(options);
    const done = all.manager.connect();
    await vi.waitFor(() => expect(all.network.sockets).toHaveLength(1));
    const socket = all.network.last.open();
    await done;
    return { ...all, socket };
  }

  test("begins as the contract says", async () => {
    const { world } = await page();
    const manager = new world.HitloopDeviceManager("ws://edge.test:5003/");
    expect({ ...manager, devices: [...manager.devices], lastSeen: [...manager.lastSeen] }).toEqual({
      ws: null, websocketUrl: "ws://edge.test:5003/", devices: [], lastSeen: [], inactiveTimeoutMs: 5000, commandsConfig: null,
    });
    for (const name of ["onConnect", "onDisconnect", "onError", "onServerMessage", "onDeviceUpdate"]) expect(manager[name]()).toBeUndefined();
    expect(new world.HitloopDeviceManager().websocketUrl).toBe("ws://apps.test:5003/");
    expect([manager.getAvailableCommands(), manager.getCommandInfo("led"), manager.isValidCommand("led")]).toEqual([[], null, false]);
  });

  test("connects: registry, socket, subscription; ws is the WebSocket itself", async () => {
    const { manager, network, fetched, calls } = await managed();
    const done = manager.connect();
    expect([manager.ws, calls]).toEqual([null, []]);
    await vi.waitFor(() => expect(manager.ws).not.toBeNull());
    expect(fetched).toEqual(["http://apps.test:8000/static/commands.json"]);
    expect([network.last.url, manager.ws === network.last, network.last.sent]).toEqual(["ws://edge.test:5003/", true, []]);
    network.last.open();
    expect([await done, network.last.sent, calls]).toEqual([undefined, ["s"], ["onConnect"]]);
    expect(manager.getAvailableCommands()).toEqual(Object.keys(registry.commands));
    expect([manager.getCommandInfo("led").parameters, manager.isValidCommand("led"), manager.isValidCommand("toString")]).toEqual([["color"], true, false]);
  });

  test("finds the registry where the script came from, and does without", async () => {
    const cdn = "http://cdn.test:5008/static/commands.json";
    const found = await connected({ files: { [cdn]: registry } });
    expect([found.fetched, found.manager.isValidCommand("led")]).toEqual([["http://apps.test:8000/static/commands.json", cdn], true]);
    const file = await connected({ href: "file:///home/someone/sketch.html", files: { [cdn]: registry } });
    expect(file.fetched).toEqual([cdn]);
    const none = await connected({ files: {} });
    expect([none.manager.commandsConfig, none.calls, none.warnings]).toEqual([
      null, ["onConnect"], [expect.stringMatching(/^HitloopDeviceManager: The command registry does not load: .*\(it answers 404\)/)],
    ]);
  });

  test("does not load a registry that is set", async () => {
    const { manager, fetched, network } = await managed();
    manager.setCommandsConfig(registry);
    void manager.connect();
    await vi.waitFor(() => expect(network.sockets).toHaveLength(1));
    expect(fetched).toEqual([]);
  });

  test("makes devices of frames, and passes other lines on", async () => {
    const { manager, socket, calls } = await connected();
    calls.length = 0;
    socket.hear(`Connected to GroupLoop WebSocket server\n${FRAME}\r\n 3C4D00ff800102030400and more \n\n`);
    socket.hear(FRAME);
    socket.hear(new ArrayBuffer(20));
    socket.hear("1a2b\npong");
    expect(calls).toEqual([
      "onServerMessage Connected to GroupLoop WebSocket server", "onDeviceUpdate 1a2b", "onDeviceUpdate 3c4d", "onServerMessage 1a2b",
      "onServerMessage pong",
    ]);
    expect([[...manager.devices.keys()], manager.getDeviceCount(), manager.getAllDevices() === manager.devices]).toEqual([["1a2b", "3c4d"], 2, true]);
    const device = manager.getDevice("1a2b");
    expect([device.tap, device.ay, device.ws === manager.ws, device.commandsConfig]).toEqual([true, 255, true, registry]);
    expect(manager.lastSeen.get("1a2b")).toBe(Date.now());
    expect([manager.getDevice("ffff"), manager.parseAndUpdateDevice("nothing"), manager.parseAndUpdateDevice(FRAME)]).toEqual([undefined, false, true]);
  });

  test("knows a new device's values when it is first told of it", async () => {
    const { manager, socket } = await connected();
    const known = [];
    manager.onDeviceUpdate = id => known.push(manager.getDevice(id).ay, manager.lastSeen.has(id));
    socket.hear(FRAME);
    expect(known).toEqual([255, true]);
  });

  test("an app's mistake costs no other device", async () => {
    const { manager, socket, uncaught } = await connected();
    manager.onDeviceUpdate = () => {
      throw new Error("the app's own");
    };
    manager.onServerMessage = null;
    socket.hear(`hello\n${FRAME}\n3c4d00ff800102030400`);
    await Promise.resolve();
    expect([[...manager.devices.keys()], uncaught]).toEqual([["1a2b", "3c4d"], ["the app's own", "the app's own"]]);
  });

  test("prunes every second what has been silent", async () => {
    const { manager, world, socket } = await connected();
    manager.addDevice(new world.HitloopDevice("beef"));
    socket.hear(FRAME);
    vi.advanceTimersByTime(3000);
    socket.hear("3c4d00ff800102030400");
    vi.advanceTimersByTime(2000);
    expect([...manager.devices.keys()]).toEqual(["beef", "1a2b", "3c4d"]);
    vi.advanceTimersByTime(1000);
    expect([[...manager.devices.keys()], [...manager.lastSeen.keys()]]).toEqual([["beef", "3c4d"], ["3c4d"]]);
    manager.inactiveTimeoutMs = 100;
    vi.advanceTimersByTime(1);
    manager.pruneInactive();
    expect([...manager.devices.keys()]).toEqual(["beef"]);
  });

  test("devices are added and removed by hand", async () => {
    const { manager, world, socket, calls } = await connected();
    calls.length = 0;
    const lamp = new world.HitloopDevice("beef");
    manager.addDevice(lamp);
    expect([manager.getDevice("beef") === lamp, lamp.ws === socket, lamp.commandsConfig, calls]).toEqual([true, true, registry, []]);
    socket.hear("beef00ff800102030400");
    expect([lamp.ay, calls]).toEqual([255, []]);
    manager.removeDevice("beef");
    expect([manager.getDeviceCount(), manager.lastSeen.size]).toEqual([0, 0]);
  });

  test("commands go to one device or to all that are there", async () => {
    const { manager, socket } = await connected();
    socket.hear(`${FRAME}\n3c4d00ff800102030400`);
    expect([
      manager.sendCommandToDevice("1a2b", "led", "red"), manager.sendCommandToDevice("ffff", "led", "red"),
      manager.sendCommandToDevice("1a2b", "led"), manager.sendCommandToAll("vibrate", 100), manager.sendCommandToAll("sparkle"),
    ]).toEqual([true, false, false, 2, 0]);
    expect(socket.sent.slice(1)).toEqual(["cmd:1a2b:led:red", "cmd:1a2b:vibrate:100", "cmd:3c4d:vibrate:100"]);
    expect(manager.getDevice("1a2b").color).toEqual([255, 0, 0]);
  });

  test("subclasses of both are respected", async () => {
    const { run, world, network } = await page();
    run(`
      class Lamp extends HitloopDevice { parseHexData(hex) { this.seen = super.parseHexData(hex); return this.seen; } }
      class Lamps extends HitloopDeviceManager {
        onConnect() { this.wasConnected = true; }
        parseAndUpdateDevice(hex) {
          if (!this.getDevice(hex.slice(0, 4))) this.addDevice(new Lamp(hex.slice(0, 4)));
          return super.parseAndUpdateDevice(hex);
        }
      }
      var lamps = new Lamps("ws://edge.test/"); lamps.connect();`);
    await vi.waitFor(() => expect(network.sockets).toHaveLength(1));
    network.last.open().hear(FRAME);
    expect([world.lamps.wasConnected, world.lamps.getDevice("1a2b").seen]).toEqual([true, true]);
  });

  test("an app may stand in the way of the socket's messages", async () => {
    const { manager, socket } = await connected();
    const lines = [], ours = manager.ws.onmessage;
    manager.ws.onmessage = event => {
      lines.push(event.data);
      ours.call(manager.ws, event);
    };
    socket.hear(FRAME);
    expect([lines, manager.getDeviceCount()]).toEqual([[FRAME], 1]);
  });

  describe("when the connection is lost", () => {
    test("says so, comes back, subscribes, and its devices can be commanded again", async () => {
      const { manager, socket, network, calls } = await connected();
      socket.hear(FRAME);
      calls.length = 0;
      socket.end();
      expect([calls, manager.sendCommandToDevice("1a2b", "led", "red")]).toEqual([["onDisconnect"], false]);
      vi.advanceTimersByTime(250);
      network.last.end();
      vi.advanceTimersByTime(500);
      expect([network.sockets.length, calls, manager.ws === network.last]).toEqual([3, ["onDisconnect"], true]);
      network.last.open();
      expect([calls, manager.sendCommandToDevice("1a2b", "led", "red")]).toEqual([["onDisconnect", "onConnect"], true]);
      expect(network.last.sent).toEqual(["s", "cmd:1a2b:led:red"]);
    });

    test("an app that comes back on its own makes no second connection", async () => {
      const { manager, socket, network, calls } = await connected();
      manager.onDisconnect = () => {
        calls.push("onDisconnect");
        setTimeout(() => manager.connect(), 3000);
      };
      socket.end();
      vi.advanceTimersByTime(250);
      network.last.open();
      await vi.advanceTimersByTimeAsync(10_000);
      expect([network.sockets.length, calls]).toEqual([2, ["onConnect", "onDisconnect", "onConnect"]]);
    });

    test("each connect() that fails is answered", async () => {
      const { manager, network, calls } = await managed();
      for (let tries = 1; tries <= 2; tries++) {
        const done = manager.connect();
        await vi.waitFor(() => expect(network.sockets).toHaveLength(tries));
        network.last.onerror("an event");
        network.last.end();
        await done;
      }
      expect(calls).toEqual(["onError an event", "onDisconnect", "onError an event", "onDisconnect"]);
      vi.advanceTimersByTime(5000);
      network.last.onerror("an event");
      network.last.end();
      expect([network.sockets.length, calls.length]).toEqual([3, 4]);
    });

    test("a goodbye of the app to the socket itself is one for good", async () => {
      const { manager, socket, network, calls } = await connected();
      manager.ws.close();
      socket.end(1000);
      vi.advanceTimersByTime(60_000);
      expect([network.sockets.length, calls, vi.getTimerCount()]).toEqual([1, ["onConnect", "onDisconnect"], 0]);
      void manager.connect();
      await vi.waitFor(() => expect(network.sockets).toHaveLength(2));
    });
  });

  test("disconnect() is for good, is told, and connect() begins anew", async () => {
    const { manager, socket, network, calls } = await connected();
    manager.disconnect();
    manager.disconnect();
    expect([socket.closedWith, manager.ws, vi.getTimerCount()]).toEqual([1000, null, 0]);
    socket.end(1000);
    await Promise.resolve();
    expect(calls).toEqual(["onConnect", "onDisconnect"]);
    manager.websocketUrl = "ws://other.test/";
    const done = manager.connect();
    await vi.waitFor(() => expect(network.sockets).toHaveLength(2));
    network.last.open();
    await done;
    expect([network.last.url, network.last.sent, calls.at(-1)]).toEqual(["ws://other.test/", ["s"], "onConnect"]);
  });

  test("an app may load the registry in its own way", async () => {
    const { manager, network, uncaught } = await managed();
    manager.loadCommandsConfig = () => manager.setCommandsConfig(registry);
    void manager.connect();
    await vi.waitFor(() => expect(network.sockets).toHaveLength(1));
    manager.disconnect();
    manager.setCommandsConfig(null);
    manager.loadCommandsConfig = () => {
      throw new Error("the app's own");
    };
    void manager.connect();
    await vi.waitFor(() => expect(network.sockets).toHaveLength(2));
    expect(uncaught).toEqual(["the app's own"]);
  });

  test("disconnect() while the registry loads means no connection at all", async () => {
    const { manager, network } = await managed();
    const done = manager.connect();
    manager.disconnect();
    await done;
    expect([network.sockets.length, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test("two calls of connect() make one connection", async () => {
    const { manager, network, calls } = await managed();
    const both = [manager.connect(), manager.connect()];
    await vi.waitFor(() => expect(network.sockets.length).toBeGreaterThan(0));
    network.last.open();
    await Promise.all([...both, manager.connect()]);
    expect([network.sockets.length, calls]).toEqual([1, ["onConnect"]]);
  });

  test("connect() waits neither forever nor longer than the first failure, and never rejects", async () => {
    const { manager, network } = await managed();
    const done = manager.connect();
    await vi.advanceTimersByTimeAsync(5000);
    await done;
    expect(network.last.readyState).toBe(0);
  });

  test("an address that cannot be is an error in a sentence", async () => {
    const { manager, network, calls } = await managed();
    manager.websocketUrl = "edge.test:5003";
    await manager.connect();
    expect([network.sockets.length, calls]).toEqual([0, [expect.stringMatching(/^onError "edge.test:5003" is no WebSocket URL/)]]);
    manager.websocketUrl = "ws://edge.test/";
    network.refuses = "not from here";
    await manager.connect();
    expect(calls.slice(1)).toEqual(["onError The browser refuses to connect to ws://edge.test/: not from here", "onDisconnect"]);
  });
});
