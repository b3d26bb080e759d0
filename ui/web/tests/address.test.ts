// Where a page finds its edge and its registry, and what is said of addresses that cannot be.

import { afterEach, describe, expect, test, vi } from "vitest";
import { defaultUrl, edgeAddress, registryUrls } from "../library/address.js";

afterEach(() => vi.unstubAllGlobals());
const from = (href: string, config?: object) => {
  vi.stubGlobal("location", new URL(href));
  vi.stubGlobal("APP_CONFIG", config);
};

test.each([
  ["http://192.168.1.20:5004/", "ws://192.168.1.20:5003/"],
  ["https://hub.example/apps/dance/", "wss://hub.example:5003/"],
  ["http://[fe80::1]:5004/", "ws://[fe80::1]:5003/"],
  ["file:///home/someone/sketch.html", "ws://localhost:5003/"],
])("a page from %s uses %s", (page, url) => {
  from(page);
  expect(defaultUrl(undefined)).toBe(url);
  expect(edgeAddress(defaultUrl(undefined), {})).toEqual({ url });
});

test("a page from a file is at home where its library came from", () => {
  from("file:///home/someone/sketch.html");
  expect(defaultUrl("http://192.168.1.20:5008/js/grouploop.js")).toBe("ws://192.168.1.20:5003/");
  expect(defaultUrl("https://cdn.example/js/grouploop.js")).toBe("wss://cdn.example:5003/");
  expect(defaultUrl("file:///home/someone/grouploop.js")).toBe("ws://localhost:5003/");
  expect(registryUrls("http://192.168.1.20:9000/js/grouploop.js")).toEqual([
    "http://192.168.1.20:9000/static/commands.json", "http://192.168.1.20:5008/static/commands.json",
  ]);
  from("http://apps.example:8000/");
  expect(defaultUrl("http://192.168.1.20:5008/js/grouploop.js")).toBe("ws://apps.example:5003/");
});

test("the page's server knows better", () => {
  from("http://192.168.1.20:5004/", { wsDefaultUrl: "wss://edge.example/", cdnBaseUrl: "http://cdn.example/base/" });
  expect(defaultUrl("http://192.168.1.20:5008/js/grouploop.js")).toBe("wss://edge.example/");
  expect(registryUrls("http://192.168.1.20:5008/js/grouploop.js")).toEqual(["http://cdn.example/base/static/commands.json"]);
});

test("the registry is where the library came from, then where the page did, then where CDNs are", () => {
  from("http://apps.example:8000/dance/");
  expect(registryUrls("http://cdn.example:5008/js/grouploop.js")).toEqual([
    "http://cdn.example:5008/static/commands.json", "http://apps.example:8000/static/commands.json",
    "http://apps.example:5008/static/commands.json",
  ]);
  from("file:///home/someone/sketch.html");
  expect(registryUrls("file:///home/someone/grouploop.js")).toEqual(["http://localhost:5008/static/commands.json"]);
});

describe("an address", () => {
  test.each([
    ["ws://h:5003/", {}, "ws://h:5003/"],
    [" wss://h ", {}, "wss://h/"],
    ["http://h:5003/", {}, "ws://h:5003/"],
    ["HTTPS://h/", {}, "wss://h/"],
    ["ws://h/#x", {}, "ws://h/"],
    ["ws://h:5003/", { space: "blue" }, "ws://h:5003/spaces/blue"],
    ["ws://h:5003/spaces/red/", { space: "blue" }, "ws://h:5003/spaces/blue"],
    ["ws://h/edge", { space: "blue" }, "ws://h/edge/spaces/blue"],
    ["ws://h/?a=b", { token: "s&t", space: "x" }, "ws://h/spaces/x?a=b&token=s%26t"],
  ])("%s with %j is %s", (given, options, url) => {
    from("http://h:5004/");
    expect(edgeAddress(given, options)).toEqual({ url });
  });

  test.each([
    ["localhost:5003", '"localhost:5003" is no WebSocket URL: it must begin with ws:// or wss://, such as ws://localhost:5003/.'],
    ["", '"" is no WebSocket URL: it must begin with ws:// or wss://, such as ws://localhost:5003/.'],
    ["ftp://h/?token=x", '"ftp://h/" begins with ftp://: it must be ws:// or wss://.'],
    ["ws://h:99999/", '"ws://h:99999/" is no WebSocket URL: the host or the port cannot be. It must be like ws://localhost:5003/.'],
    ["ws://a b/", '"ws://a b/" is no WebSocket URL: the host or the port cannot be. It must be like ws://localhost:5003/.'],
  ])("%j cannot be", (given, problem) => {
    from("http://h:5004/");
    expect(edgeAddress(given, {})).toEqual({ url: given, problem });
  });

  test("a secure page must not use a plain one, but of this machine", () => {
    from("https://h/");
    expect(edgeAddress("ws://192.168.1.20:5003/", {}).problem).toMatch(/^This page came over https, .*: use a wss:\/\/ address\.$/);
    for (const url of ["ws://localhost:5003/", "ws://127.0.0.1:5003/", "ws://[::1]:5003/", "wss://192.168.1.20/"]) {
      expect(edgeAddress(url, {})).toEqual({ url });
    }
  });
});
