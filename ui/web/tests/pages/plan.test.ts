import { expect, test } from "vitest";
import { course, definitionOf, EMPTY, type Form, MAX_DEVICES, mistakesOf, placed, readAmount, readForm } from "../../pages/control/firmware/plan";

const form = (more: Partial<Form> = {}): Form => ({ ...EMPTY, board: "c3", version: "1.4.0", ...more });
const fine = { ids: ["1a2b"], wrong: undefined };

test("a rollout has its bounds", () => {
  const all = Array.from({ length: MAX_DEVICES + 1 }, (_, id) => id.toString(16).padStart(4, "0"));
  expect(mistakesOf(form(), { ids: all, wrong: undefined }).devices).toBe("A rollout takes at most 4096 devices.");
});

test("amounts are numbers or shares", () => {
  expect(["5", " 25% ", "0", "100 %"].map(readAmount)).toEqual([{ devices: 5 }, { percent: 25 }, { devices: 0 }, { percent: 100 }]);
  expect(["", "-1", "1.5", "101%", "%", "five", "1e3", "999999"].map(readAmount).every(amount => amount === undefined)).toBe(true);
});

test("every mistake is said at its field", () => {
  expect(mistakesOf(form(), fine)).toEqual({});
  expect(mistakesOf(form({ canary: "0", wave: "100%", maxFailed: "0" }), fine)).toEqual({});
  const wrong = form({ canary: "-1", wave: "0", maxFailed: "101%", startS: "0", stallS: "3601", settleS: "x", restartS: "" });
  expect(Object.keys(mistakesOf(wrong, fine))).toEqual(["canary", "wave", "maxFailed", "startS", "stallS", "settleS", "restartS"]);
  for (const [whom, words] of [["picked", "No device is picked"], ["all", "There is no device"], ["typed", "Type their ids"]] as const) {
    expect(mistakesOf(form({ whom }), { ids: [], wrong: undefined }).devices).toContain(words);
  }
});

test("the CDN is asked as it wants to be", () => {
  const timeouts = { start_s: 30, stall_s: 60, settle_s: 20, restart_s: 90 };
  const image = { board: "c3", version: "1.4.0" };
  expect(definitionOf(form({ wave: " 25 % " }), image, ["1a2b"])).toEqual({
    firmware: image, devices: ["1a2b"], canary: 1, wave: "25%", max_failed: "10%", timeouts,
  });
  expect(definitionOf(form({ canary: "0", wave: "7", maxFailed: "2", anyBoard: true }), image, ["1a2b"])).toEqual({
    firmware: image, devices: ["1a2b"], canary: 0, wave: 7, max_failed: 2, timeouts, any_board: true,
  });
});

test.each([
  [{}, 1, "First 1 device alone: any that fails stops it."],
  [{}, 41, "First 1 device alone: any that fails stops it. Then 4 waves of 10: more than 1 failure stops it."],
  [{ canary: "5", wave: "65", maxFailed: "5%" }, 200, "First 5 devices alone: any that fails stops it. Then 3 waves of 65: more than 3 failures stop it."],
  [{ canary: "0", wave: "100%", maxFailed: "100%" }, 8, "All 8 devices at once: all of them may fail."],
  [{ canary: "1", wave: "50", maxFailed: "1" }, 3, "First 1 device alone: it may fail. Then the other 2 devices at once: more than 1 failure stops it."],
  [{ canary: "0", wave: "1%" }, 2, "In 2 waves of 1: any that fails stops it."],
])("%o with %i: %s", (more, count, words) => expect(course(form(more), count)).toBe(words));

test("nothing is said of a course that cannot be", () => {
  expect([course(form({ wave: "x" }), 5), course(form({ canary: "x" }), 5), course(form(), 0)]).toEqual([undefined, undefined, undefined]);
});

test("what the CDN finds wrong is said at its field, in sentences", () => {
  expect(placed([
    "firmware: the manifest has no such image; it has c3 1.4.0", "devices[1]: 1a2b is named twice",
    "devices: 1a2c runs the image of c6 since rollout 17; `any_board` lets it have that of c3", "timeouts.stall_s: 0 is out of range", "waves: it is no key",
  ])).toEqual({
    image: "The manifest has no such image; it has c3 1.4.0.",
    devices: "1a2b is named twice. 1a2c runs the image of c6 since rollout 17.",
    stallS: "0 is out of range.",
    whole: "Waves: it is no key.",
  });
  const many = placed(Array.from({ length: 51 }, (_, place) => `devices[${place}]: it must be a device id of 4 hex digits`)).devices;
  expect(many?.endsWith(" And 47 more.")).toBe(true);
});

test("a form that was kept is the same; one that is broken costs only what is", () => {
  const kept = form({ whom: "typed", ids: "1a2b", anyBoard: true });
  expect(readForm(JSON.stringify(kept))).toEqual(kept);
  expect(readForm('{"whom": "nobody", "canary": 7, "wave": "9", "more": 1}')).toEqual({ ...EMPTY, wave: "9" });
  expect([readForm("{"), readForm("[]")]).toEqual([undefined, EMPTY]);
});
