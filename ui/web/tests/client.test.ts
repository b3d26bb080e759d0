// A connection as an app sees it: answers in their order, the newest frames, who is there, and whether it is live.

import { describe, expect, test, vi } from "vitest";
import builtIn from "../../../bridge/src/commands.json";
import type { ConnectOptions, Device, Registry } from "../library/api.js";
import { Client } from "../library/client.js";
import { FakeClock, FakeNetwork } from "./fakes.js";

const registry = builtIn as Registry;
const frame = (id: string, ax = "80", tap = "00") => `${id}${ax}80bf00112233${tap}\n`;

function start(options: ConnectOptions = {}, url = "ws://edge.test:5003/") {
  const clock = new FakeClock(), network = new FakeNetwork();
  const hub = new Client(url, { registry, ...options }, undefined, { clock, open: network.open });
  const seen: string[] = [];
  for (const event of ["state", "message", "problem"] as const) hub.on(event, text => seen.push(`${event} ${text}`));
  for (const event of ["join", "leave"] as const) hub.on(event, ({ id }) => seen.push(`${event} ${id}`));
  return { hub, clock, network, seen };
}

async function live(options?: ConnectOptions) {
  const all = start(options);
  await all.hub.registry;
  all.network.last.open();
  return { ...all, socket: all.network.last };
}

describe("frames", () => {
  test("make devices, which keep their objects", async () => {
    const { hub, socket, seen } = await live();
    expect(socket.sent).toEqual(["s"]);
    socket.hear(frame("1a2b", "ff", "ff"));
    const device = hub.devices.get("1a2b");
    expect(device).toMatchObject({ id: "1a2b", ax: 255, ay: 128, az: 191, dNW: 0, dNE: 17, dSE: 34, dSW: 51, tap: true, frames: 1 });
    socket.hear(frame("1a2b", "00") + frame("0001"));
    expect(hub.devices.get("1a2b")).toBe(device);
    expect(device).toMatchObject({ ax: 0, tap: false, frames: 2 });
    expect([...hub.devices.keys()]).toEqual(["1a2b", "0001"]);
    expect(seen).toEqual(["state stale", "state live", "join 1a2b", "join 0001"]);
  });

  test("a listener that throws stops no other", async () => {
    const { hub, socket } = await live();
    const uncaught = vi.fn();
    process.once("uncaughtException", uncaught);
    const heard: string[] = [];
    hub.on("frame", ({ id }) => {
      if (id === "1a2b") throw new Error("the app's own mistake");
    });
    const undo = hub.on("frame", ({ id }) => heard.push(id));
    socket.hear(frame("1a2b") + frame("0001"));
    undo();
    socket.hear(frame("1a2b"));
    expect(heard).toEqual(["1a2b", "0001"]);
    await vi.waitFor(() => expect(uncaught).toHaveBeenCalled());
  });
});
