// The class that keeps the connection and its devices, as apps of the prototype use it.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import registry from "../../../../bridge/src/commands.json";
import { FRAME, page } from "./world.js";

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
