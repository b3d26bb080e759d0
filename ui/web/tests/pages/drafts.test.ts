import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import { Drafts } from "../../pages/control/drafts";
import type { Document, Documents, Group } from "../../store/kept";
import { readGroup } from "../../store/kept";

const group = (title: string): Group => ({ title, devices: ["1a2b"] });
const all = signal<ReadonlyMap<string, Document<Group>>>(new Map());
const isKnown = signal(true);
const documents = {
  all,
  isKnown,
  put: async (id: string, document: Group) => {
    all.value = new Map([...all.peek(), [id, { etag: `${document.title} tag`, document }]]);
    return { is: "done", value: {}, etag: `${document.title} tag` };
  },
} as unknown as Documents<Group>;
const space = signal("main");
/** As after a reload. */
const drafts = () => new Drafts<Group>("test", documents, space, readGroup);

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => kept.set(key, text), removeItem: (key: string) => kept.delete(key) });
  all.value = new Map([["row", { etag: "1", document: group("Row") }]]);
  space.value = "main";
  isKnown.value = true;
});

test("what was changed and not kept is there when it is opened again, also after a reload, until it is kept", async () => {
  const before = drafts();
  before.change("row", group("Row"), "1");
  expect(before.has("row")).toBe(false);
  if (before.open.value) before.open.value.document.value = group("Ro");
  before.close();
  const after = drafts();
  expect(after.has("row")).toBe(true);
  // Others changed it meanwhile.
  all.value = new Map([["row", { etag: "2", document: group("Theirs") }]]);
  after.change("row", group("Theirs"), "2");
  expect(after.open.value?.document.value.title).toBe("Ro");
  expect(after.open.value?.others.value).toBe("changed");
  expect(await after.open.value?.overwrite()).toBe(true);
  expect(after.has("row")).toBe(false);
  expect(drafts().has("row")).toBe(false);
});

test("what others deleted while it was changed here is shown until it is kept or let go", () => {
  const before = drafts();
  before.change("row", group("Row"), "1");
  if (before.open.value) before.open.value.document.value = group("Ro");
  before.close();
  expect(before.orphans).toEqual([]);
  all.value = new Map();
  const after = drafts();
  const [orphan] = after.orphans;
  expect(orphan).toMatchObject({ id: "row", base: { title: "Row" } });
  if (orphan) after.reopen(orphan);
  expect(after.open.value?.document.value.title).toBe("Ro");
  expect(after.open.value?.others.value).toBe("removed");
  after.discard();
  expect(after.orphans).toEqual([]);
  // Until it is known what there is, nothing is gone.
  before.change("row", group("Row"), "1");
  if (before.open.value) before.open.value.document.value = group("Ro");
  before.close();
  isKnown.value = false;
  expect(drafts().orphans).toEqual([]);
});

test("two tabs keep what is written in either", () => {
  const told: ((event: { key: string; newValue: string | null }) => void)[] = [];
  vi.stubGlobal("addEventListener", (_: string, hear: (typeof told)[0]) => told.push(hear));
  all.value = new Map([["row", { etag: "1", document: group("Row") }], ["side", { etag: "1", document: group("Side") }]]);
  const [one, other] = [drafts(), drafts()];
  const write = (tab: typeof one, id: string, title: string) => {
    tab.change(id, group(id), "1");
    if (tab.open.value) tab.open.value.document.value = group(title);
    tab.close();
    // A browser tells all but the tab that wrote.
    told[tab === one ? 1 : 0]?.({ key: "grouploop.test", newValue: localStorage.getItem("grouploop.test") });
  };
  write(one, "row", "Ro");
  write(other, "side", "Si");
  expect([drafts().has("row"), drafts().has("side")]).toEqual([true, true]);
  expect([one.has("side"), other.has("row")]).toEqual([true, true]);
});

test("what is discarded is gone, and what was not changed was never there", () => {
  const now = drafts();
  now.change("row", group("Row"), "1");
  if (now.open.value) now.open.value.document.value = group("Ro");
  now.discard();
  expect(now.open.value).toBeUndefined();
  now.change("row", group("Row"), "1");
  expect(now.open.value?.document.value.title).toBe("Row");
  now.close();
  expect(now.has("row")).toBe(false);
});

test("a new one that was left goes on, with an id that is free", () => {
  const now = drafts();
  now.begin("New", group(""));
  if (now.open.value) now.open.value.document.value = group("Dusk");
  now.close();
  expect(now.hasNew).toBe(true);
  all.value = new Map([["new", { etag: "3", document: group("New") }]]);
  now.begin("New", group(""));
  expect(now.open.value).toMatchObject({ id: "new-2", isNew: true });
  expect(now.open.value?.document.value.title).toBe("Dusk");
  now.discard();
  expect(now.hasNew).toBe(false);
});

test("drafts stay in their space", () => {
  const now = drafts();
  now.change("row", group("Row"), "1");
  if (now.open.value) now.open.value.document.value = group("Ro");
  now.close();
  space.value = "blue";
  expect(now.has("row")).toBe(false);
  space.value = "main";
  expect(now.has("row")).toBe(true);
});

test("what somebody else put into the browser's memory is no draft", () => {
  localStorage.setItem("grouploop.test", JSON.stringify([{ space: "main", id: "row", seen: "1", base: {}, document: group("Ro") }, 7]));
  expect(drafts().has("row")).toBe(false);
  localStorage.setItem("grouploop.test", "{");
  expect(drafts().has("row")).toBe(false);
});
