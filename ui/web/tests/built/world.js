// The libraries as a page gets them: built, minified, and the classic ones loaded one after the other into a world of their own.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createContext, runInContext } from "node:vm";
import { afterAll, beforeAll, vi } from "vitest";
import registry from "../../../../bridge/src/commands.json";
import { buildLibraries } from "../../build-library.mjs";
import { FakeNetwork } from "../fakes.js";

/** Where they were built: set before the first test. */
export let folder;
export const built = file => readFile(`${folder}/${file}`, "utf8");

// A build and a compiler's run are what they are on a busy machine.
const PATIENCE_MS = 120_000;
vi.setConfig({ testTimeout: PATIENCE_MS });

beforeAll(async () => {
  folder = await mkdtemp(`${tmpdir()}/grouploop-built-`);
  await buildLibraries(folder);
}, PATIENCE_MS);
afterAll(() => rm(folder, { recursive: true }));

/** A page that has loaded both classic scripts, and what it can be seen to do. */
export async function page({ href = "http://apps.test:8000/dance/", files = { "http://apps.test:8000/static/commands.json": registry } } = {}) {
  const network = new FakeNetwork(), fetched = [], warnings = [], uncaught = [];
  class WebSocket {
    constructor(url) {
      return network.open(url);
    }
  }
  const world = createContext({
    WebSocket, URL, AbortSignal, TextEncoder, performance, Date,
    location: new URL(href),
    document: {},
    console: { warn: text => warnings.push(text) },
    fetch: async url => {
      fetched.push(url);
      return url in files ? new Response(JSON.stringify(files[url])) : new Response("", { status: 404 });
    },
    setTimeout: (...args) => setTimeout(...args), clearTimeout: timer => clearTimeout(timer),
    setInterval: (...args) => setInterval(...args), clearInterval: timer => clearInterval(timer),
    queueMicrotask: call => queueMicrotask(() => {
      try {
        call();
      } catch (error) {
        uncaught.push(error.message);
      }
    }),
  });
  world.window = world;
  for (const file of ["HitloopDevice.js", "HitloopDeviceManager.js"]) {
    world.document.currentScript = { src: `http://cdn.test:5008/js/${file}` };
    runInContext(await built(file), world);
  }
  world.document.currentScript = null;
  return { world, network, fetched, warnings, uncaught, run: code => runInContext(code, world) };
}

/** What a device sends. */
export const FRAME = "1a2b00ff8001020304ff";
