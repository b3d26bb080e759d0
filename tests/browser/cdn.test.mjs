// The CDN as pages of other origins use it: scripts, modules, fetch with everything that a browser asks for first.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, servePages, startCdn, stopAll } from "./support.mjs";

const token = "a-token-for-the-tests";
const faults = [];
let cdn, page;

before(async () => {
  const [{ address }, context] = await Promise.all([startCdn(token), openBrowser()]);
  cdn = `http://${address}`;
  const isolation = { "cross-origin-embedder-policy": "require-corp", "cross-origin-opener-policy": "same-origin" };
  // A plain script tag, without CORS: it needs the CDN's word that anybody may embed it.
  const body = `<!doctype html><script src="${cdn}/js/p5.min.js"></script>`;
  const pages = await servePages({ "isolated.html": { headers: isolation, body } });
  page = await context.newPage();
  page.on("pageerror", error => faults.push(String(error)));
  await page.goto(`${pages}watch.html`);
  assert.notEqual(new URL(page.url()).origin, cdn);
});

after(stopAll);

const put = (path, type, body) =>
  page.evaluate(async ([url, type, body, token]) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": type, "if-none-match": "*" };
    return (await fetch(url, { method: "PUT", headers, body })).status;
  }, [cdn + path, type, body, token]);

test("p5 and its sound add-on run in a page of another origin", async () => {
  await page.addScriptTag({ url: `${cdn}/js/p5.min.js` });
  await page.addScriptTag({ url: `${cdn}/js/p5.sound.min.js` });
  const drawn = await page.evaluate(() => new Promise(done => {
    new window.p5(sketch => {
      sketch.setup = () => sketch.createCanvas(8, 8);
      sketch.draw = () => {
        sketch.background(255, 128, 0);
        sketch.noLoop();
        done(sketch.get(4, 4));
      };
    });
  }));
  assert.deepEqual(drawn, [255, 128, 0, 255]);
  assert.equal(await page.evaluate(() => typeof window.p5.SoundFile), "function");
});

test("the registry is compressed on its way, and its tag can be read", async () => {
  const answer = await page.evaluate(async url => {
    const response = await fetch(url);
    return {
      commands: Object.keys((await response.json()).commands).length,
      tag: response.headers.get("etag"),
      encoding: response.headers.get("content-encoding"),
    };
  }, `${cdn}/static/commands.json`);
  assert.equal(answer.commands, 12);
  assert.match(answer.tag, /^"[0-9a-f]{32}-(br|gz)"$/);
  assert.match(answer.encoding, /^(br|gzip)$/);
});

test("a page may write with the token, and a module may be loaded from there", async () => {
  assert.equal(await put("/js/hello.mjs", "text/javascript", "export const hello = 'from the cdn';"), 201);
  assert.equal(await put("/js/hello.mjs", "text/javascript", "export const hello = 'again';"), 412);
  assert.equal(await page.evaluate(async url => (await import(url)).hello, `${cdn}/js/hello.mjs`), "from the cdn");
});

test("ranges and their headers reach a page", async () => {
  assert.equal(await put("/static/bytes.txt", "text/plain", "0123456789".repeat(100)), 201);
  const answer = await page.evaluate(async url => {
    const response = await fetch(url, { headers: { range: "bytes=10-14" } });
    return [response.status, response.headers.get("content-range"), await response.text()];
  }, `${cdn}/static/bytes.txt`);
  assert.deepEqual(answer, [206, "bytes 10-14/1000", "01234"]);
});

test("a page that is isolated from other origins may embed it all the same", async () => {
  const isolated = await page.context().newPage();
  await isolated.goto(new URL("isolated.html", page.url()).href);
  assert.deepEqual(await isolated.evaluate(() => [window.crossOriginIsolated, typeof window.p5]), [true, "function"]);
});

test("nothing went wrong in the page", () => assert.deepEqual(faults, []));
