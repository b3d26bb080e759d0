import { signal } from "@preact/signals";
import { expect, test, vi } from "vitest";
import { Acts, type Line, type Order, summary } from "../../store/acts";
import type { Outcome } from "../../store/batch";

const order = (to: Order["to"], command = "led", ...parameters: readonly string[]): Order => ({ to, command, parameters });
const outcome = (reached: readonly string[], missed: readonly string[] = [], unknown: readonly string[] = [], problem?: string): Outcome =>
  ({ reached, missed, unknown, ...(problem !== undefined && { problem }) });

test.each<[string, readonly Order[], readonly Outcome[], string]>([
  ["one device", [order(["a"])], [outcome(["a"])], "Written to the device."],
  ["one that is not there", [order(["a"])], [outcome([], ["a"])], "No such device is connected, or it does not take commands."],
  ["one of which nobody knows", [order(["a"])], [outcome([], [], ["a"], "The server went away.")], "The server went away. It may have arrived."],
  ["several", [order(["a", "b"])], [outcome(["a", "b"])], "Written to all 2."],
  ["some", [order(["a", "b", "c"])], [outcome(["a"], ["b", "c"])], "Written to 1 of 3. 2 are not connected, or took no command."],
  ["all", [order("all")], [outcome(["a", "b"])], "Sent to 2 devices."],
  ["all of nobody", [order("all")], [outcome([])], "There is no device in this space."],
  ["all, and no answer", [order("all")], [outcome(["a"], [], [], "The server went away.")], "Written to 1 of 1. The server went away. Whether it arrived anywhere else is not known."],
  ["a server that goes in the middle", [order(["a", "b"])], [outcome(["a"], [], ["b"], "The server went away.")],
    "Written to 1 of 2. The server went away. Of 1 it is not known whether it arrived."],
  ["a scene that is broken off", [order(["a"]), order(["a", "b"]), order(["c"])], [outcome(["a"]), outcome([], ["a", "b"], [], "Not sent: there is no connection.")],
    "Not sent: there is no connection. 1 of 3 commands had gone out before. To 1 device not everything was sent."],
  ["a refusal", [order(["a", "b"])], [outcome([], ["a", "b"], [], "The server refuses it.")], "The server refuses it."],
])("%s", (_, orders, outcomes, words) => {
  expect(summary(orders, outcomes).words).toBe(words);
});

test("what is done again is everything, for those who missed anything", () => {
  const orders = [order(["a", "b"], "led", "red"), order(["b"], "pattern", "solid"), order("all", "brightness", "9")];
  const { failed, again } = summary(orders, [outcome(["a", "b"]), outcome([], ["b"]), outcome(["a", "b", "c"])]);
  expect(failed).toEqual(["b"]);
  expect(again).toEqual([order(["b"], "led", "red"), order(["b"], "pattern", "solid"), order(["b"], "brightness", "9")]);
  expect(summary([order("all")], [outcome([], [], [], "gone")]).again).toEqual([order("all")]);
});

/** Acts whose commands are answered by hand. */
function stage() {
  const sent: { order: Order; answer: (outcome: Outcome) => void; signal: AbortSignal; place: string }[] = [];
  const place = signal("here");
  const acts = new Acts((order, signal, place) => new Promise(answer => sent.push({ order, answer, signal, place })), place);
  const texts = () => sent.map(({ order }) => [order.command, ...order.parameters].join(":"));
  return { acts, place, sent, texts };
}
const settled = () => vi.advanceTimersByTimeAsync(0);

test("commands of an act go one after the other, and acts too, but one that hangs is not waited for long", async () => {
  vi.useFakeTimers();
  const { acts, sent, texts } = stage();
  const scene = acts.run("scene", "a", [order(["a"], "led", "red"), order(["a"], "pattern", "solid")]);
  const next = acts.command(["a"], "led", ["blue"]);
  await settled();
  expect(texts()).toEqual(["led:red"]);
  sent[0]?.answer(outcome(["a"]));
  await settled();
  expect(texts()).toEqual(["led:red", "pattern:solid"]);
  await vi.advanceTimersByTimeAsync(499);
  expect(texts()).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(texts()).toEqual(["led:red", "pattern:solid", "led:blue"]);
  expect(acts.log.value.map(({ ok }) => ok)).toEqual([undefined, undefined]);
  sent[2]?.answer(outcome(["a"]));
  expect((await next).ok).toBe(true);
  sent[1]?.answer(outcome([], ["a"]));
  expect((await scene).ok).toBe(false);
  expect(acts.log.value.map(({ text, ok }) => [text, ok])).toEqual([["led:blue", true], ["scene", false]]);
  vi.useRealTimers();
});

test("after a failure of the whole nothing further is sent; those who missed it get all of it again", async () => {
  const { acts, sent, texts } = stage();
  const scene = acts.run("scene", "2 devices", [order(["a", "b"], "led", "red"), order(["a", "b"], "reset")]);
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  sent[0]?.answer(outcome(["a"], [], ["b"], "The server went away."));
  const line: Line = await scene;
  expect(texts()).toEqual(["led:red"]);
  expect(line.failed).toEqual(["a", "b"]);
  void acts.again(line, id => id === "b");
  await vi.waitFor(() => expect(sent).toHaveLength(2));
  expect(sent[1]?.order).toEqual(order(["b"], "led", "red"));
  expect(acts.again(line, () => false)).toBeUndefined();
});

test("stopping ends what is under way and what waits, and nothing that comes later", async () => {
  const { acts, sent, texts } = stage();
  const first = acts.command(["a"], "led", ["red"]);
  const second = acts.command(["a"], "led", ["blue"]);
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  acts.stop();
  expect(sent[0]?.signal.aborted).toBe(true);
  sent[0]?.answer(outcome([], [], ["a"], "It was stopped."));
  expect((await first).words).toBe("It was stopped. It may have arrived.");
  expect((await second).words).toBe("It was stopped before it began.");
  expect(texts()).toEqual(["led:red"]);
  const third = acts.command(["a"], "led", ["green"]);
  await vi.waitFor(() => expect(sent).toHaveLength(2));
  sent[1]?.answer(outcome(["a"]));
  expect((await third).ok).toBe(true);
});

test("what was wrong from the start is said with the answer", async () => {
  const { acts, sent } = stage();
  const heard: string[] = [];
  const scene = acts.run("scene", "1 step", [order(["a"])], { note: "The group x is not there.", onOutcome: ({ command }) => heard.push(command) });
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  sent[0]?.answer(outcome(["a"]));
  expect(await scene).toMatchObject({ ok: false, words: "The group x is not there. Written to the device.", again: [] });
  expect(heard).toEqual(["led"]);
  expect(await acts.run("undo", "1 device", [], { more: "1 device keeps its brightness." })).toMatchObject({ ok: true, words: "Nothing was sent. 1 device keeps its brightness." });
  expect(await acts.run("scene", "0 steps", [], { note: "The group x is not there." })).toMatchObject({ ok: false, words: "The group x is not there. Nothing was sent." });
});

test("an act goes to its end where it began, and is done again nowhere else", async () => {
  const { acts, place, sent } = stage();
  const scene = acts.run("scene", "a", [order(["a"], "led", "red"), order(["a"], "pattern", "solid")]);
  const next = acts.command(["a"], "led", ["blue"]);
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  place.value = "there";
  const elsewhere = acts.command(["a"], "led", ["green"]);
  for (let at = 0; at < 4; at++) {
    await vi.waitFor(() => expect(sent).toHaveLength(at + 1));
    sent[at]?.answer(outcome([], ["a"]));
  }
  expect(sent.map(({ place }) => place)).toEqual(["here", "here", "here", "there"]);
  await scene;
  expect(acts.again(await next, () => true)).toBeUndefined();
  expect(acts.again(await elsewhere, () => true)).toBeDefined();
});

test("who listens to what an act comes to hears it too when it is done again", async () => {
  const { acts, sent } = stage();
  const heard: (readonly string[])[] = [];
  const scene = acts.run("scene", "a", [order(["a"])], { onOutcome: (_, { reached }) => heard.push(reached) });
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  sent[0]?.answer(outcome([], ["a"]));
  const again = acts.again(await scene, () => true);
  await vi.waitFor(() => expect(sent).toHaveLength(2));
  sent[1]?.answer(outcome(["a"]));
  await again;
  expect(heard).toEqual([[], ["a"]]);
});
