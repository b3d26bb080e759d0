import { expect, test } from "vitest";
import { Sent } from "../../store/sent";

const shown = (sent: Sent, id: string) => sent.to(id, 10).map(({ to, text, ok, words }) => [to, text, ok, words].join(" "));

test("a device has its own commands and those to all, with their answers, the newest first", () => {
  const sent = new Sent();
  const first = sent.add("1a2b", "led:ff8000");
  sent.add("1a2c", "reset:")(true, "written to the device");
  sent.add("all", "status:")(true, "sent to 2 devices");
  expect(shown(sent, "1a2b")).toEqual(["all status: true sent to 2 devices", "1a2b led:ff8000  on its way"]);
  first(false, "The device is not connected.");
  expect(shown(sent, "1a2b")[1]).toBe("1a2b led:ff8000 false The device is not connected.");
  expect(sent.to("1a2b", 1)).toHaveLength(1);
});

test("the oldest are forgotten, and their late answers with them", () => {
  const sent = new Sent();
  const late = sent.add("1a2b", "first:");
  for (let count = 0; count < 2_000; count++) sent.add("1a2b", `led:${count}`);
  late(true, "written");
  expect(sent.to("1a2b", 5_000)).toHaveLength(1_000);
  expect(sent.to("1a2b", 5_000).every(({ ok }) => ok === undefined)).toBe(true);
  sent.add("1a2b", "last:")(true, "written");
  expect(shown(sent, "1a2b")[0]).toBe("1a2b last: true written");
});
