// The steps of a scene, to be changed: for whom, which command, in which order.

import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { CommandChoice, CommandDraft } from "../../design/command-choice";
import { Button, Field, Notice } from "../../design/parts";
import { remembered, rememberedText } from "../../design/remembered";
import { readTarget, type Step, type StepTarget } from "../../store/kept";
import { kept } from "./kept";
import { MOST_STEPS, stepText, targetWords } from "./scene";
import { selection, watching } from "./state";

function targetIn(text: string): StepTarget | undefined {
  try {
    return readTarget(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The step that is being written: a new one, or one of those. */
const draft = new CommandDraft(watching, "control.step");
const target = remembered<StepTarget>("control.step.target", "all", targetIn, target => (target === "all" ? undefined : JSON.stringify(target)));
/** Which one is being changed, as `<scene> <place> <what it was>`; none is a new one. */
const changed = rememberedText("control.step.at");

/** What is written, in a form that says whether it is another one. */
const written = (): string => JSON.stringify([target.peek(), draft.command.peek(), draft.typed.peek(), draft.raw.peek()]);
/** The same when it was shown or taken last: what is other than that somebody wrote as a further step. */
let taken = written();
/** The same when it was asked what is to become of it; empty when nobody was. */
const asked = signal("");

/** What is written now is nothing that somebody wrote and did not add. */
function take(): void {
  taken = written();
  asked.value = "";
}

const markOf = (scene: string, place: number, step: Step): string => `${scene} ${place} ${JSON.stringify(step.target)} ${stepText(step)}`;

/** The place of the step of this scene that is being changed. One that somebody else moved or changed meanwhile is not it any more. */
function placeIn(scene: string, steps: readonly Step[]): number | undefined {
  const place = steps.findIndex((step, place) => changed.value === markOf(scene, place, step));
  return place < 0 ? undefined : place;
}

/** No step is being changed any more. What is written stays, as a further one. */
export function leaveStep(): void {
  if (changed.peek() === "") return;
  changed.value = "";
  take();
}

/** Whether a further step of this scene is written and not added, and nobody was asked about it yet. Now somebody is. */
export function isForgotten(scene: string, steps: readonly Step[]): boolean {
  const now = written();
  if (placeIn(scene, steps) !== undefined || now === taken || now === asked.peek()) return false;
  asked.value = now;
  return true;
}

/** The steps of this scene are shown from now on: what is written next is for none of another one's. */
export function enterScene(scene: string): void {
  if (!changed.peek().startsWith(`${scene} `)) leaveStep();
  take();
}

/** The steps, with the one that is being changed as it is written now; `undefined` when something is wrong with that, which is then marked. */
export function finished(form: HTMLFormElement, scene: string, steps: readonly Step[]): readonly Step[] | undefined {
  const index = placeIn(scene, steps);
  if (index === undefined) return steps;
  if (!draft.check(form, true)) return undefined;
  leaveStep();
  const step: Step = { target: target.peek(), ...draft.words };
  return steps.map((other, place) => (place === index ? step : other));
}

/** Whom a step is for, as the value of a choice. */
function Target({ target, onChange }: { target: StepTarget; onChange: (target: StepTarget) => void }) {
  const mine = selection.value;
  const groups = [...kept.groups.all.value];
  const own = typeof target === "object" && !("group" in target) ? target : undefined;
  const value = target === "all" ? "all" : own ? "own" : `group ${(target as { group: string }).group}`;
  const isUnknown = value.startsWith("group ") && !groups.some(([id]) => value === `group ${id}`);
  const choose = (value: string) => {
    if (value === "all") onChange("all");
    else if (value === "mine") onChange(mine);
    else if (value.startsWith("group ")) onChange({ group: value.slice(6) });
  };
  return (
    <Field label="For">
      {field => (
        <select {...field} class="input" value={value} onInput={event => choose(event.currentTarget.value)}>
          <option value="all">All devices</option>
          {own && <option value="own">{targetWords(own, kept.groups.all.value)}</option>}
          {mine.length > 0 && <option value="mine">The {mine.length} picked now</option>}
          {groups.map(([id, { document }]) => <option key={id} value={`group ${id}`}>Group {document.title}</option>)}
          {isUnknown && <option value={value}>{targetWords(target, kept.groups.all.value)}</option>}
        </select>
      )}
    </Field>
  );
}

/** The steps of the scene with this id. */
export function Steps({ scene, steps, onChange }: { scene: string; steps: readonly Step[]; onChange: (steps: readonly Step[]) => void }) {
  const at = placeIn(scene, steps);
  const isFull = at === undefined && steps.length >= MOST_STEPS;
  const open = (index: number) => {
    const step = steps[index];
    // What is written at a further one would be gone.
    if (!step || isForgotten(scene, steps)) return;
    changed.value = markOf(scene, index, step);
    target.value = step.target;
    draft.command.value = step.command;
    const schema = draft.chosen.peek()?.schema ?? [];
    const texts = schema.map((entry, place) => [`${step.command}.${entry.name ?? ""}`, String(step.parameters?.[place] ?? "")] as const);
    draft.typed.value = { ...draft.typed.peek(), ...Object.fromEntries(texts) };
    draft.raw.value = stepText(step);
    take();
  };
  const list = useRef<HTMLOListElement>(null);
  /** The keys stay with the step that moved, or with what is now where one was, once that is drawn. */
  const stay = (index: number, label: string) => void requestAnimationFrame(() => {
    const buttons = list.current?.children[index]?.querySelectorAll<HTMLButtonElement>("button:not(:disabled)") ?? [];
    ([...buttons].find(button => button.textContent?.startsWith(label)) ?? buttons[0] ?? heading.current)?.focus();
  });
  const heading = useRef<HTMLHeadingElement>(null);
  const move = (index: number, by: number) => {
    const [one, other] = [steps[index], steps[index + by]];
    if (!one || !other) return;
    const next = [...steps];
    next[index] = other;
    next[index + by] = one;
    onChange(next);
    leaveStep();
    stay(index + by, by < 0 ? "↑" : "↓");
  };
  const write = (form: HTMLElement | null) => {
    if (isFull || !(form instanceof HTMLFormElement) || !draft.check(form, true)) return;
    const next = at === undefined ? [...steps, { target: target.peek(), ...draft.words }] : finished(form, scene, steps);
    if (next) onChange(next);
    take();
  };
  return (
    <div class="stack tight">
      {steps.length === 0 && <p class="quiet small">No steps yet.</p>}
      <ol ref={list} class="steps">
        {steps.map((step, index) => (
          <li key={index} data-open={at === index}>
            <span class="grow"><code>{stepText(step)}</code> <span class="quiet small">{targetWords(step.target, kept.groups.all.value)}</span></span>
            <span class="row">
              <Button class="icon" aria-label={`Step ${index + 1} earlier`} disabled={index === 0} onClick={() => move(index, -1)}>↑</Button>
              <Button class="icon" aria-label={`Step ${index + 1} later`} disabled={index === steps.length - 1} onClick={() => move(index, 1)}>↓</Button>
              <Button onClick={() => open(index)}>Change <span class="unseen">step {index + 1}</span></Button>
              <Button onClick={() => {
                leaveStep();
                onChange(steps.filter((_, place) => place !== index));
                stay(Math.min(index, steps.length - 2), "Remove");
              }}>Remove <span class="unseen">step {index + 1}</span></Button>
            </span>
          </li>
        ))}
      </ol>
      <div class="step-form stack tight" onKeyDown={event => {
        // Enter is for what is written here, and not for the whole scene.
        if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
        event.preventDefault();
        write(event.target.form);
      }}>
        <h3 ref={heading} tabIndex={-1}>{at === undefined ? "A further step" : `Step ${at + 1}`}</h3>
        <Target target={target.value} onChange={next => (target.value = next)} />
        <CommandChoice draft={draft} />
        {asked.value !== "" && at === undefined && (
          <Notice kind="warn">This step is not in the scene: add it, or do the same once more to leave it out.</Notice>
        )}
        {isFull && <p class="small" role="status">A scene has {MOST_STEPS} steps at most.</p>}
        <div class="row">
          <Button aria-disabled={isFull} onClick={event => write(event.currentTarget.closest("form"))}>{at === undefined ? "Add the step" : "Change the step"}</Button>
          {at !== undefined && <Button onClick={leaveStep}>Leave it as it was</Button>}
        </div>
      </div>
    </div>
  );
}
