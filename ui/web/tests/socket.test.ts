// A WebSocket that comes back: when, how soon, and what people are told.

import { describe, expect, test } from "vitest";
import protocol from "../../../docs/protocol.md?raw";
import { CLOSE_CODES } from "../library/close.js";
import { Link, RETRY_CAP_MS, type Down, type LinkOptions } from "../library/socket.js";
import { FakeClock, FakeNetwork } from "./fakes.js";

function start(options: LinkOptions = {}) {
  const clock = new FakeClock(), network = new FakeNetwork();
  const link = new Link("ws://edge.test:5003/?token=secret", { clock, open: network.open, ...options });
  const downs: Down[] = [], messages: string[] = [];
  link.on("down", down => downs.push(down));
  link.on("message", message => messages.push(message));
  link.start();
  return { link, clock, network, downs, messages };
}

test("what is sent before it is open is refused, and texts come through", () => {
  const { link, network, messages } = start();
  expect([link.isOpen, link.send("s")]).toEqual([false, false]);
  network.last.open();
  expect([link.isOpen, link.send("s"), network.last.sent]).toEqual([true, true, ["s"]]);
  network.last.hear("stream:on");
  network.last.hear(new ArrayBuffer(4));
  expect(messages).toEqual(["stream:on"]);
});

test("an undo ends a subscription, its own alone", () => {
  const { link, network } = start();
  const heard: string[] = [];
  const listener = (message: string) => heard.push(message);
  const undo = link.on("message", listener);
  link.on("message", listener);
  network.last.open().hear("1");
  undo();
  undo();
  network.last.hear("2");
  expect(heard).toEqual(["1", "1", "2"]);
});

describe("coming back", () => {
  test("pauses double up to the cap, and chance takes any part of them", () => {
    const { clock, network, downs } = start();
    for (let tries = 1; tries <= 8; tries++) {
      network.last.end();
      clock.advance(RETRY_CAP_MS);
      expect(network.sockets).toHaveLength(tries + 1);
    }
    expect(downs.map(({ retryInMs }) => retryInMs)).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
    clock.chance = 0.1;
    network.last.end();
    expect(downs.at(-1)?.retryInMs).toBe(500);
  });

  test("not before the pause is over", () => {
    const { clock, network } = start();
    network.last.end();
    clock.advance(249);
    expect(network.sockets).toHaveLength(1);
    clock.advance(1);
    expect(network.sockets).toHaveLength(2);
  });

  test("a connection that lasted makes pauses small again, and one that did not does not", () => {
    const { clock, network, downs } = start();
    for (const lasts of [0, 0, 4_999, 5_000]) {
      network.last.open();
      clock.advance(lasts);
      network.last.end();
      clock.advance(RETRY_CAP_MS);
    }
    expect(downs.map(({ retryInMs }) => retryInMs)).toEqual([250, 500, 1000, 250]);
  });

  test("a restarting server says how long to wait", () => {
    const { clock, network, downs } = start();
    clock.chance = 0;
    network.last.open().end(1012, "restart retry_ms=1234");
    expect(downs[0]).toMatchObject({ wasOpen: true, retryInMs: 1234, message: "The server restarts." });
    clock.advance(1233);
    expect(network.sockets).toHaveLength(1);
    clock.advance(1);
    expect(network.sockets).toHaveLength(2);
  });

  test.each([
    ["restart retry_ms=999999999", 60_000], ["restart retry_ms=99999999999999", 125], ["restart retry_ms=-5", 125],
    ["restart retry_ms=", 125], ["restart", 125], ["", 125],
  ])("whatever a restarting server says: %j", (reason, retryInMs) => {
    const { clock, network, downs } = start();
    clock.chance = 0.5;
    network.last.open().end(1012, reason);
    expect(downs[0]?.retryInMs).toBe(retryInMs);
  });

  test("the words of a restart count for that code alone", () => {
    const { network, downs } = start();
    network.last.open().end(1001, "restart retry_ms=1234");
    expect(downs[0]?.retryInMs).toBe(250);
  });

  test.each(CLOSE_CODES.filter(({ comeBack }) => comeBack !== "yes"))("not after $code $reason", ({ code, reason }) => {
    const { link, clock, network, downs } = start();
    network.last.open().end(code, reason);
    expect(downs).toMatchObject([{ code, retryInMs: undefined }]);
    expect(clock.waiting).toBe(0);
    link.start();
    expect(network.sockets).toHaveLength(2);
  });

  test("a code that nobody knows is a reason to come back, and is shown", () => {
    const { network, downs } = start();
    network.last.open().end(4321, "because");
    expect(downs[0]).toMatchObject({ retryInMs: 250, message: "The server ended the connection (4321, because)." });
  });

  test("at once, when somebody asks for it", () => {
    const { link, clock, network } = start();
    network.last.end();
    link.start();
    link.start();
    expect(network.sockets).toHaveLength(2);
    clock.advance(9_999);
    expect(network.sockets).toHaveLength(2);
  });
});

test("a handshake that hangs is given up after 10 s", () => {
  const { clock, network, downs } = start();
  const [first] = network.sockets;
  clock.advance(10_000);
  expect(first?.closedWith).toBeUndefined();
  expect(downs).toMatchObject([{ wasOpen: false, retryInMs: 250 }]);
  // What the old one says afterwards is nobody's business.
  first?.open().hear("late");
  first?.end();
  expect(downs).toHaveLength(1);
});

test("people are told where nothing answers, without the token", () => {
  const { network, downs } = start();
  network.last.end();
  expect(downs[0]?.message).toBe("Nothing answers at ws://edge.test:5003/.");
  network.refuses = "An insecure WebSocket connection may not be initiated";
  const refused = start({ open: network.open });
  expect(refused.downs).toMatchObject([{ code: 0, retryInMs: undefined }]);
  expect(refused.downs[0]?.message).toMatch(/^The browser refuses to connect to ws:\/\/edge.test:5003\/: An insecure/);
});

describe("silence", () => {
  test("is asked about, and a pong is for nobody else", () => {
    const { clock, network, messages, downs } = start({ pingAfterMs: 10_000 });
    network.last.open();
    clock.advance(9_000);
    network.last.hear("1a2b8080ff0011223300\n");
    clock.advance(9_999);
    expect(network.last.sent).toEqual([]);
    clock.advance(1);
    expect(network.last.sent).toEqual(["ping"]);
    network.last.hear("pong");
    clock.advance(9_999);
    expect(network.last.sent).toEqual(["ping"]);
    clock.advance(1);
    expect(network.last.sent).toEqual(["ping", "ping"]);
    network.last.hear("pong");
    network.last.hear("pong");
    expect([messages, downs]).toEqual([["1a2b8080ff0011223300\n", "pong"], []]);
  });

  test("after the question is the end of the connection", () => {
    const { clock, network, downs } = start({ pingAfterMs: 10_000 });
    const dead = network.last.open();
    clock.advance(19_999);
    expect(downs).toEqual([]);
    clock.advance(1);
    expect(downs).toMatchObject([{ code: 1006, wasOpen: true, message: "The connection is lost." }]);
    expect(dead.closedWith).toBeUndefined();
    clock.advance(250);
    expect(network.sockets).toHaveLength(2);
  });

  test("is nobody's concern without the option", () => {
    const { clock, network, downs } = start();
    network.last.open();
    clock.advance(1e9);
    expect([network.last.sent, downs, clock.waiting]).toEqual([[], [], 0]);
  });
});

test("closing it is quiet and for good", () => {
  const { link, clock, network, downs } = start({ pingAfterMs: 10_000 });
  network.last.open();
  link.close();
  network.last.end(1000);
  expect([network.last.closedWith, link.isOpen, link.raw, downs, clock.waiting]).toEqual([1000, false, undefined, [], 0]);
  const other = start();
  other.network.last.end();
  other.link.close();
  other.clock.advance(1e9);
  expect([other.network.sockets.length, other.clock.waiting]).toEqual([1, 0]);
});

test("the table of close codes is that of the protocol's documentation", () => {
  const rows = [...protocol.matchAll(/^\| (\d{4}) \| ([^|]+) \| [^|]+ \| ([^|]*) ?\|$/gm)];
  expect(rows.length).toBeGreaterThan(5);
  for (const [, code, reasons = "", comeBack = ""] of rows) {
    const row = CLOSE_CODES.find(row => row.code === Number(code));
    expect(row?.comeBack, code).toBe(comeBack.trim() || "no");
    const said = [...reasons.matchAll(/`(\w+)/g)].map(([, reason]) => reason);
    // Two reasons share a code: both are a matter of time.
    if (said.length === 1) expect(row?.reason, code).toBe(said[0]);
  }
});
