import { beforeEach, expect, test, vi } from "vitest";
import { asStarted, readDefinitions, readKnown, writeDefinitions, writeKnown } from "../../../pages/simulator/known";
import { drop, noteAt } from "../../../pages/simulator/notes";
import { form } from "../../../pages/simulator/typed";

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => kept.set(key, text), removeItem: (key: string) => kept.delete(key) });
});

test("a swarm is started again with the changes that did not reach it", () => {
  const definition = { name: "a", devices: 2, ids: ["1a2b", "3c4d"], faults: { silent: 0.5, flapping: 0 }, motion: "dance" };
  expect(asStarted(definition, {})).toEqual(definition);
  expect(asStarted(definition, { faults: { flapping: "5%" }, motion: { walk: 1 } }))
    .toEqual({ ...definition, faults: { silent: 0.5, flapping: "5%" }, motion: { walk: 1 } });
  expect(asStarted(definition, { devices: 5 })).toEqual({ name: "a", devices: 5, faults: definition.faults, motion: "dance" });
});

test("what ran is read as it was written, and what is no such thing is nothing", () => {
  const known = { simulator: "sim-1 5", definitions: [{ name: "a", devices: 3 }] };
  expect(readKnown(writeKnown(known)!)).toEqual(known);
  expect(readDefinitions(writeDefinitions(known.definitions)!)).toEqual(known.definitions);
  for (const text of ["", "{", "[]", "null", '{"simulator": 5, "definitions": []}', '{"simulator": "x"}']) expect(readKnown(text), text).toBeUndefined();
  expect(readKnown('{"simulator": "x", "definitions": [5, {}, {"name": "b"}]}')?.definitions).toEqual([{ name: "b" }]);
  expect([writeKnown(undefined), writeDefinitions([])]).toEqual([undefined, undefined]);
  expect(writeKnown({ simulator: "x", definitions: [{ name: "a", ids: Array(40_000).fill("1a2b") }] })).toBeUndefined();
});

test("of something that is called like what every object has nothing is said until it is", () => {
  for (const name of ["constructor", "toString", "__proto__"]) {
    expect(noteAt({}, name), name).toBeUndefined();
    const notes = { ...{}, [name]: "said" };
    expect([noteAt(notes, name), noteAt(drop(notes, [name]), name)], name).toEqual(["said", undefined]);
  }
});

test("a form that was begun is there after a reload, and one that was taken is not", () => {
  const empty = { name: "", devices: "50" };
  const before = form("test", empty);
  before.value = { ...before.value, name: "my-own" };
  expect(form("test", empty).value).toEqual({ name: "my-own", devices: "50" });
  before.value = empty;
  expect(localStorage.getItem("grouploop.simulator.test")).toBeNull();
  for (const text of ["{", "5", '{"name": 5, "more": "x"}']) {
    localStorage.setItem("grouploop.simulator.test", text);
    expect(form("test", empty).value, text).toEqual(empty);
  }
});
