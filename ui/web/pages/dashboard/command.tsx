// The command panel: for whom, which command, its form, and what became of those that were sent.

import { computed, signal } from "@preact/signals";
import { CommandFields, textOf, type Typed } from "../../design/command-form";
import { Button, Card, Field, Notice } from "../../design/parts";
import { checkCommand, schemaOf } from "../../library/registry";
import { parseId } from "../../library/wire";
import { act, again, log, type Line } from "./batch";
import { reachable, gone, swarm, target, type Target, watching } from "./state";

const command = signal("led");
const typed = signal<Typed>({});
/** Device that was typed, as the target. */
const one = signal("");
/** For when there is no registry: a whole command as text. */
const raw = signal("led:ff8000");
const wrong = signal<{ readonly name: string; readonly message: string } | undefined>(undefined);

const chosen = computed(() => {
  const registry = watching.registry.value;
  const names = Object.keys(registry?.commands ?? {});
  const name = names.includes(command.value) ? command.value : names[0];
  const info = name === undefined ? undefined : registry?.commands[name];
  return name === undefined || info === undefined ? undefined : { name, info, schema: schemaOf(info) };
});

/** The parameter that a message of the check is about. */
const parameterOf = (message: string): string => chosen.value?.schema.find(({ name = "" }) => message.includes(name))?.name ?? "";

/** For whom it is, or what is wrong with that. */
function receivers(): readonly string[] | "all" | undefined {
  if (target.value === "all") return "all";
  if (target.value === "picked") {
    if (reachable.value.length > 0) return reachable.value;
    wrong.value = { name: "target", message: gone.value.length > 0 ? "The devices that you picked have left." : "No device is picked: click some, or choose all." };
    return undefined;
  }
  const id = one.value.trim().toLowerCase();
  if (parseId(id) !== undefined) return [id];
  wrong.value = { name: "target", message: `“${one.value.trim()}” is no device: it must be 4 hex digits, such as 1a2b.` };
  return undefined;
}

function submit(event: Event): void {
  event.preventDefault();
  wrong.value = undefined;
  const to = receivers();
  if (to === undefined) return;
  const now = chosen.value;
  if (!now) {
    const [name = "", ...parameters] = raw.value.trim().split(":");
    if (name === "") wrong.value = { name: "raw", message: "Type a command, such as led:ff8000." };
    else void act(to, name, parameters);
    return;
  }
  const parameters = now.schema.map(entry => textOf(typed.value, now.name, entry).trim());
  const registry = watching.registry.peek();
  const checked = registry && checkCommand(registry, now.name, parameters.join(":"));
  if (checked?.error) wrong.value = { name: parameterOf(checked.message), message: checked.message };
  else void act(to, now.name, parameters);
}

function Whom() {
  const choices: readonly { name: Target; label: string }[] = [
    { name: "all", label: `All ${swarm.ids.value.length || ""}` },
    { name: "picked", label: `Picked ${reachable.value.length || ""}` },
    { name: "one", label: "One" },
  ];
  const mistake = wrong.value?.name === "target" ? wrong.value.message : undefined;
  return (
    <div class="stack tight">
      <div class="row joined" role="group" aria-label="Send to">
        {choices.map(({ name, label }) => (
          <button key={name} type="button" class="button grow" aria-pressed={target.value === name} onClick={() => (target.value = name)}>{label}</button>
        ))}
      </div>
      {target.value === "one" ? (
        <Field label="Device" hint="4 hex digits" wrong={mistake}>
          {field => (
            <input {...field} class="input mono" list="device-ids" autocomplete="off" spellcheck={false} value={one.value} onInput={event => (one.value = event.currentTarget.value)} />
          )}
        </Field>
      ) : mistake && <Notice kind="bad">{mistake}</Notice>}
      <datalist id="device-ids">{target.value === "one" && swarm.ids.value.slice(0, 200).map(id => <option key={id} value={id} />)}</datalist>
    </div>
  );
}

function What() {
  const now = chosen.value;
  const problem = watching.registryProblem.value;
  const names = Object.keys(watching.registry.value?.commands ?? {});
  return (
    <>
      {problem && (
        <Notice kind="warn">
          <div class="stack tight">
            <p>{problem} {now ? "The commands of before go on." : "Until it does, a command can be typed."}</p>
            <div><Button onClick={() => void watching.loadRegistry()}>Try again</Button></div>
          </div>
        </Notice>
      )}
      {now ? (
        <>
          <Field label="Command" hint={now.info.description}>
            {field => (
              <select {...field} class="input mono" value={now.name} onInput={event => {
                command.value = event.currentTarget.value;
                wrong.value = undefined;
              }}>
                {names.map(name => <option key={name} value={name}>{name}</option>)}
              </select>
            )}
          </Field>
          <CommandFields command={now.name} schema={now.schema} typed={typed.value} onType={next => (typed.value = next)} wrong={wrong.value} />
        </>
      ) : (
        <Field label="Command" hint="As devices get it, such as led:ff8000" wrong={wrong.value?.name === "raw" ? wrong.value.message : undefined}>
          {field => <input {...field} class="input mono" autocomplete="off" spellcheck={false} value={raw.value} onInput={event => (raw.value = event.currentTarget.value)} />}
        </Field>
      )}
    </>
  );
}

const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function LogLine({ line }: { line: Line }) {
  return (
    <li data-ok={line.ok === undefined ? "waiting" : line.ok}>
      <time class="quiet small mono" dateTime={line.at.toISOString()}>{time.format(line.at)}</time>
      <p><code>{line.text}</code> <span class="quiet">to {line.to}</span></p>
      <p class="words">{line.words}</p>
      {line.failed.length > 1 && <p class="small mono">{line.failed.slice(0, 12).join(" ")}{line.failed.length > 12 ? ` and ${line.failed.length - 12} more` : ""}</p>}
      {line.failed.length > 0 && <div><Button onClick={() => again(line)}>Try {line.failed.length === 1 ? "it" : "those"} again</Button></div>}
    </li>
  );
}

export function Command() {
  return (
    <Card title="Command" class="command">
      <form class="stack" onSubmit={submit} noValidate>
        <Whom />
        <What />
        <Button first type="submit">Send</Button>
      </form>
      <h3>Answers</h3>
      {log.value.length === 0 && <p class="quiet small">None yet.</p>}
      <div class="log-box" role="log" aria-label="Answers" tabIndex={0}>
        <ol class="log">{log.value.map(line => <LogLine key={line.number} line={line} />)}</ol>
      </div>
    </Card>
  );
}
