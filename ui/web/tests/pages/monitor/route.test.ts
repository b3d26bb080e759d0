import { describe, expect, test } from "vitest";
import { hashOf, type Route, routeOf } from "../../../pages/monitor/route";

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
