// Commands to those that are picked.

import { useSignal } from "@preact/signals";
import { CommandChoice, CommandDraft } from "../../design/command-choice";
import { Button, Card, Dialog, Notice } from "../../design/parts";
import type { Order } from "../../store/acts";
import { acts } from "./acts";
import { Lamps } from "./lamps";
import { AllDark } from "./panic";
import { selection, watching } from "./state";

const draft = new CommandDraft(watching, "control.send");

/** What interrupts somebody's show, or their device, is asked about before it goes to several. */
const ASKED_ABOUT: Readonly<Record<string, string>> = {
  reset: "Their patterns begin anew, and what was set LED by LED is gone.",
  ota: "They fetch that firmware, flash it and restart. A rollout, below, does that in steps, and stops by itself when it goes wrong.",
};

/** The commands that people use most, by what they are about. */
const USUAL = [
  { command: "led", label: "Colour" },
  { command: "pattern", label: "Pattern" },
  { command: "brightness", label: "Brightness" },
  { command: "vibrate", label: "Vibrate" },
  { command: "spring_param", label: "Spring" },
  { command: "reset", label: "Reset" },
  { command: "led_all_off", label: "All off" },
] as const;

function Usual() {
  const commands = watching.registry.value?.commands;
  const now = draft.chosen.value?.name;
  return (
    <div class="row usual" role="group" aria-label="Usual commands">
      {USUAL.filter(({ command }) => commands !== undefined && Object.hasOwn(commands, command)).map(({ command, label }) => (
        <button key={command} type="button" class="button" aria-pressed={now === command} onClick={() => {
          draft.command.value = command;
          draft.wasTried.value = false;
        }}>{label}</button>
      ))}
    </div>
  );
}

export function Commanding() {
  const asked = useSignal<Order | undefined>(undefined);
  const nobody = useSignal(false);
  const ids = selection.value;
  const count = `${ids.length} ${ids.length === 1 ? "device" : "devices"}`;
  const submit = (event: Event & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    nobody.value = ids.length === 0;
    if (!draft.check(event.currentTarget, ids.length > 0)) return;
    const order = { to: ids, ...draft.words };
    if (ids.length > 1 && order.command in ASKED_ABOUT) asked.value = order;
    else void acts.command(order.to, order.command, order.parameters);
  };
  const order = asked.value;
  return (
    <Card title="Command">
      <form class="stack" onSubmit={submit} noValidate>
        <Usual />
        <CommandChoice draft={draft} />
        {nobody.value && ids.length === 0 && <Notice kind="bad">No device is picked: draw around some on the floor.</Notice>}
        <Button first type="submit">{ids.length === 0 ? "Send to those picked" : `Send to ${count}`}</Button>
      </form>
      <Lamps ids={ids} />
      <Dialog aside={<AllDark />} title={`${order?.command} to ${order?.to.length} devices?`} open={order !== undefined} onClose={() => (asked.value = undefined)}>
        <p>{ASKED_ABOUT[order?.command ?? ""]}</p>
        <div class="row">
          <Button first onClick={() => {
            asked.value = undefined;
            if (order) void acts.command(order.to, order.command, order.parameters);
          }}>Send to {order?.to.length}</Button>
          <Button onClick={() => (asked.value = undefined)}>Not now</Button>
        </div>
      </Dialog>
    </Card>
  );
}
