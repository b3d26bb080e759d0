import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Kept, readGroup, readScene } from "../../store/kept";
import { Space } from "../../store/space";
import { FakeCdn, FakeSource } from "../fake-cdn";
import { FakeClock } from "../fakes";

const front = { title: "Front row", devices: ["1a2b"] };
const back = { title: "Back row", devices: ["1a2c", "1a2d"] };
const listed = (...documents: readonly [string, string, unknown][]) =>
  ({ space: "main", documents: documents.map(([id, etag, document]) => ({ id, etag, document })) });

let cdn: FakeCdn, clock: FakeClock, sources: FakeSource[], kept: Kept;
let stop = () => {};
const name = signal("main");

beforeEach(() => {
  [cdn, clock, sources] = [new FakeCdn(), new FakeClock(), []];
  name.value = "main";
  const source = (url: string) => {
    sources.push(new FakeSource(url));
    return sources.at(-1)!;
  };
  kept = new Kept("http://cdn", { fetch: cdn.fetch, source, clock });
});

afterEach(() => stop());

/** A page that follows the space, with this group and no scenes. */
async function following(): Promise<FakeSource> {
  stop = kept.follow(name);
  const source = sources.at(-1)!;
  source.say("ready", { space: name.value, node: "cdn-1" });
  await cdn.next(`GET ${name.value}/groups`).answer(200, listed(["front", '"a"', front]));
  await cdn.next(`GET ${name.value}/scenes`).answer(200, listed());
  return source;
}

const titles = () => [...kept.groups.all.value].map(([id, { etag, document }]) => `${id} ${etag} ${document.title}`);

test("everything is asked for once the changes are told", async () => {
  stop = kept.follow(name);
  expect(cdn.asked).toEqual([]);
  expect([kept.groups.isKnown.value, kept.news.value?.isLive.value]).toEqual([false, false]);
  sources[0]!.say("ready");
  expect(kept.news.value?.isLive.value).toBe(true);
  await cdn.next("GET main/groups").answer(200, listed(["front", '"a"', front], ["torn", '"b"', null], ["odd", '"c"', { title: 7 }]));
  expect(titles()).toEqual(['front "a" Front row']);
  expect(kept.groups.isKnown.value).toBe(true);
  cdn.next("GET main/scenes");
});

test("a change is asked for alone, and only when it is news", async () => {
  const source = await following();
  source.say("changed", { kind: "groups", id: "front", etag: '"a"' });
  expect(cdn.asked).toEqual([]);
  source.say("changed", { kind: "groups", id: "back", etag: '"b"' });
  await cdn.next("GET main/groups/back").answer(200, back, '"b"');
  expect(titles()).toEqual(['back "b" Back row', 'front "a" Front row']);
  source.say("changed", { kind: "groups", id: "front", etag: '"c"' });
  const again = cdn.next("GET main/groups/front");
  expect(again.headers["If-None-Match"]).toBe('"a"');
  await again.answer(304);
  source.say("removed", { kind: "groups", id: "front", etag: null });
  await cdn.next("GET main/groups/front").answer(404, { error: "not_found", message: "there is nothing here" });
  expect(titles()).toEqual(['back "b" Back row']);
  source.say("changed", { kind: "rollouts", id: "x", etag: '"d"' });
  expect(cdn.asked).toEqual([]);
});

test("nobody listens while nobody looks, and then everything is asked for anew", async () => {
  const isListening = signal(true);
  stop = kept.follow(name, isListening);
  isListening.value = false;
  expect([sources.length, sources[0]!.isClosed]).toEqual([1, true]);
  isListening.value = true;
  expect(sources.length).toBe(2);
  sources[1]!.say("ready");
  await cdn.next("GET main/groups").answer(200, listed(["front", '"a"', front]));
  await cdn.next("GET main/scenes").answer(200, listed());
  expect(titles()).toEqual(['front "a" Front row']);
  isListening.value = false;
  expect([titles(), sources[1]!.isClosed]).toEqual([['front "a" Front row'], true]);
});

test("an answer that is older than a change is followed by another", async () => {
  const source = await following();
  source.say("changed", { kind: "groups", id: "front", etag: '"b"' });
  source.say("changed", { kind: "groups", id: "front", etag: '"c"' });
  await cdn.next("GET main/groups/front").answer(200, { ...front, title: "older" }, '"b"');
  await cdn.next("GET main/groups/front").answer(200, { ...front, title: "newest" }, '"c"');
  expect(titles()).toEqual(['front "c" newest']);
});

test("what was missed is asked for, and so is everything when too much changes", async () => {
  const source = await following();
  source.say("missed");
  await cdn.next("GET main/groups").answer(200, listed(["back", '"b"', back]));
  await cdn.next("GET main/scenes").answer(200, listed());
  expect(titles()).toEqual(['back "b" Back row']);
  for (let count = 0; count < 40; count++) source.say("changed", { kind: "groups", id: `g${count}`, etag: '"x"' });
  await cdn.next("GET main/groups/g0").answer(200, back, '"x"');
  await cdn.next("GET main/groups").answer(200, listed(["front", '"a"', front]));
  expect([titles(), cdn.asked]).toEqual([['front "a" Front row'], []]);
});

test("what fails is said and tried again, less and less often", async () => {
  const source = await following();
  source.say("changed", { kind: "groups", id: "front", etag: '"b"' });
  await cdn.next("GET main/groups/front").answer(503, { error: "store_away", message: "the object store does not answer; try again soon" });
  expect(kept.groups.problem.value).toBe("The object store does not answer; try again soon.");
  expect(titles()).toEqual(['front "a" Front row']);
  for (const pause of [1_000, 2_000, 4_000]) {
    clock.advance(pause - 1);
    expect(cdn.asked).toEqual([]);
    clock.advance(1);
    await cdn.next("GET main/groups").fail();
    expect(kept.groups.problem.value).toBe("The CDN does not answer at http://cdn.");
  }
  clock.advance(8_000);
  await cdn.next("GET main/groups").answer(200, listed(["front", '"b"', front]));
  expect([kept.groups.problem.value, ...titles(), clock.waiting]).toEqual([undefined, 'front "b" Front row', 0]);
});

test("what was written is there at once, and what is there then is looked at", async () => {
  await following();
  const made = kept.groups.put("back", back);
  const put = cdn.next("PUT main/groups/back");
  expect([put.headers["If-None-Match"], put.headers["If-Match"], put.body]).toEqual(["*", undefined, back]);
  await put.answer(201, { id: "back", etag: '"b"' }, '"b"');
  expect(await made).toMatchObject({ is: "done", etag: '"b"' });
  expect(titles()).toEqual(['back "b" Back row', 'front "a" Front row']);
  await cdn.next("GET main/groups/back").answer(304);

  const changed = kept.groups.put("front", { ...front, title: "First row" }, '"a"');
  const over = cdn.next("PUT main/groups/front");
  expect(over.headers["If-Match"]).toBe('"a"');
  await over.answer(412, { error: "precondition_failed", message: "the object is not the one that the condition names" });
  expect((await changed).is).toBe("conflict");
  await cdn.next("GET main/groups/front").answer(200, { ...front, title: "Somebody else's" }, '"c"');
  expect(titles()[1]).toBe('front "c" Somebody else\'s');

  const removed = kept.groups.remove("front", '"c"');
  const remove = cdn.next("DELETE main/groups/front");
  expect(remove.headers["If-Match"]).toBe('"c"');
  await remove.answer(204);
  expect((await removed).is).toBe("done");
  expect(titles()).toEqual(['back "b" Back row']);
});

test("what is refused says why, and nothing changes", async () => {
  await following();
  const outcome = kept.groups.put("back", { title: "", devices: [] });
  const mistakes = ["title: it must be one line of 1 to 64 characters"];
  await cdn.next("PUT main/groups/back").answer(422, { error: "refused", message: "the content is refused", mistakes });
  expect(await outcome).toMatchObject({ is: "refused", code: "refused", message: "The content is refused.", mistakes });
  expect([titles().length, cdn.asked]).toEqual([1, []]);
});

test("another space is another stream and other documents; late answers of the first are nothing", async () => {
  const source = await following();
  source.say("changed", { kind: "groups", id: "back", etag: '"b"' });
  const late = cdn.next("GET main/groups/back");
  name.value = "blue";
  expect([source.isClosed, sources[1]?.url, titles()]).toEqual([true, "http://cdn/api/spaces/blue/events", []]);
  await late.answer(200, back, '"b"');
  source.say("ready");
  expect([titles(), cdn.asked, kept.space.value?.name]).toEqual([[], [], "blue"]);
});

test("a stream that was refused is tried again; what there is can be seen without it", async () => {
  stop = kept.follow(name);
  sources[0]!.readyState = 2;
  sources[0]!.say("error");
  await cdn.next("GET main/groups").answer(200, listed(["front", '"a"', front]));
  await cdn.next("GET main/scenes").answer(200, listed());
  expect(titles().length).toBe(1);
  clock.advance(1_000);
  expect(sources.length).toBe(2);
  sources[1]!.say("ready");
  await cdn.next("GET main/groups").answer(200, listed());
  expect([titles(), kept.news.value?.isLive.value]).toEqual([[], true]);
  sources[1]!.readyState = 0;
  sources[1]!.say("error");
  expect([kept.news.value?.isLive.value, clock.waiting]).toEqual([false, 0]);
});

test("nothing waits when nobody follows any more", async () => {
  stop = kept.follow(name);
  sources[0]!.readyState = 2;
  sources[0]!.say("error");
  await cdn.next("GET main/groups").fail();
  stop();
  expect([clock.waiting, kept.space.value, await kept.groups.put("a", front)]).toMatchObject([0, undefined, { is: "away" }]);
});

test("a request never throws", async () => {
  const space = new Space("http://cdn", "main", async () => new Response("<html>", { status: 502 }));
  expect(await space.list("groups")).toMatchObject({ is: "away", code: "", message: "The CDN answers with 502." });
  const odd = new Space("http://cdn", "main", async () => new Response("<html>"));
  expect(await odd.get("groups", "x")).toMatchObject({ is: "done", value: undefined });
});

test("only what is a group or a scene is one", () => {
  expect(readGroup(front)).toEqual(front);
  expect(readGroup({ title: "x", devices: ["1A2B", "00ff"], color: "orange", more: 1 })).toEqual({ title: "x", devices: ["1a2b", "00ff"], color: "ff8000", more: 1 });
  expect(readGroup({ ...front, color: null })).toEqual({ ...front, color: null });
  for (const none of [null, [], "x", {}, { title: "x" }, { title: "x", devices: [7] }, { ...front, color: 7 }]) expect(readGroup(none)).toBeUndefined();
  const scene = { title: "Sunset", steps: [{ target: "all", command: "led", parameters: ["red"] }, { target: { group: "a" }, command: "reset" }] };
  expect(readScene(scene)).toEqual(scene);
  expect(readScene({ title: "x", steps: [{ target: ["1A2B"], command: "led", parameters: ["red"], more: 1 }] }))
    .toEqual({ title: "x", steps: [{ target: ["1a2b"], command: "led", parameters: ["red"], more: 1 }] });
  for (const step of [{}, { target: "some", command: "led" }, { target: {}, command: "led" }, { target: "all", command: "led", parameters: [{}] }]) {
    expect(readScene({ title: "x", steps: [step] })).toBeUndefined();
  }
});
