// Builds what browsers get: a folder for each page under dist/pages/, and the libraries under dist/js/. A page is whole in its folder and
// names its files by relative paths, so it works at the root of a port as well as under /apps/<name>/.
// Usage: node build.mjs [page or "library" ...]; without arguments, everything.

import { rm } from "node:fs/promises";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { buildLibraries } from "./build-library.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const pages = existsSync(`${here}pages`)
  ? readdirSync(`${here}pages`).filter(name => existsSync(`${here}pages/${name}/index.html`))
  : [];
const wanted = process.argv.slice(2);

const jsx = { jsx: { runtime: "automatic", importSource: "preact" } };

async function buildPage(name) {
  await build({
    configFile: false,
    root: `${here}pages/${name}`,
    base: "./",
    logLevel: "warn",
    oxc: jsx,
    build: {
      outDir: `${here}dist/pages/${name}`,
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
}

if (wanted.length === 0) await rm(`${here}dist`, { recursive: true, force: true });
if (wanted.length === 0 || wanted.includes("library")) await buildLibraries(`${here}dist/js`);
for (const name of pages) if (wanted.length === 0 || wanted.includes(name)) await buildPage(name);
