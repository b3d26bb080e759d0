// The reader's place: a copy of the project as after a clone and a build, with the tools on PATH that a page takes for granted.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** What is made, not written, and large: linked into the copy. */
const linked = [".tools", "ui/web/node_modules", "ui/web/dist", "cdn/libraries/node_modules", "ui/docs/node_modules", "ui/docs/dist"].filter(path => existsSync(root + path));

/** A new place: its folder, the variables of its terminals, and how to leave it. */
export function makePlace() {
  const above = mkdtempSync(`${tmpdir()}/grouploop-docs-`);
  const [folder, tools, home] = ["grouploop", "tools", "home"].map(name => `${above}/${name}`);
  for (const made of [folder, tools, home]) mkdirSync(made);
  // With the times of the files, by which make knows that nothing has to be built again.
  const left = ["target", "data", ".git", "node_modules", ...linked, "tests/browser/out"].map(path => `--exclude=./${path}`);
  execFileSync("sh", ["-c", 'tar "$@" -cf - . | tar -C "$0" -xf -', folder, ...left, "--exclude=node_modules"], { cwd: root });
  for (const path of linked) {
    mkdirSync(dirname(`${folder}/${path}`), { recursive: true });
    symlinkSync(root + path, `${folder}/${path}`);
  }
  // The same program, built for tests.
  mkdirSync(`${folder}/target/release`, { recursive: true });
  const program = process.env.GROUPLOOP_BIN ?? `${root}target/debug/grouploop`;
  for (const path of [`${folder}/target/release/grouploop`, `${tools}/grouploop`]) symlinkSync(program, path);
  const ours = new URL("tools/", import.meta.url);
  for (const name of readdirSync(ours)) copyFileSync(new URL(name, ours), `${tools}/${name}`);
  // An answer that is an error is one, and progress is nothing to read.
  writeFileSync(`${home}/.curlrc`, "fail-with-body\nsilent\nshow-error\n");

  const inherited = Object.entries(process.env).filter(([name]) => !/^(GROUPLOOP_|WS_|CDN_|NATS_|AWS_|NODE_|MAKE|MFLAGS)/.test(name));
  const env = {
    ...Object.fromEntries(inherited), HOME: home, GROUPLOOP_PROJECT: root,
    PATH: `${tools}:${root}ui/web/node_modules/.bin:${process.env.PATH}`,
    // A debug build compresses p5.js slowly.
    GROUPLOOP_UI__CDN_TIMEOUT_MS: "60000",
  };
  return { folder, above, env, leave: () => rmSync(above, { recursive: true, force: true }) };
}
