// Makes one self-contained file of types out of the declarations that the compiler writes, one file for each module: what the entry
// exports, and what that needs. Bundlers for types would do the same, and ask for a newer Node than the rest of the project.

import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The types of `library/<entry>.ts` as the text of one module. */
export async function bundleTypes(entry) {
  const out = await mkdtemp(`${tmpdir()}/grouploop-types-`);
  try {
    const options = ["--project", "tsconfig.types.json", "--outDir", out];
    execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", ...options], { cwd: here, stdio: "inherit" });
    const name = `./${entry}.js`;
    return bundle(await readModules(out, name), name);
  } finally {
    await rm(out, { recursive: true });
  }
}

/** The modules that a module is made of, itself the last: for each its declarations by name, and the names that it exports from where. */
async function readModules(folder, name, modules = new Map()) {
  const text = await readFile(`${folder}/${name.replace(/\.js$/, ".d.ts")}`, "utf8");
  const module = { declarations: new Map(), exported: [], everythingOf: [] };
  let end = 0;
  for (const statement of parseSync("module.d.ts", text).program.body) {
    // With the comment before it.
    const whole = text.slice(end, statement.end).trim();
    end = statement.end;
    const { type, source, declaration, specifiers = [] } = statement;
    if (source && !modules.has(source.value)) await readModules(folder, source.value, modules);
    if (type === "ImportDeclaration") continue;
    if (type === "ExportAllDeclaration") module.everythingOf.push(source.value);
    else if (source) module.exported.push(...specifiers.map(({ exported }) => exported.name));
    else if (declaration !== null) {
      const { id } = declaration ?? statement;
      const { name } = id ?? (declaration ?? statement).declarations[0].id;
      const before = module.declarations.get(name);
      // An overload joins the others of its name.
      const statements = [...(before?.statements ?? []), statement];
      const code = whole.replace(/^export /m, "");
      module.declarations.set(name, { statements, text: before ? `${before.text}\n${code}` : code });
      if (declaration && !before) module.exported.push(name);
    }
  }
  return modules.set(name, module);
}

/** Every name that stands somewhere in a part of the syntax tree. */
function names(node, found = new Set()) {
  if (Array.isArray(node)) node.forEach(part => names(part, found));
  else if (node !== null && typeof node === "object") {
    if (node.type === "Identifier") found.add(node.name);
    Object.values(node).forEach(part => names(part, found));
  }
  return found;
}

function bundle(modules, entry) {
  const all = new Map();
  for (const [name, { declarations }] of modules) {
    for (const [declared, declaration] of declarations) {
      if (all.has(declared)) throw new Error(`${name} and another module both declare ${declared}: rename one`);
      all.set(declared, declaration);
    }
  }
  const { exported, everythingOf } = modules.get(entry);
  const wanted = [...exported, ...everythingOf.flatMap(name => modules.get(name).exported)].sort();
  const needed = new Set(wanted);
  for (const name of needed) names(all.get(name)?.statements).forEach(used => all.has(used) && needed.add(used));
  const kept = [...all].filter(([name]) => needed.has(name)).map(([, { text }]) => text);
  return `${kept.join("\n\n")}\n\nexport {\n${wanted.map(name => `    ${name},\n`).join("")}};\n`;
}
