// A rollout is put together: which image, for whom, by which rules.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button, Card, Field, Notice } from "../../../design/parts";
import type { Failed } from "../../../store/space";
import type { Board } from "./manifest";
import { course, definitionOf, type Form, MAX_DEVICES, type Mistakes, mistakesOf, placed, TIMEOUTS, USUAL_RULES, type Whom } from "./plan";
import { bytesWords, devices as counted, readRollout } from "./record";
import { devices, fill, form, image, manifest, missing, rollouts, show } from "./state";
import { Taken } from "./taken";

/** Inputs for what is no word: phones leave it as it was typed. */
const PLAIN = { class: "input", autocomplete: "off", autocapitalize: "off", spellcheck: false } as const;

/** Whether somebody tried to start what is in the form now: before that nothing is called wrong. */
const wasTried = signal(false);
const isStarting = signal(false);
/** What the CDN said to the last try. */
const refusal = signal<Failed | undefined>(undefined);

const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
/** A date as people say it; as it was written when it is none. */
function dateWords(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : day.format(date);
}

function change(more: Partial<Form>): void {
  // Who allowed another board did so for those devices and that image.
  fill({ anyBoard: false, ...more });
  wasTried.value = false;
  refusal.value = undefined;
}

function Images({ boards, wrong }: { boards: readonly Board[]; wrong: string | undefined }) {
  const chosen = image.value;
  const { board: wanted } = form.value;
  const board = boards.find(({ name }) => name === ("board" in chosen ? chosen.board : wanted));
  const isThere = boards.some(({ name }) => name === wanted);
  return (
    <>
      <Field label="Board" wrong={wrong}>
        {field => (
          <select {...field} class="input mono" value={"board" in chosen ? chosen.board : wanted} onInput={event => change({ board: event.currentTarget.value, version: "" })}>
            {!isThere && (boards.length > 1 || wanted !== "") && <option value={wanted}>{wanted === "" ? "Choose one" : `${wanted} (gone)`}</option>}
            {boards.map(({ name }) => <option key={name} value={name}>{name}</option>)}
          </select>
        )}
      </Field>
      {board && (
        <fieldset class="images">
          <legend class="label">Version</legend>
          {board.images.map(({ version, date, size }, place) => (
            <label key={version}>
              <input type="radio" name="version" value={version} checked={"version" in chosen && chosen.version === version} onChange={() => change({ board: board.name, version })} />
              <span class="mono">{version}</span>
              {place === 0 && <span class="tag">current</span>}
              <span class="quiet small about">{[date && dateWords(date), size === undefined ? "not in the store" : bytesWords(size)].filter(Boolean).join(" · ")}</span>
            </label>
          ))}
        </fieldset>
      )}
    </>
  );
}

const WHOM: readonly { readonly whom: Whom; readonly label: string }[] = [
  { whom: "picked", label: "Picked" }, { whom: "all", label: "All" }, { whom: "typed", label: "Typed" },
];

function Devices({ wrong, isBoard }: { wrong: string | undefined; isBoard: boolean }) {
  const { whom, ids, anyBoard } = form.value;
  const count = devices.value.ids.length;
  const away = missing.value;
  return (
    <div class="stack tight">
      <span class="label">Devices</span>
      <div class="choice" role="group" aria-label="Devices">
        {WHOM.map(choice => (
          <button key={choice.whom} type="button" class="button" aria-pressed={whom === choice.whom} onClick={() => change({ whom: choice.whom })}>
            {choice.label} {whom === choice.whom && count > 0 && count}
          </button>
        ))}
      </div>
      {whom === "typed" ? (
        <Field label="Ids" hint="4 hex digits each, in the order of their turn. A range such as 1a00-1a1f is whoever of it is there." wrong={wrong}>
          {field => <textarea {...field} {...PLAIN} class="input mono" rows={2} value={ids} onInput={event => change({ ids: event.currentTarget.value })} />}
        </Field>
      ) : <div class="field"><span class="wrong" role="alert">{wrong}</span></div>}
      {away > 0 && devices.value.wrong === undefined && (
        <p class="small quiet">{away === count ? (count === 1 ? "It is" : "All of them are") : away === 1 ? "One of them is" : `${away} of them are`} away now: whoever is still away at its turn is waited for, and then counts as failed.</p>
      )}
      {(isBoard || anyBoard) && (
        <label class="check">
          <input type="checkbox" checked={anyBoard} onChange={event => change({ anyBoard: event.currentTarget.checked })} />
          Also devices that are known to have run the image of another board
        </label>
      )}
    </div>
  );
}

function Rules({ wrong }: { wrong: Mistakes }) {
  const now = form.value;
  const words = course(now, devices.value.ids.length);
  const hasOddTime = TIMEOUTS.some(({ key }) => wrong[key] !== undefined);
  return (
    <>
      <div class="rules">
        <Field label="Canary" hint="devices first" wrong={wrong.canary}>
          {field => <input {...field} {...PLAIN} inputMode="numeric" value={now.canary} onInput={event => change({ canary: event.currentTarget.value })} />}
        </Field>
        <Field label="Wave" hint="devices, or %" wrong={wrong.wave}>
          {field => <input {...field} {...PLAIN} value={now.wave} onInput={event => change({ wave: event.currentTarget.value })} />}
        </Field>
        <Field label="May fail" hint="of each, or %" wrong={wrong.maxFailed}>
          {field => <input {...field} {...PLAIN} value={now.maxFailed} onInput={event => change({ maxFailed: event.currentTarget.value })} />}
        </Field>
      </div>
      {words && <p class="small">{words}</p>}
      <details open={hasOddTime || undefined}>
        <summary>Timeouts</summary>
        <div class="times">
          {TIMEOUTS.map(({ key, label, hint }) => (
            <Field key={key} label={`${label} (s)`} hint={hint} wrong={wrong[key]}>
              {field => <input {...field} {...PLAIN} inputMode="numeric" value={now[key]} onInput={event => change({ [key]: event.currentTarget.value })} />}
            </Field>
          ))}
        </div>
      </details>
    </>
  );
}

async function submit(event: Event & { currentTarget: HTMLFormElement }): Promise<void> {
  event.preventDefault();
  if (isStarting.peek()) return;
  const page = event.currentTarget;
  const chosen = image.peek();
  const mistakes = mistakesOf(form.peek(), devices.peek());
  wasTried.value = true;
  refusal.value = undefined;
  // Once it is marked.
  const toFirst = () => requestAnimationFrame(() => page.querySelector<HTMLElement>("[aria-invalid]")?.focus());
  if ("wrong" in chosen || Object.keys(mistakes).length > 0) return void toFirst();
  isStarting.value = true;
  const outcome = await rollouts.make(definitionOf(form.peek(), chosen, devices.peek().ids));
  isStarting.value = false;
  if (outcome.is !== "done") {
    refusal.value = outcome;
    return void toFirst();
  }
  change({});
  const made = readRollout(outcome.value);
  if (made) show(made.id);
}

/** What to do about devices that are in another rollout: without them it may go at once. */
function withoutTaken(ids: readonly string[]): void {
  const left = devices.peek().ids.filter(id => !ids.includes(id));
  change({ whom: "typed", ids: left.join(" ") });
}

export function Start() {
  useEffect(() => {
    void manifest.look();
    // Who comes back to the page may have published something meanwhile.
    const again = () => void manifest.look();
    window.addEventListener("focus", again);
    return () => window.removeEventListener("focus", again);
  }, []);
  const boards = manifest.boards.value;
  const problem = manifest.problem.value;
  const refused = refusal.value;
  const said = refused && refused.code === "refused" ? placed(refused.mistakes) : {};
  const wrong: Mistakes = wasTried.value ? { ...mistakesOf(form.value, devices.value), ...said } : {};
  const chosen = image.value;
  const noImage = wasTried.value && "wrong" in chosen ? chosen.wrong : wrong.image;
  const count = devices.value.ids.length;
  const hasOwnRules = Object.entries(USUAL_RULES).some(([key, usual]) => form.value[key as keyof typeof USUAL_RULES] !== usual);
  const hasBoards = boards !== undefined && boards.length > 0;
  const label = "version" in chosen && count > 0 && count <= MAX_DEVICES ? `Roll ${chosen.version} out to ${counted(count)}` : "Roll out";
  return (
    <Card title="New firmware" aside={<Button onClick={() => void manifest.look()}>Look again</Button>}>
      {problem && <Notice kind="warn">{problem} {hasBoards && "What is shown is from before."}</Notice>}
      {boards === undefined && !problem && <p class="quiet">Looking what there is.</p>}
      {boards?.length === 0 && (
        <p class="quiet">Nobody has published firmware here yet. <code>grouploop firmware publish firmware.bin --board … --version …</code> does it.</p>
      )}
      {hasBoards && (
        <form class="stack" onSubmit={event => void submit(event)} noValidate>
          <Images boards={boards} wrong={noImage} />
          <Devices wrong={wrong.devices} isBoard={said.devices !== undefined} />
          <Rules wrong={wrong} />
          {wrong.whole && <Notice kind="bad">{wrong.whole}</Notice>}
          {refused && refused.code !== "refused" && <Taken refused={refused} onWithout={withoutTaken} />}
          <div class="row">
            <Button first type="submit" aria-disabled={isStarting.value}>{isStarting.value ? "Starting" : label}</Button>
            {hasOwnRules && <Button onClick={() => change(USUAL_RULES)}>Usual rules</Button>}
          </div>
          <p class="small quiet">A CDN runs it, not this page: closing the page changes nothing, and others who look at this space see it too.</p>
        </form>
      )}
    </Card>
  );
}
