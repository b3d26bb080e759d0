// Scenes: commands that have a name together, the same for everybody in the space. Applying one is an act with one answer, and can be undone.

import { effect, signal } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { Button, Card, Dialog, Notice, useGoingOn } from "../../design/parts";
import { rememberedText } from "../../design/remembered";
import { readScene, type Scene } from "../../store/kept";
import { told } from "./acts";
import { Deletion } from "./deletion";
import { Draft, freeId } from "./draft";
import { Drafts } from "./drafts";
import { few } from "./ids";
import { kept } from "./kept";
import { AllDark } from "./panic";
import { composed, MOST_STEPS } from "./scene";
import { selection, space, url } from "./state";
import { enterScene, finished, isForgotten, leaveStep, Steps } from "./steps";
import { TitleField, wrongTitle } from "./title";
import { DraftTrouble, Orphans } from "./trouble";
import { apply, backWords, undo, undoable } from "./undo";

const { scenes } = kept;

const title = rememberedText("control.new-scene");
/** What is wrong with what a new scene would be made of. */
const wrong = signal<{ readonly title?: string; readonly steps?: string }>({});
/** What the last new one is without. */
const without = signal<string | undefined>(undefined);
const made = signal<Draft<Scene> | undefined>(undefined);
// What came of one in another space is nothing to this one; the name stays.
effect(() => {
  space.value;
  made.value = without.value = undefined;
  wrong.value = {};
});
/** Those that are written in the window. */
const drafts = new Drafts<Scene>("control.scenes", scenes, space, readScene);
const isDoomed = signal(false);

const describe = (scene: Scene): string => `“${scene.title}” with ${scene.steps.length} ${scene.steps.length === 1 ? "step" : "steps"}`;

async function save(): Promise<void> {
  if (made.peek()?.isBusy.peek()) return;
  const ids = selection.peek();
  const { steps, untold } = composed(ids, id => told.of(id));
  const noTitle = wrongTitle(title.peek());
  const noSteps = ids.length === 0
    ? "No device is picked: draw around some on the floor."
    : steps.length === 0 ? "Nothing was sent to those picked from this page yet. Send them what the scene should be, then keep it."
    : steps.length > MOST_STEPS ? `It would have ${steps.length} steps, and ${MOST_STEPS} are possible.` : undefined;
  wrong.value = { ...(noTitle && { title: noTitle }), ...(noSteps && { steps: noSteps }) };
  without.value = undefined;
  if (noTitle !== undefined || noSteps !== undefined) return;
  const draft = new Draft<Scene>(scenes, freeId(title.peek(), scenes.all.peek()), { title: title.peek().trim(), steps }, undefined);
  made.value = draft;
  const sent = title.peek();
  if (!(await draft.save())) return;
  if (untold.length > 0) without.value = `Without ${few(untold)}: nothing was sent to ${untold.length === 1 ? "it" : "them"} from this page.`;
  finish(sent);
}

/** What is typed for the next one meanwhile stays. */
function finish(sent = title.peek()): void {
  made.value = undefined;
  if (title.peek() === sent) title.value = "";
}

/** Opens the window of a scene. */
function show(open: () => void): void {
  open();
  enterScene(drafts.open.peek()?.id ?? "");
}

function close(): void {
  drafts.close();
  isDoomed.value = false;
}

function discard(): void {
  drafts.discard();
  leaveStep();
  isDoomed.value = false;
}

function NewScene() {
  const draft = made.value;
  const { title: noTitle, steps: noSteps } = wrong.value;
  return (
    <form class="stack tight" noValidate onSubmit={event => {
      event.preventDefault();
      void save();
    }}>
      <TitleField label="New scene" title={title.value} wrong={title.value.trim() === "" ? noTitle : undefined} onType={next => (title.value = next)} />
      {noSteps && <Notice kind="bad" onDismiss={() => (wrong.value = {})}>{noSteps}</Notice>}
      {without.value && <Notice kind="warn" onDismiss={() => (without.value = undefined)}>{without.value}</Notice>}
      {draft && <DraftTrouble draft={draft} what="Scene" describe={describe} onDone={() => finish()} onBoth={() => void save()} />}
      <div class="row">
        <Button type="submit" aria-disabled={draft?.isBusy.value}>Keep what those picked were sent last</Button>
        <Button onClick={() => show(() => drafts.begin(title.peek().trim() || "New scene", { title: title.peek(), steps: [] }))}>{drafts.hasNew ? "Go on writing" : "Write one"}</Button>
      </div>
    </form>
  );
}

function Change({ draft }: { draft: Draft<Scene> }) {
  const scene = draft.document.value;
  const noTitle = wrongTitle(scene.title);
  const isEmpty = scene.steps.length === 0;
  const form = useRef<HTMLFormElement>(null);
  const [tried, setTried] = useState<string>();
  const collect = () => {
    if (isForgotten(draft.id, scene.steps) || form.current === null) return false;
    const steps = finished(form.current, draft.id, scene.steps);
    if (steps !== undefined) draft.document.value = { ...draft.document.peek(), steps };
    return steps !== undefined;
  };
  const tryIt = async () => {
    if (!collect()) return;
    setTried("On its way.");
    setTried((await apply(draft.document.peek()))?.words);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isEmpty || noTitle !== undefined || !collect()) return;
    const { isNew } = draft;
    if (!(await draft.save())) return;
    if (isNew) title.value = "";
    close();
  };
  return (
    <form ref={form} class="stack" noValidate onSubmit={event => void submit(event)}>
      <TitleField label="Name" title={scene.title} wrong={noTitle} onType={title => (draft.document.value = { ...draft.document.peek(), title })} />
      <Steps scene={draft.id} steps={scene.steps} onChange={steps => (draft.document.value = { ...draft.document.peek(), steps })} />
      <DraftTrouble draft={draft} what="Scene" describe={describe} onDone={discard} collect={() => noTitle === undefined && collect()} />
      <p class="small" role="status">{tried}</p>
      <div class="row ends">
        <div class="row">
          <Button first type="submit" disabled={isEmpty} aria-disabled={draft.isBusy.value}>Keep</Button>
          <Button disabled={isEmpty} onClick={() => void tryIt()}>Try it</Button>
          {draft.isChanged.value && <Button onClick={discard}>Discard</Button>}
        </div>
        {!draft.isNew && <Deletion isDoomed={isDoomed} onDelete={async () => (await draft.remove()) && discard()} />}
      </div>
    </form>
  );
}

function Undo() {
  const back = undoable.value;
  return back === undefined || back.place !== url.value ? null : <Back back={back} />;
}

function Back({ back }: { back: NonNullable<typeof undoable.value> }) {
  const part = useGoingOn<HTMLDivElement>();
  return (
    <div ref={part} class="stack tight undo">
      <div><Button onClick={() => void undo()}>Undo “{back.title}”</Button></div>
      <p class="small quiet">{backWords(back)}</p>
    </div>
  );
}

function Entry({ id, scene, etag }: { id: string; scene: Scene; etag: string }) {
  const entry = useGoingOn<HTMLLIElement>();
  return (
    <li ref={entry} class="kept-entry">
      <span class="grow title">{scene.title} <span class="quiet small">{scene.steps.length} {scene.steps.length === 1 ? "step" : "steps"}{drafts.has(id) && ", with changes that are not kept"}</span></span>
      <span class="row">
        <Button first onClick={() => void apply(scene)}>Apply <span class="unseen">{scene.title}</span></Button>
        <Button onClick={() => show(() => drafts.change(id, scene, etag))}>Change <span class="unseen">{scene.title}</span></Button>
      </span>
    </li>
  );
}

export function Scenes() {
  const all = [...scenes.all.value];
  const draft = drafts.open.value;
  return (
    <Card title="Scenes">
      {scenes.problem.value && <Notice kind="warn">{scenes.problem.value} It is tried again by itself; what is shown may be old.</Notice>}
      {all.length === 0
        ? <p class="quiet small">{scenes.isKnown.value ? "None yet in this space." : kept.space.value ? "Looking which there are." : "The page is for no space now."}</p>
        : (
          <ul class="kept-list">{all.map(([id, { document, etag }]) => <Entry key={id} id={id} scene={document} etag={etag} />)}</ul>
        )}
      {draft === undefined && <Orphans all={drafts.orphans} onOpen={orphan => show(() => drafts.reopen(orphan))} />}
      <Undo />
      <NewScene />
      <Dialog aside={<AllDark />} title={draft?.isNew ? "A new scene" : "Change the scene"} open={draft !== undefined} onClose={close}>{draft && <Change draft={draft} />}</Dialog>
    </Card>
  );
}
