// A connection as an app sees it: answers in their order, the newest frames, who is there, and whether it is live.

import { afterEach, describe, expect, test, vi } from "vitest";
import builtIn from "../../../bridge/src/commands.json";
import type { CommandAnswer, ConnectOptions, Device, Registry } from "../library/api.js";
import { MAX_WAITING } from "../library/answers.js";
import { Client } from "../library/client.js";
import { FakeClock, FakeNetwork } from "./fakes.js";

const registry = builtIn as Registry;
const frame = (id: string, ax = "80", tap = "00") => `${id}${ax}80bf00112233${tap}\n`;

async function start(options: ConnectOptions = {}, url = "ws://edge.test:5003/") {
  const clock = new FakeClock(), network = new FakeNetwork();
  const hub = new Client(url, { registry, ...options }, undefined, { clock, open: network.open });
  const seen: string[] = [];
  for (const event of ["state", "message", "problem"] as const) hub.on(event, text => seen.push(`${event} ${text}`));
  for (const event of ["join", "leave"] as const) hub.on(event, ({ id }) => seen.push(`${event} ${id}`));
  await hub.registry.catch(() => {});
  return { hub, clock, network, seen };
}

async function live(options?: ConnectOptions) {
  const all = await start(options);
  const socket = all.network.last.open();
  return { ...all, socket };
}

afterEach(() => vi.unstubAllGlobals());

describe("frames", () => {
  test("make devices, which keep their objects", async () => {
    const { hub, socket, seen } = await live();
    expect(socket.sent).toEqual(["s"]);
    socket.hear(frame("1a2b", "ff", "ff"));
    const device = hub.devices.get("1a2b");
    expect(device).toEqual({
      id: "1a2b", ax: 255, ay: 128, az: 191, dNW: 0, dNE: 17, dSE: 34, dSW: 51, tap: true, seenMs: 0, frames: 1,
    });
    socket.hear(frame("1A2B", "00") + frame("0001"));
    expect(hub.devices.get("1a2b")).toBe(device);
    expect(device).toMatchObject({ ax: 0, tap: false, frames: 2 });
    expect([...hub.devices.keys()]).toEqual(["1a2b", "0001"]);
    expect(seen).toEqual(["state stale", "state live", "join 1a2b", "join 0001"]);
  });

  test("each is told, in its order, with what it says", async () => {
    const { hub, socket } = await live();
    const heard: string[] = [];
    hub.on("frame", ({ id, ax, frames }) => heard.push(`${id} ${ax} ${frames}`));
    socket.hear(frame("0001", "01") + frame("0002", "02") + frame("0001", "03"));
    expect(heard).toEqual(["0001 1 1", "0002 2 1", "0001 3 2"]);
  });

  test("those of a watched device are told as they came", async () => {
    const { hub, socket } = await live();
    const heard: string[] = [];
    const undo = hub.watch("1A2B", digits => heard.push(digits));
    hub.watch("nobody", digits => heard.push(digits));
    socket.hear(` 1A2B0180bf001122337f \n${frame("0001")}${frame("1a2b", "ff")}`);
    undo();
    socket.hear(frame("1a2b"));
    expect(heard).toEqual(["1a2b0180bf001122337f", "1a2bff80bf0011223300"]);
  });

  test("a listener that throws stops no other, and its error is not lost", async () => {
    const { hub, socket } = await live();
    const later: (() => void)[] = [];
    vi.stubGlobal("queueMicrotask", (call: () => void) => later.push(call));
    const heard: string[] = [];
    hub.on("frame", ({ id }) => {
      if (id === "1a2b") throw new Error("the app's own mistake");
    });
    hub.on("frame", ({ id }) => heard.push(id));
    socket.hear(frame("1a2b") + frame("0001"));
    expect(heard).toEqual(["1a2b", "0001"]);
    expect(later).toHaveLength(1);
    expect(later[0]).toThrow("the app's own mistake");
  });
});

describe("as a loop", () => {
  const take = async (loop: AsyncIterator<Device>, count: number) => {
    const taken = [];
    for (let i = 0; i < count; i++) taken.push((await loop.next()).value as Device);
    return taken.map(({ id, ax, tap, frames }) => `${id} ${ax} ${tap} ${frames}`);
  };

  test("a slow one gets the newest of each device, with a tap of those in between", async () => {
    const { hub, socket } = await live();
    const loop = hub[Symbol.asyncIterator]();
    socket.hear(frame("0001", "01", "ff") + frame("0002", "02") + frame("0001", "03"));
    expect(await take(loop, 2)).toEqual(["0001 3 true 2", "0002 2 false 1"]);
    socket.hear(frame("0001", "04"));
    expect(await take(loop, 1)).toEqual(["0001 4 false 3"]);
  });

  test("what it gives does not change any more", async () => {
    const { hub, socket } = await live();
    const loop = hub[Symbol.asyncIterator]();
    socket.hear(frame("0001", "01"));
    const { value } = await loop.next();
    socket.hear(frame("0001", "02"));
    expect(value.ax).toBe(1);
  });

  test("a fast one waits; many askers get one each", async () => {
    const { hub, socket } = await live();
    const loop = hub[Symbol.asyncIterator]();
    const both = Promise.all([loop.next(), loop.next()]);
    socket.hear(frame("0001", "01") + frame("0001", "02"));
    expect((await both).map(({ value }) => value.ax)).toEqual([1, 2]);
  });

  test("it ends with a break, and then nothing is kept for it", async () => {
    const { hub, socket } = await live();
    setTimeout(() => socket.hear(frame("0001", "01")));
    for await (const device of hub) {
      expect(device.id).toBe("0001");
      break;
    }
    const loop = hub[Symbol.asyncIterator]();
    const asked = loop.next();
    await loop.return?.();
    socket.hear(frame("0001", "02"));
    expect([await asked, await loop.next()]).toEqual(Array(2).fill({ done: true, value: undefined }));
  });

  test("it ends with the connection, also one that begins later", async () => {
    const { hub, socket } = await live();
    const loop = hub[Symbol.asyncIterator]();
    const asked = loop.next();
    hub.close();
    socket.hear(frame("0001", "02"));
    const late = hub[Symbol.asyncIterator]();
    expect([await asked, await loop.next(), await late.next()]).toEqual(Array(3).fill({ done: true, value: undefined }));
  });
});

describe("who is there", () => {
  test("a silent device leaves after its time, and may come again", async () => {
    const { hub, clock, socket, seen } = await live({ goneAfterMs: 3_000 });
    socket.hear(frame("0001") + frame("0002"));
    clock.advance(2_000);
    socket.hear(frame("0002"));
    seen.length = 0;
    clock.advance(1_000);
    expect(seen).toEqual([]);
    clock.advance(250);
    expect(seen).toEqual(["leave 0001"]);
    socket.hear(frame("0001"));
    expect(hub.devices.get("0001")?.frames).toBe(1);
    expect(seen).toEqual(["leave 0001", "join 0001"]);
  });

  test("a connection that is lost for a moment takes nobody away; one that is closed takes all", async () => {
    const { hub, clock, network, socket, seen } = await live();
    socket.hear(frame("0001"));
    const device = hub.devices.get("0001");
    socket.end(1012, "restart retry_ms=100");
    clock.advance(100);
    network.last.open().hear(frame("0001"));
    expect(hub.devices.get("0001")).toBe(device);
    hub.close();
    hub.close();
    expect([hub.devices.size, network.last.closedWith, clock.waiting]).toEqual([0, 1000, 0]);
    expect(seen.slice(-3)).toEqual(["state live", "leave 0001", "state disconnected"]);
  });
});

test("one that is closed in the middle of a message takes nothing more", async () => {
  const { hub, socket, seen } = await live();
  hub.on("frame", () => hub.close());
  socket.hear(frame("0001") + frame("0002"));
  expect(seen).toEqual(["state stale", "state live", "join 0001", "leave 0001", "state disconnected"]);
  expect(hub.devices.size).toBe(0);
});

describe("the state", () => {
  test("is live with frames, stale without, disconnected without a connection", async () => {
    const { hub, clock, network, seen } = await start();
    expect([hub.state, hub.ageMs]).toEqual(["disconnected", undefined]);
    const socket = network.last.open();
    expect(hub.state).toBe("stale");
    clock.advance(100);
    socket.hear(frame("0001"));
    clock.advance(2_000);
    expect([hub.state, hub.ageMs]).toEqual(["live", 2_000]);
    clock.advance(250);
    expect([hub.state, hub.ageMs]).toEqual(["stale", 2_250]);
    socket.hear(frame("0001"));
    expect(hub.state).toBe("live");
    socket.end();
    expect([hub.state, hub.problem]).toEqual(["disconnected", "The connection is lost."]);
    clock.advance(250);
    network.last.end();
    expect(hub.problem).toBe("Nothing answers at ws://edge.test:5003/.");
    clock.advance(500);
    network.last.open();
    expect([hub.state, hub.problem]).toEqual(["live", undefined]);
    expect(seen.filter(line => !line.startsWith("join"))).toEqual([
      "state stale", "state live", "state stale", "state live", "state disconnected", "problem The connection is lost.",
      "problem Nothing answers at ws://edge.test:5003/.", "state live",
    ]);
  });

  test("a problem that stays is told once", async () => {
    const { clock, network, seen } = await start();
    for (let tries = 0; tries < 5; tries++) {
      network.last.end();
      clock.advance(5_000);
    }
    expect(seen).toEqual(["problem Nothing answers at ws://edge.test:5003/."]);
  });

  test("one that comes back subscribes again, as it did before", async () => {
    const { clock, network, socket } = await live({ devices: ["1A2B", "0001"], rate: 30 });
    expect(socket.sent).toEqual(["s:devices=1A2B,0001&rate=30"]);
    socket.end();
    clock.advance(250);
    expect(network.last.open().sent).toEqual(["s:devices=1A2B,0001&rate=30"]);
  });

  test("when it must not come back, it says so", async () => {
    const { clock, hub, network, socket } = await live();
    socket.end(1009, "message_too_big");
    clock.advance(1e6);
    expect(network.sockets).toHaveLength(1);
    expect(hub.problem).toBe("This page sent a message over 64 KiB. It does not try again.");
  });
});

test("other lines are messages, and a refused subscription is a problem", async () => {
  const { socket, seen } = await live();
  socket.hear("Connected to GroupLoop WebSocket server");
  socket.hear("stream:on");
  socket.hear("stream:error:invalid_rate");
  expect(seen.slice(1)).toEqual([
    "message Connected to GroupLoop WebSocket server", "message stream:on",
    "problem The server refuses the subscription: stream:error:invalid_rate.",
  ]);
});

describe("commands", () => {
  const result = (line: string) => `cmd:result:${line}`;
  const brief = ({ ok, answer, count }: CommandAnswer) => `${ok} ${answer} ${count}`;

  test("answers belong to commands in their order", async () => {
    const { hub, socket } = await live();
    const answers = [hub.send("1A2B", "led", "#ff0000"), hub.send("all", "vibrate", 200), hub.commands.led_set("1a2b", 5, "cyan")];
    expect(socket.sent.slice(1)).toEqual(["cmd:1A2B:led:#ff0000", "cmd:all:vibrate:200", "cmd:1a2b:led_set:5:cyan"]);
    for (const line of ["success", "sent_to_3_devices", "failed"]) socket.hear(result(line));
    expect((await Promise.all(answers)).map(brief)).toEqual([
      "true result:success 1", "true result:sent_to_3_devices 3", "false result:failed 0",
    ]);
    expect((await Promise.all(answers)).map(({ message }) => message)).toEqual([
      "Written to the device.", "Written to 3 devices.", "No such device is connected, or it does not take commands.",
    ]);
  });

  test("an answer that is late is not taken for the next one's", async () => {
    const { hub, clock, socket } = await live({ answerWithinMs: 1_000 });
    const first = hub.send("0001", "status");
    clock.advance(500);
    const second = hub.send("0002", "status");
    clock.advance(500);
    expect(brief(await first)).toBe("false error:no_answer 0");
    socket.hear(result("success"));
    socket.hear(result("failed"));
    expect(brief(await second)).toBe("false result:failed 0");
    expect(brief(await first)).toBe("false error:no_answer 0");
  });

  test("no command waits longer than its connection", async () => {
    const { hub, clock, network, socket } = await live();
    const answers = [hub.send("0001", "status"), hub.send("0002", "status")];
    socket.end();
    expect((await Promise.all(answers)).map(({ answer }) => answer)).toEqual(Array(2).fill("error:connection_lost"));
    expect((await hub.send("0001", "status")).answer).toBe("error:not_connected");
    clock.advance(250);
    network.last.open();
    const next = hub.send("0003", "status");
    network.last.hear(result("success"));
    expect((await next).ok).toBe(true);
    const last = hub.send("0003", "status");
    hub.close();
    expect((await last).answer).toBe("error:connection_lost");
  });

  test("an answer that nobody waits for harms nobody", async () => {
    const { hub, socket, seen } = await live();
    socket.hear(result("success"));
    const answer = hub.send("0001", "status");
    socket.hear("cmd:error:a_new_reason");
    expect(await answer).toEqual({ ok: false, answer: "error:a_new_reason", count: 0, message: "The server says error:a_new_reason." });
    expect(seen).toEqual(["state stale"]);
  });

  test("only so many wait", async () => {
    const { hub, socket } = await live();
    for (let i = 0; i < MAX_WAITING; i++) void hub.send("0001", "status");
    expect((await hub.send("0001", "status")).answer).toBe("error:too_many");
    expect(socket.sent).toHaveLength(1 + MAX_WAITING);
    socket.hear(result("success"));
    void hub.send("0001", "status");
    expect(socket.sent).toHaveLength(2 + MAX_WAITING);
    socket.end();
  });

  test("what does not fit is not sent", async () => {
    const { hub, socket } = await live();
    const answers = await Promise.all([
      hub.commands.led("1a2b", "mauve"), hub.commands.brightness("all", 256), hub.send("1a2b", "led_set", 3), hub.send("1a2", "status"),
      hub.send("1a2b:led:red\ncmd:all", "status"), hub.send("1a2b", "ota", `http://h/${"x".repeat(5000)}`),
    ]);
    expect(answers.map(({ ok, answer }) => `${ok} ${answer}`)).toEqual([
      "false error:invalid_parameter", "false error:invalid_parameter", "false error:missing_parameters", "false error:invalid_target",
      "false error:invalid_target", "false error:too_long",
    ]);
    expect(answers[1]?.message).toBe('level of brightness is "256": it must be a whole number from 0 to 255.');
    expect(socket.sent).toEqual(["s"]);
  });

  test("one that is not in the registry here is the server's to refuse", async () => {
    const { hub, socket } = await live();
    const answer = hub.send("1a2b", "sparkle", "red");
    socket.hear("cmd:error:unknown_command");
    expect(await answer).toMatchObject({ ok: false, answer: "error:unknown_command" });
    expect(socket.sent).toContain("cmd:1a2b:sparkle:red");
  });

  test("one that would end the connection is not sent", async () => {
    const { hub, socket } = await live();
    expect((await hub.send("1a2b", "sparkle", "é".repeat(32 * 1024))).answer).toBe("error:too_long");
    expect(socket.sent).toEqual(["s"]);
  });

  test("the functions for commands are no promise", async () => {
    const { hub } = await live();
    expect(await hub.commands).toBe(hub.commands);
  });
});

describe("what cannot be is a problem, in a sentence", () => {
  test.each<[ConnectOptions, string]>([
    [{ devices: ["1a2b", "lamp"] }, '"lamp" is no device id: it must be 4 hex digits such as 1a2b.'],
    [{ devices: [] }, "devices must be 1 to 1024 ids, not 0."],
    [{ rate: 0 }, "rate must be a whole number from 1 to 100, not 0."],
    [{ rate: 2.5 }, "rate must be a whole number from 1 to 100, not 2.5."],
    [{ space: "Blue Room" }, '"Blue Room" is no name of a space: it must be 1 to 32 of a-z, 0-9 and -.'],
  ])("%j", async (options, problem) => {
    const { hub, clock, network, seen } = await start(options);
    expect([seen, hub.problem, hub.state, network.sockets.length]).toEqual([[`problem ${problem}`], problem, "disconnected", 0]);
    expect((await hub.send("1a2b", "status")).answer).toBe("error:not_connected");
    hub.close();
    expect(clock.waiting).toBe(0);
  });

  test("a registry that does not load, and then commands go to the server unchecked", async () => {
    vi.stubGlobal("fetch", async () => new Response("", { status: 404 }));
    const { hub, network, seen } = await start({ registry: "http://cdn.test/static/commands.json" });
    const problem = "The command registry does not load: http://cdn.test/static/commands.json (it answers 404).";
    await expect(hub.registry).rejects.toThrow(problem);
    expect(seen).toEqual([`problem ${problem}`]);
    void hub.commands.led("1a2b", "mauve");
    void network.last.open();
    void hub.commands.led("1a2b", "mauve");
    expect(network.last.sent).toEqual(["s", "cmd:1a2b:led:mauve"]);
    hub.close();
  });

  test("one that was closed before it began does nothing", async () => {
    const clock = new FakeClock(), network = new FakeNetwork();
    const hub = new Client("ws://edge.test/", { registry }, undefined, { clock, open: network.open });
    hub.close();
    await hub.registry;
    expect([network.sockets.length, clock.waiting]).toEqual([0, 0]);
  });
});
