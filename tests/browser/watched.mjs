// What every page of ours keeps to, looked at in the same way by the tests of each: no script error, nothing that its policy forbids, no
// request to anybody else, and nothing that axe finds.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What went wrong in the pages that are watched. */
export const faults = [];

const isHere = ({ protocol, hostname }) => ["data:", "blob:", "file:"].includes(protocol) || hostname === "127.0.0.1";

/** Notes what goes wrong in a page from now on; `isOurs` says of a URL whether the page may ask for it. */
export function watched(page, isOurs = isHere) {
  page.on("pageerror", error => faults.push(`${page.url()}: ${error}`));
  page.on("console", message => /Content Security Policy/.test(message.text()) && faults.push(`${page.url()}: ${message.text()}`));
  page.on("request", request => isOurs(new URL(request.url())) || faults.push(`${page.url()} asked for ${request.url()}`));
  return page;
}

/** The last test of a file. */
export const endsWithoutFaults = () =>
  test("the pages had no script errors, kept to their policy and asked nobody else for anything", () => assert.deepEqual(faults, []));

/** What axe finds in a page as it is, by these rules. */
export async function look(page, what, rules = RULES) {
  await page.evaluate(axe);
  // What stays in view while one scrolls lies over half a button now and then, which axe takes for a small one.
  await page.evaluate(() => scrollTo(0, 0));
  const found = await page.evaluate(rules => globalThis.axe.run(document, { runOnly: rules }), rules);
  const told = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
  assert.deepEqual(told, [], what);
  assert.ok(found.passes.length > 10, "axe looked");
}
