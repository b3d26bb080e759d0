// A terminal in which the commands of a page are typed, one shell for all of them: what is exported and which folder it is in stays.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** How long one command may take until it has done what it is awaited for, in milliseconds. */
const patience = 60_000;

/** Sent to the shell first. With job control each command in the background has a process group, which Ctrl-C reaches. */
const prelude = `
set -m
trap 'failed=\${failed:-"$BASH_COMMAND: exit code $?"}' ERR
# begun FILE COUNT TEXT: waits until so many lines of FILE match TEXT, or the last command in the background has ended.
begun() { until [ "$(grep -cE -- "$3" "$1")" -ge "$2" ]; do kill -0 $! 2>/dev/null || { echo "it ended before it printed: $3"; return 1; }; sleep 0.02; done; }
# interrupt COMMAND: Ctrl-C for the last command in the background, once COMMAND succeeds.
interrupt() { until eval "$1" 2>/dev/null; do kill -0 $! 2>/dev/null || break; sleep 0.02; done; kill -INT -- -$!; }
# Ctrl-C for all that runs in the background.
everything_ends() { for job in $(jobs -p); do kill -INT -- -$job 2>/dev/null || true; done; wait; }
`;

/** A shell in this folder, with these variables. */
export function openTerminal(folder, env) {
  const shell = spawn("bash", ["--noprofile", "--norc"], { cwd: folder, env, stdio: ["pipe", "ignore", "pipe", "pipe"], detached: true });
  const ended = once(shell, "exit");
  let complaints = "";
  shell.stderr.on("data", data => complaints += data);
  const said = [];
  let heard = () => {};
  createInterface({ input: shell.stdio[3] }).on("line", line => { said.push(line); heard(); });
  shell.stdin.write(prelude);
  let count = 0;
  // Detached, it leads a session, in which everything is that was begun here.
  const killAll = () => void spawnSync("pkill", ["-KILL", "-s", String(shell.pid)]);
  process.once("exit", killAll);

  /** Runs text; what it printed. Fails with its output when a command of it does, or when it takes too long. */
  async function run(text) {
    const name = `${folder}/.example-${++count}`;
    const [script, output] = [`${name}.sh`, `${name}.out`];
    writeFileSync(script, `${text}\n`);
    writeFileSync(output, "");
    shell.stdin.write(`failed=; output='${output}'; source '${script}' >>'${output}' 2>&1 </dev/null; echo "$failed" >&3\n`);
    let late;
    const answer = await new Promise((resolve, reject) => {
      heard = () => said.length > 0 && resolve(said.shift());
      late = setTimeout(() => reject(new Error(`not done after ${patience / 1000} s: ${text}\n${readFileSync(output, "utf8").slice(-1500)}${complaints}`)), patience);
      ended.then(() => reject(new Error(`the shell ended: ${complaints}`)));
    }).finally(() => clearTimeout(late));
    const printed = readFileSync(output, "utf8");
    if (answer !== "") throw new Error(`${answer}\n${printed.slice(-1500)}${live(output)}${complaints}`);
    return printed;
  }

  /** Ends the shell, with all that still runs in it, as closing the window does. */
  async function close() {
    shell.stdin.end("everything_ends\n");
    const late = setTimeout(killAll, 10_000);
    await ended;
    clearTimeout(late);
    killAll();
    process.off("exit", killAll);
  }

  return { run, close };
}

/**
 * Commands as they are typed: `# until Ctrl-C` is obeyed once something was printed and `until` succeeds, each `&` awaited until it prints `ready`, and all of
 * it is left running when it `stays` (and prints that) or `keeps` on.
 */
export function typed(text, { ready, stays, keeps, until = "true", slow }) {
  if (keeps) return `{ ${text}\n} &`;
  if (stays !== undefined) return `{ ${text}\n} &\nbegun "$output" 1 ${quoted(stays)}`;
  let background = 0;
  return text.split("\n").map(line => {
    const [, command, comment] = line.match(/^(.*?)\s*(#.*)?$/);
    // What is not ours may call that a failure.
    const fine = /\bgrouploop\b/.test(command) ? (slow ? " || [ $? = 1 ]" : "") : " || [ $? = 130 ]";
    if (/\buntil Ctrl-C\b/.test(comment ?? "")) return `rm -f "$output.live"; { ${command}; } >"$output.live" 2>&1 &\ninterrupt ${quoted(`[ -s "$output.live" ] && { ${until}; }`)}; wait $!${fine}; cat "$output.live"`;
    if (!command.endsWith("&") || command.endsWith("&&")) return slow ? `${command} || [ $? = 1 ]` : line;
    if (ready === undefined) throw new Error(`when has it begun? ${line}`);
    return `${command}\nbegun "$output" ${++background} ${quoted(ready)}`;
  }).join("\n");
}

/** What the last command that ran until Ctrl-C has printed. */
const live = output => existsSync(`${output}.live`) ? readFileSync(`${output}.live`, "utf8").slice(-1500) : "";

const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;
