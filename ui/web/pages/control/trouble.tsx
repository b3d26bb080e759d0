// What keeps a group or a scene from being kept, where it is changed.

import { Button, Notice } from "../../design/parts";
import type { Draft, Unkept } from "./draft";
import { Why } from "./why";

/** Those that somebody else deleted while they were changed here: without this nobody would see them again. */
export function Orphans<T extends { readonly title: string }>({ all, onOpen }: { all: readonly Unkept<T>[]; onOpen: (orphan: Unkept<T>) => void }) {
  if (all.length === 0) return null;
  return (
    <ul class="kept-list">
      {all.map(orphan => (
        <li key={orphan.id} class="kept-entry">
          <span class="grow title">{orphan.base.title} <span class="quiet small">deleted by somebody else; what you changed is still here</span></span>
          <span class="row"><Button onClick={() => onOpen(orphan)}>Look <span class="unseen">at {orphan.base.title}</span></Button></span>
        </li>
      ))}
    </ul>
  );
}

interface DraftTroubleProps<T> {
  readonly draft: Draft<T>;
  /** `Group`, `Scene`. */
  readonly what: string;
  /** What is there now, in words. */
  readonly describe: (theirs: T) => string;
  /** It was kept, or given up. */
  readonly onDone: () => void;
  /** Keeps a new one beside another's of the same name. */
  readonly onBoth?: () => void;
  /** Takes in what is written and not part of the draft yet; `false` when it cannot be kept so. */
  readonly collect?: () => boolean;
}

export function DraftTrouble<T>({ draft, what, describe, onDone, onBoth, collect = () => true }: DraftTroubleProps<T>) {
  const others = draft.others.value;
  const failed = draft.failed.value;
  const over = async () => {
    if (collect() && (await draft.overwrite())) onDone();
  };
  if (others === "removed") {
    return (
      <Notice kind="warn">
        <div class="stack tight">
          <p>Somebody else deleted it meanwhile. What you have here is still here.</p>
          <div class="row">
            <Button onClick={() => void over()}>Make it again</Button>
            <Button onClick={onDone}>Let it go</Button>
          </div>
        </div>
      </Notice>
    );
  }
  const { theirs } = draft;
  if (others === "changed" && theirs !== undefined && draft.isNew) {
    return (
      <Notice kind="warn">
        <div class="stack tight">
          <p>Somebody else was first with that name: {describe(theirs)}. What you have here is still here.</p>
          <div class="row">
            {onBoth && <Button onClick={onBoth}>Keep both</Button>}
            <Button onClick={() => void over()}>Replace theirs</Button>
            <Button onClick={onDone}>Let mine go</Button>
          </div>
        </div>
      </Notice>
    );
  }
  if (others === "changed" && theirs !== undefined) {
    return (
      <Notice kind="warn">
        <div class="stack tight">
          <p>Somebody else changed it meanwhile. It is now {describe(theirs)}. What you have here is still here.</p>
          <div class="row">
            <Button onClick={() => void over()}>Keep mine</Button>
            <Button onClick={() => draft.take()}>Take theirs</Button>
          </div>
        </div>
      </Notice>
    );
  }
  if (failed === undefined) return null;
  return (
    <Notice kind="bad">
      <div>{what} not kept. <Why failed={failed} /></div>
    </Notice>
  );
}
