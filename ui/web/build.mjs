// Builds what browsers get: a folder for each page under dist/pages/, and the libraries under dist/js/. A page is whole in its folder and
// names its files by relative paths, so it works at the root of a port as well as under /apps/<name>/.
// Usage: node build.mjs [page or "library" ...]; without arguments, everything.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { bundleTypes } from "./types.mjs";

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

/** What a library may weigh on its way to a browser, in bytes after gzip. */
const MAX_GZIP_BYTES = 10 * 1024;

/** Builds a library to one file: a module, or, with the name of a global, a classic script that defines it. */
async function buildLibrary(source, global) {
  const file = `${source.split("/").at(-1)}.js`;
  await build({
    configFile: false,
    root: here,
    publicDir: false,
    logLevel: "warn",
    build: {
      outDir: `${here}dist/js`,
      emptyOutDir: false,
      target: "es2022",
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: `${here}library/${source}.ts`,
        preserveEntrySignatures: "strict",
        output: {
          format: global ? "iife" : "es",
          ...global && {
            name: global,
            exports: "default",
            keepNames: true,
            // A `var` of a classic script is a global by itself; for one that is loaded as a module this makes it one.
            footer: `globalThis.${global}=${global};`,
          },
          entryFileNames: file,
          // The minifier takes the other one away.
          postBanner: `/*! GroupLoop ${file}: docs/libraries.md tells how to use it */`,
        },
      },
    },
  });
  const bytes = gzipSync(await readFile(`${here}dist/js/${file}`)).length;
  if (bytes > MAX_GZIP_BYTES) throw new Error(`${file} has ${bytes} bytes after gzip, at most ${MAX_GZIP_BYTES} are allowed`);
}

async function buildLibraries() {
  await mkdir(`${here}dist/js`, { recursive: true });
  await buildLibrary("grouploop");
  await buildLibrary("classic/HitloopDevice", "HitloopDevice");
  await buildLibrary("classic/HitloopDeviceManager", "HitloopDeviceManager");
  await writeFile(`${here}dist/js/grouploop.d.ts`, `// The types of grouploop.js.\n\n${await bundleTypes("grouploop")}`);
}

if (wanted.length === 0) await rm(`${here}dist`, { recursive: true, force: true });
if (wanted.length === 0 || wanted.includes("library")) await buildLibraries();
for (const name of pages) if (wanted.length === 0 || wanted.includes(name)) await buildPage(name);
