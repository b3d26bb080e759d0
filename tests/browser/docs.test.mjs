// The documentation as readers have it: every page that the menu names, its diagrams, the search, a phone, and nothing from any other host.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, root, startUi, stopAll } from "./support.mjs";
import { faults, look, watched } from "./watched.mjs";

let site, context, page, places;

async function open(width, height, options = {}) {
  const context = await openBrowser({ viewport: { width, height }, ...options });
  const page = watched(await context.newPage(), ({ protocol, origin }) => ["data:", "blob:"].includes(protocol) || origin === site);
  page.on("console", said => said.type() === "error" && faults.push(`${said.text()} (${page.url()})`));
  return { context, page };
}

/** The URLs of all pages that the menu names, without their anchors. */
const placesOf = page => page.$$eval(".md-nav--primary a.md-nav__link[href]", links => [...new Set(links.map(link => link.href.split("#")[0]))]);

before(async () => {
  const nobody = "127.0.0.1:9";
  const ui = await startUi({ edge: nobody, cdn: nobody, simulator: nobody });
  site = `http://${ui.docs}`;
  ({ context, page } = await open(1280, 900));
  await page.goto(`${site}/`);
  places = await placesOf(page);
});

after(stopAll);

test("every page of the menu loads, says nothing wrong and asks nobody else", async () => {
  assert.ok(places.length > 30, String(places));
  for (const place of places) {
    const response = await page.goto(place);
    assert.equal(response.status(), 200, place);
    await page.locator("h1").waitFor();
  }
  assert.deepEqual(faults, []);
});

test("a link from any page leads to a page and a place that are there", async () => {
  const ids = new Map();
  const links = new Map();
  for (const place of places) {
    const found = await page.evaluate(async place => {
      const page = new DOMParser().parseFromString(await (await fetch(place)).text(), "text/html");
      const links = [...page.querySelectorAll("article a[href]")].map(link => new URL(link.getAttribute("href"), place).href);
      return { ids: [...page.querySelectorAll("[id]")].map(element => element.id), links };
    }, place);
    ids.set(place, new Set(found.ids));
    links.set(place, found.links);
  }
  for (const [place, found] of links) {
    for (const link of found.filter(link => link.startsWith(site))) {
      const [to, anchor] = link.split("#");
      assert.ok(ids.has(to), `${place} leads to ${link}`);
      assert.ok(!anchor || ids.get(to).has(decodeURIComponent(anchor)), `${place} leads to ${link}`);
    }
  }
});

test("diagrams are drawn, in the colours of the page", async () => {
  await page.goto(`${site}/architecture/`);
  const diagrams = await page.evaluate(async () => {
    const text = await (await fetch(location.href)).text();
    return text.match(/class="mermaid"/g).length;
  });
  // The theme draws each into a shadow tree that only it can look into: what is seen from outside is that each has a size.
  await page.waitForFunction(count => {
    const drawn = [...document.querySelectorAll("div.mermaid")];
    return drawn.length === count && drawn.every(one => one.getBoundingClientRect().height > 40);
  }, diagrams);
  assert.equal(await page.locator("pre.mermaid").count(), 0);
  assert.deepEqual(faults, []);
});

test("the search finds every heading", async () => {
  await page.goto(`${site}/`);
  const headings = await page.evaluate(async places => {
    const found = [];
    for (const place of places) {
      const page = new DOMParser().parseFromString(await (await fetch(place)).text(), "text/html");
      for (const heading of page.querySelectorAll("article :is(h1, h2, h3, h4, h5, h6)[id]")) {
        heading.querySelector(".headerlink")?.remove();
        // A page is found at its own place, which is that of its first heading.
        const anchor = heading.tagName === "H1" ? "" : `#${heading.id}`;
        found.push({ text: heading.textContent.trim(), place: decodeURIComponent(`${place.slice(location.href.length)}${anchor}`) });
      }
    }
    return found;
  }, places);
  assert.ok(headings.length > 300, `${headings.length} headings`);
  const missed = await page.evaluate(async headings => {
    const { search, base } = JSON.parse(document.getElementById("__config").textContent);
    const index = await (await fetch(new URL("search/search_index.json", new URL(`${base}/`, location)))).json();
    const worker = new Worker(new URL(search, location));
    // What the page itself says to its worker: 0 set up, 1 ready, 2 a question, 3 its answer.
    const answer = type => new Promise(resolve => {
      worker.addEventListener("message", function hear({ data }) {
        if (data.type !== type) return;
        worker.removeEventListener("message", hear);
        resolve(data.data);
      });
    });
    const ready = answer(1);
    worker.postMessage({ type: 0, data: { ...index, options: { suggest: false } } });
    await ready;
    const missed = [];
    for (const { text, place } of headings) {
      const answered = answer(3);
      // As words: these signs mean something to the search itself.
      worker.postMessage({ type: 2, data: text.replaceAll(/[:^~+*-]/g, " ") });
      const { items } = await answered;
      if (!items.flat().some(({ location }) => decodeURIComponent(location) === place)) missed.push(`${text} (${place})`);
    }
    worker.terminate();
    return missed;
  }, headings);
  assert.deepEqual(missed, []);
});

test("who types into the search is led to the place", async () => {
  await page.goto(`${site}/`);
  await page.keyboard.press("/");
  await page.keyboard.type("edge.ping_interval_ms");
  const first = page.locator(".md-search-result__link").first();
  await first.waitFor();
  await page.locator(".md-search-result__link", { hasText: "edge.ping_interval_ms" }).first().click();
  await page.waitForURL(/reference\/settings\/.*#edgeping_interval_ms$/);
  assert.deepEqual(faults, []);
});

test("a path that is not there has a page with its looks and a way back", async () => {
  const { context, page } = await open(1280, 900);
  const wrong = await page.goto(`${site}/no/such/page`);
  assert.equal(wrong.status(), 404);
  faults.length = 0; // the browser tells of the 404 itself
  assert.equal(await page.locator(".md-header").evaluate(header => getComputedStyle(header).position), "sticky");
  await page.getByRole("link", { name: "begins here" }).click();
  await page.waitForURL(`${site}/`);
  assert.deepEqual(faults, []);
  await context.close();
});

test("a phone and a desk, light and dark: nothing sticks out, and axe finds nothing of ours", async () => {
  for (const [looks, width, height] of [["light", 1280, 900], ["dark", 390, 844]]) {
    const { context, page } = await open(width, height, { colorScheme: looks, reducedMotion: "reduce" });
    for (const place of ["", "reference/settings/", "reference/errors/", "protocol/", "architecture/", "scaling/"]) {
      await page.goto(`${site}/${place}`);
      await page.locator("h1").waitFor();
      assert.equal(await page.locator("body").getAttribute("data-md-color-scheme"), looks === "dark" ? "slate" : "default", place);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${place} is ${over} px too wide`);
      await page.screenshot({ path: `${root}tests/browser/out/docs-${place.replaceAll("/", "-") || "home-"}${looks}-${width}.png` });
      await look(page, `${place} ${looks}`, ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]);
    }
    await context.close();
  }
  assert.deepEqual(faults, []);
});
