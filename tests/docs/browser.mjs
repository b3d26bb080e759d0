// Pages of the documentation's examples in Chromium: what they show, and what they complain of.

import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { createRequire } from "node:module";
import { root } from "./place.mjs";

// Of the browser tests, which have it.
const { chromium } = createRequire(`${root}tests/browser/package.json`)("playwright-core");

const patience = 30_000;

/** A browser; each page is opened in a tab of its own. */
export async function openBrowser() {
  const executablePath = execFileSync(`${root}scripts/chromium.sh`, ["find"], { encoding: "utf8" }).trim();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"] });

  /** Opens a URL, waits until something has arrived there by WebSocket or, with `text`, until it shows that, and fails on what is on its console. */
  async function look(url, text, until = "heard") {
    const tab = await browser.newPage();
    try {
      const complaints = [];
      tab.on("pageerror", error => complaints.push(error.message));
      tab.on("console", message => message.type() === "error" && complaints.push(`${message.text()} ${message.location().url}`));
      const heard = new Promise(resolve => tab.on("websocket", socket => socket.on("framereceived", ({ payload }) => resolve(payload))));
      await tab.goto(url, { timeout: patience });
      if (text === undefined && until === "heard") await Promise.race([heard, tab.waitForTimeout(patience).then(() => { throw new Error(`${url} heard nothing; its console: ${complaints.join("; ")}`); })]);
      else if (text !== undefined) {
        await tab.getByText(text).first().waitFor({ timeout: patience }).catch(async () => {
          throw new Error(`${url} does not show “${text}” but: ${(await tab.innerText("body")).slice(0, 500)}; its console: ${complaints.join("; ")}`);
        });
      }
      if (complaints.length > 0) throw new Error(`${url}: ${complaints.join("; ")}`);
    } finally {
      await tab.close();
    }
  }

  /** The same of a module, on a page that has nothing else. */
  async function lookAtModule(text, shown) {
    const server = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" })
      .end(`<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">${text}</script>`));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await look(`http://127.0.0.1:${server.address().port}/`, shown).finally(() => {
      server.close();
      server.closeAllConnections();
    });
  }

  return { look, lookAtModule, close: () => browser.close() };
}
