// The command panel: for whom, which command, its form, and what became of those that were sent.

import { computed, signal } from "@preact/signals";
import { CommandFields, type Mistakes, mistakesIn, textOf, type Typed } from "../../design/command-form";
import { Button, Card, Dialog, Field, Notice } from "../../design/parts";
import { schemaOf } from "../../library/registry";
import { parseId } from "../../library/wire";
import { act, again, log, type Line } from "./batch";
import { reachable, gone, swarm, target, type Target, watching } from "./state";

const command = signal("led");
const typed = signal<Typed>({});
/** Device that was typed, as the target. */
const one = signal("");
/** For when there is no registry: a whole command as text. */
const raw = signal("led:ff8000");
/** Whether somebody tried to send what is in the form now: before that nothing is called wrong. */
const wasTried = signal(false);
/** A command that waits for a second word, since it cannot be taken back. */
const asked = signal<{ readonly to: readonly string[] | "all"; readonly name: string; readonly parameters: readonly string[] } | undefined>(undefined);

const chosen = computed(() => {
  const registry = watching.registry.value;
  const names = Object.keys(registry?.commands ?? {});
  const name = names.includes(command.value) ? command.value : names[0];
  const info = name === undefined ? undefined : registry?.commands[name];
  return name === undefined || info === undefined ? undefined : { name, info, schema: schemaOf(info) };
});

/** For whom it is, or what is wrong with that. */
const receivers = computed<{ to: readonly string[] | "all" } | { wrong: string }>(() => {
  if (target.value === "all") return { to: "all" };
  if (target.value === "picked") {
    if (reachable.value.length > 0) return { to: reachable.value };
    return { wrong: gone.value.length > 0 ? "The devices that you picked have left." : "No device is picked: click some, or choose all." };
  }
  const id = one.value.trim().toLowerCase();
  return parseId(id) === undefined ? { wrong: "It must be 4 hex digits, such as 1a2b." } : { to: [id] };
});

/** What is wrong with the parameters, or with the text while there is no registry. */
const mistakes = computed<Mistakes>(() => {
  const now = chosen.value;
  if (now) return mistakesIn(typed.value, now.name, now.schema);
  return /^[^\s:]+(:|$)/.test(raw.value.trim()) ? {} : { raw: "It must be a command, such as led:ff8000." };
});

function submit(event: Event & { currentTarget: HTMLFormElement }): void {
  event.preventDefault();
  const whom = receivers.value;
  if ("wrong" in whom || Object.keys(mistakes.value).length > 0) {
    wasTried.value = true;
    const form = event.currentTarget;
    // Once it is marked.
    requestAnimationFrame(() => form.querySelector<HTMLElement>("[aria-invalid]")?.focus());
    return;
  }
  wasTried.value = false;
  const now = chosen.value;
  const [name = "", ...parameters] = now ? [now.name, ...now.schema.map(entry => textOf(typed.value, now.name, entry).trim())] : raw.value.trim().split(":");
  // Firmware takes a device away for a while, and the wrong one for longer.
  if (name === "ota" && (whom.to === "all" || whom.to.length > 1)) asked.value = { to: whom.to, name, parameters };
  else void act(whom.to, name, parameters);
}

/** Asks before many devices get other firmware. */
function Sure() {
  const wanted = asked.value;
  const close = () => (asked.value = undefined);
  const whom = wanted?.to === "all" ? "All devices of this space" : `${wanted?.to.length ?? 0} devices`;
  return (
    <Dialog title="Update many devices?" open={wanted !== undefined} onClose={close}>
      <p>{whom} fetch firmware from <code>{wanted?.parameters.join(":")}</code>, flash it and restart. Each is gone for that time, and it cannot be taken back.</p>
      <div class="row">
        <Button first onClick={() => {
          if (wanted) void act(wanted.to, wanted.name, wanted.parameters);
          close();
        }}>Update them</Button>
        <Button onClick={close}>Leave them</Button>
      </div>
    </Dialog>
  );
}

function Whom() {
  const choices: readonly { name: Target; label: string }[] = [
    { name: "all", label: `All ${swarm.ids.value.length || ""}` },
    { name: "picked", label: `Picked ${reachable.value.length || ""}` },
    { name: "one", label: "One" },
  ];
  const mistake = wasTried.value && "wrong" in receivers.value ? receivers.value.wrong : undefined;
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
  const wrong: Mistakes = wasTried.value ? mistakes.value : {};
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
                wasTried.value = false;
              }}>
                {names.map(name => <option key={name} value={name}>{name}</option>)}
              </select>
            )}
          </Field>
          <CommandFields command={now.name} schema={now.schema} typed={typed.value} onType={next => (typed.value = next)} mistakes={wrong} />
        </>
      ) : (
        <Field label="Command" hint="As devices get it, such as led:ff8000" wrong={wrong["raw"]}>
          {field => <input {...field} class="input mono" autocomplete="off" spellcheck={false} value={raw.value} onInput={event => (raw.value = event.currentTarget.value)} />}
        </Field>
      )}
    </>
  );
}

const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Another try for those that a command did not reach, as far as they are there. */
function Again({ line }: { line: Line }) {
  swarm.ids.value;
  const here = line.failed.filter(id => swarm.place(id) !== undefined).length;
  if (here === 0) return <p class="small quiet">{line.failed.length === 1 ? "It is not there now." : "None of them is there now."}</p>;
  const whom = line.failed.length === 1 ? "it" : here === line.failed.length ? "those" : `the ${here} that are there`;
  return <div><Button onClick={() => again(line)}>Try {whom} again</Button></div>;
}

function LogLine({ line }: { line: Line }) {
  return (
    <li data-ok={line.ok === undefined ? "waiting" : line.ok}>
      <time class="quiet small mono" dateTime={line.at.toISOString()}>{time.format(line.at)}</time>
      <p><code>{line.text}</code> <span class="quiet">to {line.to}</span></p>
      <p class="words">{line.words}</p>
      {line.failed.length > 1 && <p class="small mono">{line.failed.slice(0, 12).join(" ")}{line.failed.length > 12 ? ` and ${line.failed.length - 12} more` : ""}</p>}
      {line.failed.length > 0 && <Again line={line} />}
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
      <Sure />
      <h3>Answers</h3>
      {log.value.length === 0 && <p class="quiet small">None yet.</p>}
      <div class="log-box" role="log" aria-label="Answers" tabIndex={0}>
        <ol class="log">{log.value.map(line => <LogLine key={line.number} line={line} />)}</ol>
      </div>
    </Card>
  );
}
