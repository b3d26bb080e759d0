import { expect, test } from "vitest";
import { Sent, type SentAnswer } from "../../store/sent";

const shown = (sent: Sent, id: string) => sent.to(id, 10).map(({ to, text, ok, words }) => [to, text, ok, words].join(" "));

const all = (ok: boolean, words: string) => (): SentAnswer => ({ ok, words });

test("a device has its own commands and those to all, with their answers, the newest first", () => {
  const sent = new Sent();
  const first = sent.add(["1a2b"], "led:ff8000");
  sent.add(["1a2c"], "reset:")(all(true, "written to the device"));
  sent.add("all", "status:")(all(true, "sent to 2 devices"));
  expect(shown(sent, "1a2b")).toEqual(["all status: true sent to 2 devices", "1a2b led:ff8000  on its way"]);
  first(all(false, "The device is not connected."));
  expect(shown(sent, "1a2b")[1]).toBe("1a2b led:ff8000 false The device is not connected.");
  expect(sent.to("1a2b", 1)).toHaveLength(1);
});

test("the oldest are forgotten, and their late answers with them", () => {
  const sent = new Sent();
  const late = sent.add(["1a2b"], "first:");
  for (let count = 0; count < 2_000; count++) sent.add(["1a2b"], `led:${count}`);
  late(all(true, "written"));
  expect(sent.to("1a2b", 5_000)).toHaveLength(1_000);
  expect(sent.to("1a2b", 5_000).every(({ ok }) => ok === undefined)).toBe(true);
  sent.add(["1a2b"], "last:")(all(true, "written"));
  expect(shown(sent, "1a2b")[0]).toBe("1a2b last: true written");
});

test("a command to several has an answer for each, and counts as so many", () => {
  const sent = new Sent();
  sent.add(["1a2b", "1a2c"], "reset:")(id => ({ ok: id === "1a2b", words: id }));
  expect(shown(sent, "1a2b")).toEqual(["1a2b reset: true 1a2b"]);
  expect(shown(sent, "1a2c")).toEqual(["1a2c reset: false 1a2c"]);
  const many = Array.from({ length: 60_000 }, (_, id) => String(id));
  sent.add(many, "led:1");
  sent.add(many, "led:2");
  expect(shown(sent, "1a2b")).toEqual([]);
  expect(shown(sent, "7")).toEqual(["7 led:2  on its way"]);
});
