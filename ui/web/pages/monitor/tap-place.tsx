// The tap: what is said on a subject, message by message.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button, Card, Field, Notice } from "../../design/parts";
import { Counted, Messages } from "./messages";
import { Place } from "./place";
import { hashOf, toTap } from "./route";
import { isHearing, system } from "./state";
import { useTap } from "./use-tap";

/** Subjects that are offered while one types. */
const OFFERED = 50;

/** Inputs for what is no word: phones leave it as it was typed. */
const PLAIN = { class: "input mono", autocomplete: "off", autocapitalize: "off", spellcheck: false } as const;

/** What is wrong with a device's id; nothing is all devices. */
const wrongDevice = (id: string): string | undefined => (id === "" || /^[0-9a-f]{4}$/i.test(id) ? undefined : "It must be 4 hex digits, such as 1a2b, or nothing.");

export function TapPlace({ subject, device }: { subject: string; device: string }) {
  const draft = useSignal({ subject, device });
  const wrong = useSignal<{ subject?: string | undefined; device?: string | undefined }>({});
  const isOn = useSignal(true);
  useEffect(() => {
    draft.value = { subject, device };
    isOn.value = true;
  }, [subject, device]);
  const tap = useTap(subject, device, isOn.value);
  const submit = (event: Event) => {
    event.preventDefault();
    const [asked, of] = [draft.value.subject.trim(), draft.value.device.trim().toLowerCase()];
    wrong.value = { subject: asked === "" ? "Name a subject, such as gl.space.main.telemetry.* or gl.node.*." : undefined, device: wrongDevice(of) };
    if (wrong.value.subject ?? wrong.value.device) return;
    isOn.value = true;
    location.hash = toTap(asked, of);
  };
  const isPattern = /[*>]/.test(subject);
  const isListening = tap.isOpen.value && isHearing.value;
  return (
    <Place kind="Tap" name={subject === "" ? "of a subject" : subject} steps={[]}>
      <Card title="What to listen to">
        <form class="stack" onSubmit={submit} noValidate>
          <div class="tap-fields">
            <Field label="Subject" hint="* stands for one part, > for all that follow." wrong={wrong.value.subject}>
              {field => <input {...field} {...PLAIN} list="subjects" value={draft.value.subject} onInput={event => (draft.value = { ...draft.peek(), subject: event.currentTarget.value })} />}
            </Field>
            <Field label="Device" hint="Of telemetry and commands." wrong={wrong.value.device}>
              {field => <input {...field} {...PLAIN} value={draft.value.device} onInput={event => (draft.value = { ...draft.peek(), device: event.currentTarget.value })} />}
            </Field>
          </div>
          <datalist id="subjects">{system.value?.subjects.slice(0, OFFERED).map(({ subject }) => <option key={subject} value={subject} />)}</datalist>
          <div class="row">
            <Button first={draft.value.subject !== subject || draft.value.device !== device} type="submit">Listen</Button>
            {subject !== "" && <Button aria-pressed={!isOn.value} onClick={() => (isOn.value = !isOn.peek())}>Hold</Button>}
          </div>
        </form>
      </Card>
      {subject !== "" && (
        <Card title="Messages" class={isListening ? "" : "old"} aside={isOn.value ? isListening && <span class="state" data-state="live">listening</span> : <span class="aged small">held</span>}>
          {tap.problem.value && <Notice kind="bad">{tap.problem.value}</Notice>}
          <Counted tap={tap} />
          <Messages tap={tap} isOne={!isPattern} />
        </Card>
      )}
      {subject === "" && <p class="quiet">Pick one of the <a href={hashOf({ at: "system", find: "" })}>subjects</a>, or name one here.</p>}
    </Place>
  );
}
