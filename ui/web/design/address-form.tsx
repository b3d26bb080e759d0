// The server and the space that a page is for, to be changed, with what is wrong with them where they stand.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { config } from "./config";
import { addressOf, address, server, shownServer, space } from "../store/server";
import { Button, Field } from "./parts";

/** Inputs for what is no word: phones leave it as it was typed. */
const PLAIN = { class: "input mono", autocomplete: "off", autocapitalize: "off", spellcheck: false } as const;

/** For an address that begins with wss:// or https://: what to do about a certificate that the server made itself. */
export function CertificateHint({ url }: { url: string }) {
  if (!/^(wss|https):/.test(url)) return null;
  const front = `https://${new URL(url).host}/`;
  return (
    <p>
      If the server made its certificate itself, this browser must be told once that it is all right: open{" "}
      <a href={front} target="_blank" rel="noreferrer">{front}</a>, go on in spite of the warning, and come back.
    </p>
  );
}

/** `onSame` is called when the address stays as it was: the person wants another try. */
export function AddressForm(props: { onSame: () => void; children?: ComponentChildren }) {
  const [draft, setDraft] = useState({ server: shownServer.peek(), space: space.peek() });
  const [wrong, setWrong] = useState<string>();
  useEffect(() => shownServer.subscribe(server => setDraft(draft => ({ ...draft, server }))), []);
  const submit = (event: Event) => {
    event.preventDefault();
    const { problem, url } = addressOf(draft.server, draft.space.trim());
    setWrong(problem);
    if (problem) return;
    const isSame = url === address.value.url;
    server.value = draft.server.trim() === config.wsDefaultUrl ? "" : draft.server.trim();
    space.value = draft.space.trim();
    if (isSame) props.onSame();
  };
  const isSpace = wrong?.includes("space");
  const isChanged = draft.server !== shownServer.value || draft.space !== space.value;
  return (
    <form class="stack" onSubmit={submit} noValidate>
      <Field label="Server" wrong={isSpace ? undefined : wrong}>
        {field => (
          <input {...field} {...PLAIN} inputMode="url" value={draft.server}
            onInput={event => setDraft({ ...draft, server: event.currentTarget.value })} />
        )}
      </Field>
      <Field label="Space" hint="A group's own world of ids. Left empty, it is the one of everybody." wrong={isSpace ? wrong : undefined}>
        {field => (
          <input {...field} {...PLAIN} value={draft.space}
            onInput={event => setDraft({ ...draft, space: event.currentTarget.value })} />
        )}
      </Field>
      <div class="row">
        <Button first={isChanged} type="submit">Connect</Button>
        {server.value !== "" && <Button onClick={() => (server.value = "")}>This page's own server</Button>}
        {props.children}
      </div>
    </form>
  );
}
