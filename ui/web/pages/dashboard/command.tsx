// The command panel: for whom, which command, its form, and what became of those that were sent.

import { computed, signal } from "@preact/signals";
import { Answers } from "../../design/answers";
import { CommandChoice, CommandDraft } from "../../design/command-choice";
import { Button, Card, Dialog, Field, Notice } from "../../design/parts";
import { parseId } from "../../library/wire";
import { Acts } from "../../store/acts";
import { reachable, gone, swarm, target, type Target, url, watching } from "./state";

const draft = new CommandDraft(watching);
const acts = new Acts(({ to, command, parameters }, signal, place) => watching.sendMany(place, to, command, parameters, signal), url);
/** Device that was typed, as the target. */
const one = signal("");
/** A command that waits for a second word, since it cannot be taken back. */
const asked = signal<{ readonly to: readonly string[] | "all"; readonly command: string; readonly parameters: readonly string[] } | undefined>(undefined);

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
  // Firmware takes a device away for a while, and the wrong one for longer.
  if (command === "ota" && (whom.to === "all" || whom.to.length > 1)) asked.value = { to: whom.to, command, parameters };
  else void acts.command(whom.to, command, parameters);
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
          if (wanted) void acts.command(wanted.to, wanted.command, wanted.parameters);
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
      <Sure />
      <h3>Answers</h3>
      <Answers acts={acts} swarm={swarm} />
    </Card>
  );
}
