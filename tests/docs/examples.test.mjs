// Every example of the documentation, as written, from the first of a page to its last.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openBrowser } from "./browser.mjs";
import { readPage } from "./page.mjs";
import { makePlace, root } from "./place.mjs";
import { openTerminal, typed } from "./terminal.mjs";

const pages = [
  `${root}README.md`,
  ...["docs", "deploy", "examples"].flatMap(folder => readdirSync(root + folder, { recursive: true })
    .filter(name => name.endsWith(".md") && !/node_modules|^site\//.test(name)).map(name => `${root}${folder}/${name}`)),
].sort();

let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser?.close());

/** What `grouploop up` prints when everything is there. */
const running = "cdn        5008";

for (const path of pages) {
  const steps = readPage(path);
  if (steps.length === 0) continue;
  test(relative(root, path), { timeout: 600_000 }, async t => {
    const place = makePlace();
    const terminal = openTerminal(place.folder, { ...place.env, BELOW: `${place.above}/below`, GROUPLOOP_CDN__TOKEN: "only-for-these-examples" });
    t.after(async () => {
      await terminal.close();
      place.leave();
    });
    for (const step of steps) {
      try {
        await take(step, place, terminal);
      } catch (error) {
        throw new Error(`${relative(root, path)}:${step.line}: ${error.message}`);
      }
    }
  });
}

/** Takes one step of a page. */
async function take(step, place, terminal) {
  if (step.verb === "hub") return void await terminal.run(typed("grouploop up", { stays: running }));
  if (step.verb === "ends") return void await terminal.run("everything_ends");
  if (step.verb === "run") return void await terminal.run(step.argument);
  if (step.verb === "swarm") return void await terminal.run(swarm(step.argument));
  if (step.verb === "open") {
    const [, url, text] = step.argument.match(/^(\S+)(?: shows (.+)| loads)?$/);
    return browser.look(url.startsWith("http") ? url : `file://${place.folder}/${url}`, text, step.argument.endsWith(" loads") ? "loaded" : "heard");
  }
  const { language, notes } = step;
  const text = replaced(step.text, notes.with);
  const [file] = notes.file ?? [];
  if (file) {
    mkdirSync(dirname(`${place.folder}/${file}`), { recursive: true });
    writeFileSync(`${place.folder}/${file}`, `${text}\n`);
  }
  const [shown] = notes.shows ?? [];
  switch (language) {
    case "sh": {
      const [[ready], [stays], [until]] = [notes.ready ?? [], notes.stays ?? [], notes.until ?? []];
      const folders = notes.below?.flatMap(list => list.split(" "));
      const printed = await terminal.run(typed(folders ? below(text, folders) : text, { ready, stays, until, keeps: notes.keeps, slow: notes.slow }));
      for (const one of notes.shows ?? []) assert.ok(printed.includes(one), `does not print “${one}” but:\n${printed.slice(-1500)}`);
      return;
    }
    case "json": {
      // What is left out of an excerpt is dots.
      const value = JSON.parse(text);
      const [url] = notes.answer ?? [];
      if (url) sameShape(value, await (await fetch(url)).json(), url);
      return;
    }
    case "html": return file?.startsWith("data/apps/") ? undefined : browser.look(pageOf(file, text, place), shown, notes.loads ? "loaded" : "heard");
    case "js": return file ? undefined : browser.lookAtModule(text, shown);
    case "toml": return void await terminal.run(`grouploop config --config '${file ?? assert.fail("a name for this file?")}'`);
    case "ts": case "cpp": case "python": case "yaml": case "ini": return void assert.ok(file, "nothing uses this: under which name is it saved?");
    case "hex": case "mermaid": return; // the vectors are read by the conformance tests, drawings by the browser tests of the documentation
  }
}

/** Devices that have sent when it returns. */
const swarm = count => `grouploop simulate --devices ${count} --motion dance &
until [ "$(curl http://127.0.0.1:5003/api/spaces/main/devices | grep -o '"id"' | wc -l)" -ge ${count} ]; do sleep 0.05; done`;

/** What stands for the places and names of a reader. */
function replaced(text, pairs = []) {
  return pairs.reduce((done, pair) => {
    const [from, to] = pair.split(" => ");
    assert.ok(done.includes(from), `${from} does not stand in it`);
    return done.replaceAll(from, to);
  }, text);
}

/** The folders of a system are below one of the test. */
const below = (text, folders) => `mkdir -p ${folders.map(folder => `"$BELOW${folder}"`).join(" ")}\n${folders.reduce((done, folder) => done.replaceAll(` ${folder}`, ` $BELOW${folder}`), text)}`;

/** Where a page of an example can be opened. */
function pageOf(file, text, place) {
  const name = file ?? "example.html";
  writeFileSync(`${place.folder}/${name}`, text);
  return `file://${place.folder}/${name}`;
}

/** Whether what a page says of an answer is so: the same keys, and values of the same kinds. */
function sameShape(said, got, where) {
  const kind = value => Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
  if (said === null || got === null) return;
  assert.equal(kind(got), kind(said), where);
  if (Array.isArray(said)) return said.length && got.length && sameShape(said[0], got[0], `${where}[0]`);
  if (kind(said) !== "object") return;
  assert.deepEqual(Object.keys(got).sort(), Object.keys(said).sort(), where);
  for (const key of Object.keys(said)) sameShape(said[key], got[key], `${where}.${key}`);
}
