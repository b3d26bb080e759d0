// The command panel: for whom, which command, its form, and what became of those that were sent.

import { computed, signal } from "@preact/signals";
import { Answers } from "../../design/answers";
import { CommandChoice, CommandDraft } from "../../design/command-choice";
import { Button, Card, Field, Notice } from "../../design/parts";
import { parseId } from "../../library/wire";
import { Acts } from "../../store/acts";
import { reachable, gone, swarm, target, type Target, watching } from "./state";

const draft = new CommandDraft(watching);
const acts = new Acts(({ to, command, parameters }, signal) => watching.sendMany(to, command, parameters, signal));
/** Device that was typed, as the target. */
const one = signal("");

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

function submit(event: Event & { currentTarget: HTMLFormElement }): void {
  event.preventDefault();
  const whom = receivers.value;
  if (!draft.check(event.currentTarget, "to" in whom) || "wrong" in whom) return;
  const { command, parameters } = draft.words;
  void acts.command(whom.to, command, parameters);
}

function Whom() {
  const choices: readonly { name: Target; label: string }[] = [
    { name: "all", label: `All ${swarm.ids.value.length || ""}` },
    { name: "picked", label: `Picked ${reachable.value.length || ""}` },
    { name: "one", label: "One" },
  ];
  const mistake = draft.wasTried.value && "wrong" in receivers.value ? receivers.value.wrong : undefined;
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

export function Command() {
  return (
    <Card title="Command" class="command">
      <form class="stack" onSubmit={submit} noValidate>
        <Whom />
        <CommandChoice draft={draft} />
        <Button first type="submit">Send</Button>
      </form>
      <h3>Answers</h3>
      <Answers acts={acts} swarm={swarm} />
    </Card>
  );
}
