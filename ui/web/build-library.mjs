// Builds the libraries that apps load from the CDN: grouploop.js with its types, and the classic scripts, each one file that needs no other
// at runtime.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { bundleTypes } from "./build-types.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** What a library may weigh on its way to a browser, in bytes after gzip. */
const MAX_GZIP_BYTES = 10 * 1024;

/** Builds `library/<source>.ts` to one file: a module, or, with the name of a global, a classic script that defines it. */
async function buildLibrary(folder, source, global) {
  const file = `${source.split("/").at(-1)}.js`;
  const module = { format: "es" };
  // A `var` of a classic script is a global by itself; the footer makes one of it for whoever loads the script as a module.
  const footer = `globalThis.${global}=${global};`;
  const classic = { format: "iife", name: global, exports: "default", keepNames: true, footer };
  await build({
    configFile: false,
    root: here,
    publicDir: false,
    logLevel: "warn",
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: "es2022",
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: `${here}library/${source}.ts`,
        preserveEntrySignatures: "strict",
        output: {
          ...(global ? classic : module),
          entryFileNames: file,
          // After the minifier, which takes comments away.
          postBanner: `/*! GroupLoop ${file}: docs/libraries.md tells how to use it */`,
        },
      },
    },
  });
  const bytes = gzipSync(await readFile(`${folder}/${file}`)).length;
  if (bytes > MAX_GZIP_BYTES) throw new Error(`${file} has ${bytes} bytes after gzip, at most ${MAX_GZIP_BYTES} fit`);
}

/** Builds all of them into a folder. */
export async function buildLibraries(folder) {
  await mkdir(folder, { recursive: true });
  await buildLibrary(folder, "grouploop");
  await buildLibrary(folder, "classic/HitloopDevice", "HitloopDevice");
  await buildLibrary(folder, "classic/HitloopDeviceManager", "HitloopDeviceManager");
  await writeFile(`${folder}/grouploop.d.ts`, `// The types of grouploop.js.\n\n${await bundleTypes("grouploop")}`);
}
