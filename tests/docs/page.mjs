// What of a Markdown page can be run: its code in fences, and the comments that say how.
//
// A comment of the form `<!-- example: VERB ARGUMENT -->` on a line of its own concerns the next fence, apart from those of `steps`, which are steps of their own.
// Readers do not see it. `# until Ctrl-C` behind a command is for readers too: it is begun, and ended as they would.

import { readFileSync } from "node:fs";

/** Languages of code that a test runs; others are drawings, output or excerpts of data. */
const languages = new Set(["sh", "html", "js", "ts", "json", "cpp", "python", "toml", "yaml", "ini", "hex", "mermaid"]);

/** How a line begins that is a command, and not the output of one. */
const commands = /^(?:\$ )?((?:curl|grouploop|make|nats|docker|kubectl|systemctl|cargo|npm|npx|pio|export)\b|(?:scripts|target)\/)/;

/** What a comment may say about the fence behind it. */
const verbs = {
  file: "its text is saved under this name",
  stays: "it runs until the page ends; it has begun when it prints this",
  keeps: "it runs until the page ends; what comes next waits for what it does",
  ready: "each command of it with a & has begun when it prints this",
  until: "Ctrl-C comes once this command succeeds, too, and not only something was printed",
  slow: "exit code 1 is fine: a simulation that says that this machine was too slow for it",
  shows: "its output has this text in it",
  with: "`a => b`: b stands for a, which is right for the reader's place only",
  below: "absolute paths are below a folder of the test",
  loads: "nothing of it is on the console of a browser; it need not do anything by itself",
  answer: "GET of this URL has these keys",
};

/** What is a step without a fence. */
const steps = {
  hub: "everything runs, as after `make run`",
  swarm: "so many simulated devices send",
  run: "a command that readers have no need of; `begun` waits for what it printed",
  ends: "what runs in the background gets a Ctrl-C",
  open: "a browser opens this and finds the text behind `shows`, hears something by WebSocket or, with `loads`, has no complaints",
};

/** The steps of a page in their order: `{ line, verb, argument }` or `{ line, language, text, notes: { verb: [argument] } }`. */
export function readPage(path) {
  const found = [];
  const mistakes = [];
  let fence;
  let notes = {};
  readFileSync(path, "utf8").split("\n").forEach((text, index) => {
    const line = index + 1;
    const mark = text.match(/^ *(`{3,})(\S*)/);
    if (fence) {
      if (mark?.[1] === fence.mark && mark[2] === "") {
        if (languages.has(fence.language)) found.push({ line: fence.line, language: fence.language, text: fence.lines.join("\n"), notes });
        else if (["", "text"].includes(fence.language)) {
          const [command] = fence.lines.map(text => text.match(commands)?.[1]).filter(Boolean);
          if (command) mistakes.push(`${path}:${fence.line}: ${command} stands in a fence that nobody runs: call it sh`);
        } else mistakes.push(`${path}:${fence.line}: nothing here knows how to run ${fence.language}`);
        [fence, notes] = [undefined, {}];
      } else fence.lines.push(text);
      return;
    }
    if (mark) {
      fence = { mark: mark[1], language: mark[2], line, lines: [] };
      return;
    }
    const comment = text.match(/^<!-- example: (\S+)(?: (.*))? -->$/);
    if (!comment) return;
    const [, verb, argument = ""] = comment;
    if (verb in steps) found.push({ line, verb, argument });
    else if (verb in verbs) (notes[verb] ??= []).push(argument);
    else mistakes.push(`${path}:${line}: ${verb} is not one of ${[...Object.keys(verbs), ...Object.keys(steps)].join(", ")}`);
  });
  if (fence) mistakes.push(`${path}:${fence.line}: a fence that is not closed`);
  if (Object.keys(notes).length > 0) mistakes.push(`${path}: a comment at the end that no fence follows`);
  if (mistakes.length > 0) throw new Error(mistakes.join("\n"));
  return found;
}
