import { beforeAll, expect, test, vi } from "vitest";

/** The module looks at the page's address when it is loaded. */
let spaceOf: (url: string) => string;

beforeAll(async () => {
  vi.stubGlobal("location", new URL("http://hub:5004/"));
  vi.stubGlobal("window", {});
  vi.stubGlobal("history", { replaceState: () => {} });
  ({ spaceOf } = await import("../../store/server"));
});

test.each([
  ["ws://hub:5003/", "main"],
  ["ws://hub:5003/spaces/blue", "blue"],
  ["wss://hub/behind/a/proxy/spaces/blue-2/?token=x", "blue-2"],
  ["ws://hub:5003/spaces/Blue%20Room", "main"],
  ["ws://hub:5003/?at=/spaces/blue", "main"],
  ["nowhere", "main"],
])("%s is the space %s", (url, space) => {
  expect(spaceOf(url)).toBe(space);
});
