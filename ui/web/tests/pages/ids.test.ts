import { expect, test } from "vitest";
import { few, typedIds, typedInOrder } from "../../pages/control/ids";

const known = ["1a00", "1a1f", "1a20", "1a21", "ff00"];

test.each([
  ["1a00", ["1a00"], [], []],
  [" 1A1F,ff00;1a1f\n1a00 ", ["1a00", "1a1f", "ff00"], [], []],
  ["1a00-1a20", ["1a00", "1a1f", "1a20"], [], []],
  ["1a21 - ffff", ["1a21", "ff00"], [], []],
  ["1a00, beef", ["1a00"], ["beef"], []],
  ["2000-2fff", [], ["2000-2fff"], []],
  ["lamp 1a0 1a000 1a20-1a00 1a00-1a20-1a21, -1a00", [], [], ["lamp", "1a0", "1a000", "1a20-1a00", "1a00-1a20-1a21", "-1a00"]],
  [" , ", [], [], []],
])("%s", (text, there, absent, malformed) => {
  expect(typedIds(text, known)).toEqual({ there, absent, malformed });
});

test("the first of many", () => {
  expect(few(["a", "b"])).toBe("a, b");
  expect(few(["a", "b", "c", "d"], 2)).toBe("a, b and 2 more");
});

test.each([
  ["", []],
  [" FF00, beef;1a20\n ff00 ", ["ff00", "beef", "1a20"]],
  ["ff00 1a00-1a20 1a21", ["ff00", "1a00", "1a1f", "1a20", "1a21"]],
])("%j in its order, also who is away", (text, ids) => expect(typedInOrder(text, known)).toEqual({ ids, wrong: undefined }));

test("what is wrong with devices that were typed", () => {
  for (const text of ["lamp", "1a00 12345", "1a20-1a00", "0001-0002-0003"]) expect(typedInOrder(text, known).wrong).toMatch(/is no device: it must be 4 hex digits/);
  expect(typedInOrder("2000-2fff", known).wrong).toBe("Nobody of 2000-2fff is there now.");
});
