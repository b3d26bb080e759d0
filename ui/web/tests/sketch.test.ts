// A connection as a sketch asks it from draw(), and a page that is a device.

import { afterEach, expect, test, vi } from "vitest";
import builtIn from "../../../bridge/src/commands.json";
import type { Registry } from "../library/api.js";
import { Client } from "../library/client.js";
import { DeviceConnection } from "../library/device.js";
import { floorPosition } from "../library/position.js";
import { SketchOf } from "../library/sketch.js";
import { newReading } from "../library/wire.js";
import { FakeClock, FakeNetwork } from "./fakes.js";

async function start() {
  const clock = new FakeClock(), network = new FakeNetwork();
  const client = new Client("ws://edge.test/", { registry: builtIn as Registry }, undefined, { clock, open: network.open });
  const sketch = new SketchOf(client, clock.now);
  await client.registry;
  const socket = network.last.open();
  const tap = (...taps: string[]) => taps.forEach(tap => socket.hear(`1a2b008080ff000000${tap}`));
  return { sketch, clock, network, socket, tap };
}

afterEach(() => vi.restoreAllMocks());

test("devices are in the units of a sketch, and the same objects as long as they are there", async () => {
  const { sketch, clock, socket } = await start();
  expect([sketch.state, sketch.devices]).toEqual(["stale", []]);
  socket.hear("1a2b0080ffff00003300");
  const [device] = sketch.devices;
  clock.advance(40);
  const { id, ax, ay, az, dNW, dNE, dSE, dSW, tap, ageMs } = device!;
  expect({ id, ax, az, dNW, dNE, dSE, dSW, tap, ageMs }).toEqual({
    id: "1a2b", ax: -2, az: 2, dNW: 1, dNE: 0, dSE: 0, dSW: 0.2, tap: false, ageMs: 40,
  });
  expect(ay).toBeCloseTo(0, 1);
  expect([device!.x, device!.y]).toEqual([0, expect.closeTo(1 / (1 + 2 ** (204 / 16)), 8)]);
  socket.hear("1a2bff80ff0000000000");
  expect([sketch.device("1A2B") === device, device!.ax, device!.x, device!.y]).toEqual([true, 2, 0.5, 0.5]);
  expect(sketch.devices).toBe(sketch.devices);
  clock.advance(6_000);
  expect([sketch.devices, sketch.device("1a2b")]).toEqual([[], undefined]);
});

test("a tap is told once, however many frames it lasts", async () => {
  const { sketch, tap } = await start();
  const tapped = () => sketch.tapped("1A2B");
  expect(tapped()).toBe(false);
  tap("00", "ff", "ff");
  expect([sketch.tapped(sketch.devices[0]!), tapped()]).toEqual([true, false]);
  tap("ff", "00", "ff", "00", "ff", "00");
  expect([tapped(), tapped(), tapped()]).toEqual([true, true, false]);
});

test("a tap that nobody asks for is forgotten after a second", async () => {
  const { sketch, clock, tap } = await start();
  tap("ff", "00", "ff", "00");
  clock.advance(1_000);
  expect(sketch.tapped("1a2b")).toBe(true);
  clock.advance(1);
  expect(sketch.tapped("1a2b")).toBe(false);
  tap("ff", "00");
  clock.advance(1_001);
  tap("ff");
  expect([sketch.tapped("1a2b"), sketch.tapped("1a2b")]).toEqual([true, false]);
});

test("colours of all kinds, and the motor", async () => {
  const { sketch, socket } = await start();
  sketch.led("1A2B", "orange");
  sketch.led("all", [255, 127.6, -5]);
  sketch.led("all", [7]);
  sketch.led("all", { levels: [0, 128, 255, 64] });
  sketch.vibrate("1a2b", 99.6);
  sketch.vibrate("all");
  expect(socket.sent.slice(1)).toEqual([
    "cmd:1a2b:led:orange", "cmd:all:led:ff8000", "cmd:all:led:070707", "cmd:all:led:0080ff", "cmd:1a2b:vibrate:100",
    "cmd:all:vibrate:200",
  ]);
});

test("what goes wrong is on the console", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { sketch, socket } = await start();
  sketch.led("1a2b", "mauve");
  socket.end();
  await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(2));
  expect(warn.mock.calls.flat()).toEqual([
    "GroupLoop: The connection is lost.",
    expect.stringMatching(/^GroupLoop: color of led is "mauve": it must be a colour/),
  ]);
  sketch.close();
});

test("the floor", () => {
  const at = (dNW: number, dNE: number, dSE: number, dSW: number) => Object.values(floorPosition({ dNW, dNE, dSE, dSW }));
  expect(at(9, 0, 0, 0)).toEqual([0, 0]);
  expect(at(0, 0, 9, 0)).toEqual([1, 1]);
  expect(at(5, 5, 0, 0)).toEqual([0.5, 0]);
  expect(at(0, 0, 0, 0)).toEqual([0.5, 0.5]);
});

test("where a wearable really is, on a floor of 12 m by 9 m whose beacons hang 1 m over it, is told within one and a half", () => {
  const signal = (x: number, y: number) => Math.round(255 - 16 * Math.log2(x * x + y * y + 1));
  for (const [x, y] of [[6, 4.5], [3, 4.5], [9, 6], [1, 1], [11, 4.5], [6, 8]] as const) {
    const readings = { dNW: signal(x, y), dNE: signal(12 - x, y), dSE: signal(12 - x, 9 - y), dSW: signal(x, 9 - y) };
    const told = floorPosition(readings);
    expect(Math.hypot(told.x * 12 - x, told.y * 9 - y), `${x}, ${y} is told as ${told.x * 12}, ${told.y * 9}`).toBeLessThan(1.5);
  }
});

test("a page that is a device sends frames and hears commands", async () => {
  const clock = new FakeClock(), network = new FakeNetwork();
  const device = new DeviceConnection("ws://edge.test/", { space: "blue" }, undefined, { clock, open: network.open });
  const heard: unknown[] = [];
  for (const event of ["open", "down", "command"] as const) device.on(event, detail => heard.push([event, detail]));
  expect([device.url, device.isOpen, device.send(newReading())]).toEqual(["ws://edge.test/spaces/blue", false, false]);
  await Promise.resolve();
  const socket = network.last.open();
  expect(device.send({ ...newReading(), id: 0x1a2b, tap: true })).toBe(true);
  expect([device.isOpen, socket.sent]).toEqual([true, ["1a2b00000000000000ff"]]);
  socket.hear("Connected to GroupLoop WebSocket server");
  socket.hear("led:ff0000");
  socket.bufferedAmount = 513;
  expect([device.send(newReading()), device.dropped]).toEqual([false, 2]);
  socket.end();
  expect(heard).toEqual([
    ["open", undefined], ["command", { command: "led", parameters: "ff0000" }],
    ["down", { message: "The connection is lost.", retryInMs: 250 }],
  ]);
  device.close();
  expect(clock.waiting).toBe(0);
});

test("a device whose address cannot be is told so", async () => {
  const network = new FakeNetwork();
  const device = new DeviceConnection("edge.test", {}, undefined, { open: network.open });
  const downs: string[] = [];
  device.on("down", ({ message, retryInMs }) => downs.push(`${message} ${retryInMs}`));
  await Promise.resolve();
  expect(downs).toEqual([expect.stringMatching(/^"edge.test" is no WebSocket URL: .* undefined$/)]);
  expect(network.sockets).toEqual([]);
});
