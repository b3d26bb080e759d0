import { signal, type Signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Rollouts } from "../../pages/control/firmware/rollouts";
import { Kept } from "../../store/kept";
import { FakeCdn, FakeSource } from "../fake-cdn";
import { FakeClock } from "../fakes";

/** A rollout as a CDN lists it. */
const told = (id: string, state = "running", done = 0) => ({
  id, state, wanted: "run", firmware: { board: "c3", version: "1.4.0" }, counts: { done, waiting: 2 - done },
  stages: [{ name: "wave 1", devices: 2, max_failed: 0, done, failed: 0, skipped: 0 }],
});
const whole = (id: string, state = "running", done = 0) => ({ ...told(id, state, done), devices: [{ id: "1a2b", stage: 0, state: "done", runs: "new" }] });

let cdn: FakeCdn, clock: FakeClock, sources: FakeSource[], kept: Kept, opened: Signal<string | undefined>, rollouts: Rollouts, undo: (() => void)[];
const name = signal("main");

beforeEach(async () => {
  [cdn, clock, sources, undo] = [new FakeCdn(), new FakeClock(), [], []];
  name.value = "main";
  const source = (url: string) => {
    sources.push(new FakeSource(url));
    return sources.at(-1)!;
  };
  kept = new Kept("http://cdn", { fetch: cdn.fetch, source, clock });
  opened = signal(undefined);
  rollouts = new Rollouts(kept, opened, clock);
  undo.push(kept.follow(name), rollouts.start());
});

afterEach(() => undo.forEach(call => call()));

/** The stream is live: groups and scenes are asked for, and the rollouts, of which there are these. */
async function ready(...listed: readonly object[]): Promise<FakeSource> {
  const source = sources.at(-1)!;
  source.say("ready");
  cdn.next(`GET ${name.value}/groups`);
  cdn.next(`GET ${name.value}/scenes`);
  await cdn.next(`GET ${name.value}/rollouts`).answer(200, { rollouts: listed });
  return source;
}

const shown = () => rollouts.all.value?.map(({ id, state, counts }) => `${id} ${state} ${counts.done}`);
const changed = (source: FakeSource, id: string, etag: string) => source.say("changed", { kind: "rollouts", id, etag });

test("all are listed once changes are told; those under way are told apart", async () => {
  expect(rollouts.all.value).toBeUndefined();
  await ready(told("2"), told("1", "done", 2), { odd: true });
  expect(shown()).toEqual(["2 running 0", "1 done 2"]);
  expect(rollouts.going.value.map(({ id }) => id)).toEqual(["2"]);
});

test("the one that is looked at is asked for when it changes, at a bounded rate, and not again when it is known", async () => {
  const source = await ready(told("1"));
  opened.value = "1";
  await cdn.next("GET main/rollouts/1").answer(200, whole("1"), '"a"');
  expect(rollouts.record.value?.devices).toHaveLength(1);
  changed(source, "1", '"a"');
  for (const etag of ['"b"', '"c"', '"d"']) changed(source, "1", etag);
  expect(cdn.asked).toEqual([]);
  clock.advance(700);
  const again = cdn.next("GET main/rollouts/1");
  expect([again.headers["If-None-Match"], cdn.asked.length]).toEqual(['"a"', 0]);
  await again.answer(200, whole("1", "done", 2), '"d"');
  expect([shown(), rollouts.record.value?.state]).toEqual([["1 done 2"], "done"]);
  changed(source, "1", '"d"');
  clock.advance(10_000);
  expect(cdn.asked).toEqual([]);
});

test("the others are listed anew when they change, at a bounded rate", async () => {
  const source = await ready(told("1"));
  for (const id of ["1", "2", "3"]) changed(source, id, '"b"');
  clock.advance(1_999);
  expect(cdn.asked).toEqual([]);
  clock.advance(1);
  await cdn.next("GET main/rollouts").answer(200, { rollouts: [told("3"), told("2"), told("1")] });
  expect([shown()?.length, cdn.asked.length]).toEqual([3, 0]);
  source.say("removed", { kind: "rollouts", id: "1", etag: null });
  expect(shown()?.length).toBe(2);
});

test("one that is made is looked at; what is asked of it is shown at once", async () => {
  await ready(told("1", "done", 2));
  const made = rollouts.make({ devices: [] });
  const post = cdn.next("POST main/rollouts");
  expect(post.body).toEqual({ devices: [] });
  await post.answer(201, told("2", "waiting"));
  expect([(await made).is, shown(), opened.value]).toEqual(["done", ["2 waiting 0", "1 done 2"], "2"]);
  await cdn.next("GET main/rollouts/2").answer(200, whole("2"), '"a"');
  const paused = rollouts.ask("2", "pause");
  await cdn.next("POST main/rollouts/2/pause").answer(200, { ...told("2"), wanted: "pause" });
  expect([(await paused).is, rollouts.all.value?.[0]?.wanted]).toEqual(["done", "pause"]);
  await cdn.next("GET main/rollouts/2").answer(304);
  const retried = rollouts.ask("1", "retry");
  await cdn.next("POST main/rollouts/1/retry").answer(201, told("3", "waiting"));
  expect([(await retried).is, opened.value]).toEqual(["done", "3"]);
});

test("a refusal is handed on, and changes nothing", async () => {
  await ready(told("1"));
  const made = rollouts.make({});
  const said = { error: "devices_taken", message: "2 of the devices are in rollout 1", rollout: "1", devices: ["1a2b", "1a2c"] };
  await cdn.next("POST main/rollouts").answer(409, said);
  expect(await made).toMatchObject({ is: "refused", code: "devices_taken", said });
  expect([opened.value, cdn.asked.length]).toEqual([undefined, 0]);
});

test("one that was forgotten is not looked at any more", async () => {
  opened.value = "0";
  await cdn.next("GET main/rollouts/0").answer(404, { error: "not_found", message: "there is nothing here" });
  expect([opened.value, rollouts.problem.value]).toEqual([undefined, undefined]);
});

test("what fails is said, and tried again", async () => {
  const source = await ready(told("1"));
  changed(source, "2", '"a"');
  clock.advance(2_000);
  await cdn.next("GET main/rollouts").fail();
  expect([rollouts.problem.value, shown()?.length]).toEqual(["The CDN does not answer at http://cdn.", 1]);
  clock.advance(1_000);
  await cdn.next("GET main/rollouts").answer(200, { rollouts: [] });
  expect([rollouts.problem.value, shown()]).toEqual([undefined, []]);
});

test("another space has others; late answers of the first are nothing", async () => {
  const source = await ready(told("1"));
  changed(source, "2", '"a"');
  clock.advance(2_000);
  const late = cdn.next("GET main/rollouts");
  name.value = "blue";
  await late.answer(200, { rollouts: [told("9")] });
  expect(rollouts.all.value).toBeUndefined();
  await ready(told("5"));
  expect(shown()).toEqual(["5 running 0"]);
});

test("a panel that is opened after the page begins with what there is", async () => {
  const source = sources.at(-1)!;
  undo.pop()?.();
  source.say("ready");
  cdn.next("GET main/groups");
  cdn.next("GET main/scenes");
  undo.push(rollouts.start());
  await cdn.next("GET main/rollouts").answer(200, { rollouts: [told("1")] });
  expect(shown()).toEqual(["1 running 0"]);
});
