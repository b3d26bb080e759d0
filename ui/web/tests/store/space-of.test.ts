import { expect, test } from "vitest";
import { spaceOf } from "../../store/space-of";

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
