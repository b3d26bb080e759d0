// What people call a group or a scene.

import { Field } from "../../design/parts";

/** Characters of a title at most. */
const MOST = 64;

/** What is wrong with a title; `undefined` when nothing is. */
export const wrongTitle = (title: string): string | undefined => (title.trim() === "" ? "It needs a name." : undefined);

export function TitleField(props: { label: string; title: string; wrong: string | undefined; onType: (title: string) => void }) {
  return (
    <Field label={props.label} wrong={props.wrong}>
      {field => <input {...field} class="input" autocomplete="off" maxLength={MOST} value={props.title} onInput={event => props.onType(event.currentTarget.value)} />}
    </Field>
  );
}
