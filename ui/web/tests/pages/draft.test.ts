import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { Draft } from "../../pages/control/draft";
import type { Document, Documents, Group } from "../../store/kept";

const group = (title: string): Group => ({ title, devices: ["1a2b"] });

/** Documents of a space in which others write as well. */
function space() {
  const all = signal<ReadonlyMap<string, Document<Group>>>(new Map());
  let tags = 0;
  const write = (id: string, document: Group | undefined) => {
    const next = new Map(all.peek());
    if (document === undefined) next.delete(id);
    else next.set(id, { etag: `tag ${++tags}`, document });
    all.value = next;
    return next.get(id)?.etag;
  };
  const outcome = (id: string, seen: string | undefined, document: Group | undefined) => seen === all.peek().get(id)?.etag
    ? { is: "done", value: {}, etag: write(id, document) }
    : { is: "conflict", code: "", message: "It is another one by now.", mistakes: [], said: {} };
  const documents = {
    all,
    put: async (id: string, document: Group, seen?: string) => outcome(id, seen, document),
    remove: async (id: string, seen: string) => outcome(id, seen, undefined),
  } as unknown as Documents<Group>;
  const open = (id: string) => {
    const known = all.peek().get(id);
    return new Draft<Group>(documents, id, known?.document ?? group(""), known?.etag);
  };
  return { all, write, open, title: (id: string) => all.peek().get(id)?.document.title };
}

test("a draft is kept, and kept again", async () => {
  const { open, title } = space();
  const draft = open("row");
  expect(draft.isNew).toBe(true);
  draft.document.value = group("Row");
  expect(await draft.save()).toBe(true);
  draft.document.value = group("Row one");
  expect([await draft.save(), draft.isNew, draft.others.value, title("row")]).toEqual([true, false, "nothing", "Row one"]);
});

test("what somebody else changed is not written over unless it is wished", async () => {
  const { write, open, title } = space();
  write("row", group("Row"));
  const draft = open("row");
  draft.document.value = group("Mine");
  write("row", group("Theirs"));
  expect([draft.others.value, draft.theirs?.title]).toEqual(["changed", "Theirs"]);
  expect([await draft.save(), title("row"), draft.document.value.title]).toEqual([false, "Theirs", "Mine"]);
  expect([await draft.overwrite(), title("row"), draft.others.value, draft.failed.value]).toEqual([true, "Mine", "nothing", undefined]);
});

test("theirs can be taken, and gone on with", async () => {
  const { write, open, title } = space();
  write("row", group("Row"));
  const draft = open("row");
  write("row", group("Theirs"));
  expect(await draft.save()).toBe(false);
  draft.take();
  expect([draft.document.value.title, draft.others.value, draft.failed.value]).toEqual(["Theirs", "nothing", undefined]);
  draft.document.value = group("Both");
  expect([await draft.save(), title("row")]).toEqual([true, "Both"]);
});

test("what somebody else deleted can be made again, and is not deleted twice", async () => {
  const { write, open, title } = space();
  write("row", group("Row"));
  const [draft, other] = [open("row"), open("row")];
  expect(await other.remove()).toBe(true);
  expect([draft.others.value, await draft.save(), await draft.remove()]).toEqual(["removed", false, false]);
  expect([await draft.overwrite(), title("row"), draft.others.value]).toEqual([true, "Row", "nothing"]);
});
