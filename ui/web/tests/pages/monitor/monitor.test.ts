import { describe, expect, test } from "vitest";
import { History } from "../../../pages/monitor/history";
import { held, matcher, sorted } from "../../../pages/monitor/order";
import { hashOf, type Route, routeOf } from "../../../pages/monitor/route";
import { EventReader } from "../../../pages/monitor/sse";
import { exampleSystem, LARGE } from "./example";

describe("events", () => {
  const text = 'event: system\ndata: {"at":1}\n\n: alive\n\ndata: one\r\ndata:two\r\n\r\nevent: message\ndata: ü\n\n';

  test("are read however their stream is cut into pieces", () => {
    const whole = new EventReader().read(text);
    expect(whole).toEqual([{ event: "system", data: '{"at":1}' }, { event: "message", data: "one\ntwo" }, { event: "message", data: "ü" }]);
    for (let size = 1; size < text.length; size++) {
      const reader = new EventReader();
      const found = [];
      for (let at = 0; at < text.length; at += size) found.push(...reader.read(text.slice(at, at + size)));
      expect(found, `pieces of ${size}`).toEqual(whole);
    }
  });

  test("wait for their end", () => {
    const reader = new EventReader();
    expect(reader.read("data: a\n")).toEqual([]);
    expect(reader.read("\ndata: b")).toEqual([{ event: "message", data: "a" }]);
  });

  test("without an end do not fill the memory", () => {
    const reader = new EventReader();
    for (let piece = 0; piece < 10; piece++) expect(reader.read("x".repeat(1024 * 1024))).toEqual([]);
    expect(reader.read("\n\ndata: a\n\n")).toContainEqual({ event: "message", data: "a" });
  });
});

describe("places", () => {
  test.each<[string, Route]>([
    ["#/", { at: "system", find: "" }],
    ["#/?find=edge+led", { at: "system", find: "edge led" }],
    ["#/spaces/class-3b", { at: "space", space: "class-3b" }],
    ["#/spaces/class-3b/devices/1a2b", { at: "device", space: "class-3b", device: "1a2b" }],
    ["#/nodes/edge-1", { at: "node", node: "edge-1" }],
    ["#/tap", { at: "tap", subject: "", device: "" }],
    ["#/tap?subject=gl.space.*.%3E&device=1a2b", { at: "tap", subject: "gl.space.*.>", device: "1a2b" }],
  ])("%s is an address and a place", (hash, route) => {
    expect(routeOf(hash)).toEqual(route);
    expect(hashOf(route)).toBe(hash);
  });

  test.each(["", "#", "#x", "#/spaces", "#/spaces/", "#/spaces/a/devices", "#/spaces/a/other/1a2b", "#/nodes//", "#/%"])("%s is the whole", hash => {
    expect(routeOf(hash)).toEqual({ at: "system", find: "" });
  });

  test("names that are no part of an address come back as they were", () => {
    const route: Route = { at: "space", space: "a/b?c#d%" };
    expect(routeOf(hashOf(route))).toEqual(route);
  });
});

describe("rows", () => {
  const rows = [{ id: "a", n: 2 }, { id: "b", n: 9 }, { id: "c", n: 2 }];
  const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).join("");

  test("are sorted by what is asked for, else they stay", () => {
    expect([ids(sorted(rows, undefined, true)), ids(sorted(rows, ({ n }) => n, true)), ids(sorted(rows, ({ n }) => n, false)), ids(sorted(rows, ({ id }) => id, true))])
      .toEqual(["abc", "bac", "acb", "cba"]);
    expect(ids(sorted([{ id: "edge-10" }, { id: "edge-9" }], ({ id }) => id, false))).toBe("edge-9edge-10");
  });

  test("keep their places while they are held, and new ones come last", () => {
    expect(ids(held(rows, ({ id }) => id, new Map([["c", 0], ["a", 1]])))).toBe("cab");
  });

  test("are found by every word of a search", () => {
    const isFound = matcher(" Edge-1  tele ");
    expect([isFound(["gl.space.main.telemetry.edge-1"]), isFound(["telemetry", "edge-1"]), isFound(["telemetry", null]), matcher("")([])]).toEqual([true, true, false, true]);
  });
});

describe("the last minute", () => {
  test("of a subject is what came once a second, of those that are there", () => {
    const history = new History();
    const subject = "gl.node.edge-1";
    for (let second = 0; second < 90; second++) history.take(exampleSystem(LARGE, second));
    expect([history.of(subject).length, history.total("devices").length, history.of("gl.registry").length]).toEqual([60, 60, 0]);
    history.take(exampleSystem(LARGE, 90, { subjects: [] }));
    expect(history.of(subject)).toEqual([]);
  });

  test("is what the monitor says it was, when it does", () => {
    const history = new History();
    const [first] = exampleSystem().subjects;
    history.take(exampleSystem(LARGE, 0, { subjects: [{ ...first!, history: [1, 2, 3] }] }));
    history.take(exampleSystem(LARGE, 1, { subjects: [{ ...first!, messages_per_s: 4 }] }));
    expect(history.of(first!.subject)).toEqual([1, 2, 3, 4]);
    history.clear();
    expect(history.of(first!.subject)).toEqual([]);
  });
});

test("the example is as large as the page must stay quick with", () => {
  const { subjects, spaces, totals } = exampleSystem(LARGE);
  expect([subjects.length, spaces.length, totals.devices]).toEqual([500, 100, 10_000]);
});
