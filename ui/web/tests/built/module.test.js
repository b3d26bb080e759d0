// The library for apps of today: one module, with its types.

import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { built, folder } from "./world.js";

const web = fileURLToPath(new URL("../../", import.meta.url));

test("grouploop.js is one small module that needs no other, and says what it is", async () => {
  const text = await built("grouploop.js");
  expect(text.startsWith("/*! GroupLoop grouploop.js")).toBe(true);
  expect(gzipSync(text).length).toBeLessThan(10 * 1024);
  expect(text).not.toMatch(/\bimport\s*[({"']/);
  const module = await import(/* @vite-ignore */ pathToFileURL(`${folder}/grouploop.js`).href);
  expect(Object.keys(module)).toEqual(expect.arrayContaining(["connect", "sketch", "connectDevice", "encodeFrame", "parseCommand"]));
});

test("its types stand alone, and are those of what it exports", async () => {
  const types = await built("grouploop.d.ts");
  expect(types).not.toMatch(/^import |from "/m);
  const module = await import(/* @vite-ignore */ pathToFileURL(`${folder}/grouploop.js`).href);
  const values = Object.keys(module).map(name => `void library.${name};`).join("\n");
  const app = `
    import * as library from "./grouploop.js";
    import { connect, sketch, connectDevice, type Device, type CommandAnswer } from "./grouploop.js";
    ${values}
    const hub = connect("ws://localhost:5003/", { space: "blue", devices: ["1a2b"], rate: 30, token: "x" });
    const undo: () => void = hub.on("frame", (device: Device) => device.ax.toFixed());
    const answer: Promise<CommandAnswer> = hub.commands.led("1a2b", "orange");
    for await (const { id } of hub) id.toUpperCase();
    sketch({ rate: 60 }).devices[0]?.x.toFixed();
    connectDevice().send({ ...library.newReading(), id: 0x1a2b });
    // @ts-expect-error: a pattern that no device has
    hub.commands.pattern("1a2b", "disco");
    // @ts-expect-error: not for apps
    new library.Client();
    void [undo, answer];
    export {};`;
  await writeFile(`${folder}/app.ts`, app);
  const options = ["--noEmit", "--ignoreConfig", "--strict", "--target", "es2022", "--module", "esnext", "--lib", "es2022,dom"];
  execFileSync(process.execPath, [`${web}node_modules/typescript/bin/tsc`, ...options, `${folder}/app.ts`], { stdio: "pipe", cwd: folder });
});
