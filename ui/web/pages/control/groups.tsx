// Groups: devices that have a name together, the same for everybody in the space.

import { effect, signal } from "@preact/signals";
import { Button, Card, Dialog, Field, Notice, useGoingOn } from "../../design/parts";
import { rememberedText } from "../../design/remembered";
import { type Group, readGroup } from "../../store/kept";
import { Deletion } from "./deletion";
import { Draft, freeId } from "./draft";
import { Drafts } from "./drafts";
import { kept } from "./kept";
import { AllDark } from "./panic";
import { picked, pick, selection, space, swarm, watching } from "./state";
import { TitleField, wrongTitle } from "./title";
import { DraftTrouble, Orphans } from "./trouble";

const { groups } = kept;

/** What a new group is going to be called. */
const title = rememberedText("control.new-group");
const wasTried = signal(false);
/** The new one, from the first try to keep it on. */
const made = signal<Draft<Group> | undefined>(undefined);
/** Those that are being changed. */
const drafts = new Drafts<Group>("control.groups", groups, space, readGroup);
// What came of one in another space is nothing to this one; the name stays.
effect(() => {
  space.value;
  made.value = undefined;
  wasTried.value = false;
});
/** Whether it was asked whether to delete it. */
const isDoomed = signal(false);

const describe = (group: Group): string => `“${group.title}” with ${group.devices.length} ${group.devices.length === 1 ? "device" : "devices"}`;

async function save(): Promise<void> {
  if (made.peek()?.isBusy.peek()) return;
  wasTried.value = true;
  const devices = selection.peek();
  if (wrongTitle(title.peek()) !== undefined || devices.length === 0) return;
  const draft = new Draft<Group>(groups, freeId(title.peek(), groups.all.peek()), { title: title.peek().trim(), devices }, undefined);
  made.value = draft;
  const sent = title.peek();
  if (!(await draft.save())) return;
  finish(sent);
}

/** What is typed for the next one meanwhile stays. */
function finish(sent = title.peek()): void {
  made.value = undefined;
  if (title.peek() === sent) title.value = "";
  wasTried.value = false;
}

function close(): void {
  drafts.close();
  isDoomed.value = false;
}

function discard(): void {
  drafts.discard();
  isDoomed.value = false;
}

function NewGroup() {
  const draft = made.value;
  const count = selection.value.length;
  return (
    <form class="stack tight" noValidate onSubmit={event => {
      event.preventDefault();
      void save();
    }}>
      <TitleField label="New group of those picked" title={title.value} wrong={wasTried.value ? wrongTitle(title.value) : undefined} onType={next => (title.value = next)} />
      {wasTried.value && count === 0 && <Notice kind="bad">No device is picked: draw around some on the floor.</Notice>}
      {draft && <DraftTrouble draft={draft} what="Group" describe={describe} onDone={() => finish()} onBoth={() => void save()} />}
      <div><Button type="submit" aria-disabled={draft?.isBusy.value}>Keep {count === 0 ? "them" : count} as a group</Button></div>
    </form>
  );
}

function Change({ draft }: { draft: Draft<Group> }) {
  const group = draft.document.value;
  const set = <K extends keyof Group>(key: K, value: Group[K]) => void (draft.document.value = { ...draft.document.peek(), [key]: value });
  const wrong = wrongTitle(group.title);
  const mine = selection.value;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (wrong === undefined && (await draft.save())) close();
  };
  return (
    <form class="stack" noValidate onSubmit={event => void submit(event)}>
      <TitleField label="Name" title={group.title} wrong={wrong} onType={title => set("title", title)} />
      <Field label="Colour" hint="For people, to tell it apart">
        {field => <input {...field} type="color" class="input" value={`#${group.color ?? "857d70"}`} onInput={event => set("color", event.currentTarget.value.slice(1))} />}
      </Field>
      <div class="stack tight">
        <p>{group.devices.length} {group.devices.length === 1 ? "device" : "devices"}: <span class="mono small">{group.devices.slice(0, 12).join(" ")}{group.devices.length > 12 && " …"}</span></p>
        <div class="row">
          <Button disabled={mine.length === 0} onClick={() => set("devices", mine)}>Make it the {mine.length} picked</Button>
          <Button disabled={mine.length === 0} onClick={() => set("devices", [...new Set([...group.devices, ...mine])].sort())}>Add those picked</Button>
          <Button disabled={mine.length === 0} onClick={() => set("devices", group.devices.filter(id => !picked.peek().has(id)))}>Take them out</Button>
        </div>
      </div>
      <DraftTrouble draft={draft} what="Group" describe={describe} onDone={discard} />
      <div class="row ends">
        <div class="row">
          <Button first type="submit" aria-disabled={draft.isBusy.value}>Keep</Button>
          {draft.isChanged.value && <Button onClick={discard}>Discard</Button>}
        </div>
        <Deletion isDoomed={isDoomed} onDelete={async () => (await draft.remove()) && discard()} />
      </div>
    </form>
  );
}

function Entry({ id, group, etag }: { id: string; group: Group; etag: string }) {
  // Who is there changes with them.
  swarm.ids.value;
  const entry = useGoingOn<HTMLLIElement>();
  const here = group.devices.filter(device => swarm.place(device) !== undefined).length;
  return (
    <li ref={entry} class="kept-entry">
      <span class="dot" style={{ background: group.color ? `#${group.color}` : "none" }} />
      <span class="grow title">{group.title} <span class="quiet small">{here === group.devices.length || watching.state.value === "disconnected" ? group.devices.length : `${here} of ${group.devices.length} there`}{drafts.has(id) && ", with changes that are not kept"}</span></span>
      <span class="row">
        <Button onClick={() => pick(group.devices, "only")}>Pick <span class="unseen">{group.title}</span></Button>
        <Button onClick={() => pick(group.devices, "add")}>Add <span class="unseen">{group.title}</span></Button>
        <Button onClick={() => drafts.change(id, group, etag)}>Change <span class="unseen">{group.title}</span></Button>
      </span>
    </li>
  );
}

export function Groups() {
  const all = [...groups.all.value];
  const draft = drafts.open.value;
  return (
    <Card title="Groups">
      {groups.problem.value && <Notice kind="warn">{groups.problem.value} It is tried again by itself; what is shown may be old.</Notice>}
      {all.length === 0
        ? <p class="quiet small">{groups.isKnown.value ? "None yet in this space." : kept.space.value ? "Looking which there are." : "The page is for no space now."}</p>
        : <ul class="kept-list">{all.map(([id, { document, etag }]) => <Entry key={id} id={id} group={document} etag={etag} />)}</ul>}
      {draft === undefined && <Orphans all={drafts.orphans} onOpen={orphan => drafts.reopen(orphan)} />}
      <NewGroup />
      <Dialog aside={<AllDark />} title="Change the group" open={draft !== undefined} onClose={close}>{draft && <Change draft={draft} />}</Dialog>
    </Card>
  );
}
