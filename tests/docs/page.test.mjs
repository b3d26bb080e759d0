// A page with mistakes is refused, so that no example is passed over because nobody understood how to run it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { readPage } from "./page.mjs";
import { typed } from "./terminal.mjs";

/** Reads this text as a page. */
function page(t, text) {
  const folder = mkdtempSync(`${tmpdir()}/grouploop-page-`);
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(`${folder}/page.md`, text);
  return readPage(`${folder}/page.md`);
}

test("code comes with what is said of it, and a drawing is no example", t => {
  const steps = page(t, "<!-- example: hub -->\n```\na ─▶ b\n```\n<!-- example: shows pong -->\n```sh\nsay ping\n```\n");
  assert.deepEqual(steps, [
    { line: 1, verb: "hub", argument: "" },
    { line: 6, language: "sh", text: "say ping", notes: { shows: ["pong"] } },
  ]);
});

test("all mistakes of a page are named", t => {
  assert.throws(() => page(t, "<!-- example: wait -->\n```perl\nprint;\n```\n"), /page\.md:1: wait is not one of[^]*page\.md:2: nothing here knows how to run perl/);
  assert.throws(() => page(t, "```sh\nls\n"), /:1: a fence that is not closed/);
  assert.throws(() => page(t, "<!-- example: shows x -->\n"), /no fence follows/);
});

test("a command in the background must say when it has begun", () => {
  assert.throws(() => typed("nats-server &", {}), /when has it begun/);
  assert.match(typed("nats-server &", { ready: "ready" }), /begun "\$output" 1 'ready'/);
});
