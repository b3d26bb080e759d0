// The swarms that run, each with its knobs; those that are over; and a new one.

import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { Button, Card, Field, Notice, useGoingOn } from "../../design/parts";
import { capital, whole } from "../../design/words";
import type { Definition, Swarm } from "./api";
import { BODY, CROWD, FAULTS, MOTION_WORDS, type MotionWord, mixKnob, mixOf, partsOf, readNumber } from "./knobs";
import { Knob } from "./knob";
import { placed, Refusal } from "./refusal";
import { drop, noteAt } from "./notes";
import { draftOf, hidden, link, looks, lost, opened, over, problems, rates, running, startAgain, startAll, startSwarm, stopped, stopping, stopSwarm } from "./state";
import { form } from "./typed";

/** Devices of a swarm that is started with one click. */
export const A_CROWD = 50;

/** What its bodies do: one thing for all, or a mix. */
function Motion({ swarm }: { swarm: Swarm }) {
  const [wantsMix, setWantsMix] = useState(false);
  const draft = draftOf(swarm.name);
  const motion = draft.typed.value["motion"] ?? swarm.definition["motion"];
  const isMix = wantsMix || typeof motion !== "string";
  const parts = partsOf(mixOf(motion));
  const patch = (word: MotionWord) => (value: number): Definition => {
    const now = Object.fromEntries(MOTION_WORDS.map(other => {
      const typed = readNumber(mixKnob(other), draft.typed.peek()[`motion.${other}`] ?? "");
      return [other, typeof typed === "number" ? typed : parts[other]];
    }));
    return { motion: { ...now, [word]: value } };
  };
  return (
    <>
      <Field label="Motion" wrong={draft.wrong.value["motion"]}>
        {field => (
          <select {...field} class="input" value={isMix ? "mix" : String(motion)}
            onInput={event => {
              const chosen = event.currentTarget.value;
              setWantsMix(chosen === "mix");
              if (chosen !== "mix") draft.choose(chosen as MotionWord);
            }}>
            {MOTION_WORDS.map(word => <option key={word} value={word}>{capital(word)}</option>)}
            <option value="mix">A mix …</option>
          </select>
        )}
      </Field>
      {isMix && MOTION_WORDS.map(word => <Knob key={word} swarm={swarm} knob={mixKnob(word)} value={parts[word]} patch={patch(word)} />)}
    </>
  );
}

function Controls({ swarm }: { swarm: Swarm }) {
  const knobs = (list: typeof CROWD) => list.map(knob => <Knob key={knob.key} swarm={swarm} knob={knob} />);
  return (
    <div class="controls stack tight">
      {knobs(CROWD)}
      <Motion swarm={swarm} />
      {knobs(BODY)}
      <details>
        <summary>Faults</summary>
        <div class="stack tight">{knobs(FAULTS)}</div>
      </details>
    </div>
  );
}

function Item({ swarm }: { swarm: Swarm }) {
  looks.value;
  const item = useGoingOn<HTMLLIElement>();
  const { name, figures, status } = swarm;
  const isOpen = opened.value === name;
  const isStopping = stopping.value.has(name);
  const problem = noteAt(problems.value, name);
  const space = String(swarm.definition["space"]);
  return (
    <li ref={item} class="swarm" data-swarm={name}>
      <div class="row ends">
        <button type="button" class="swarm-name grow" aria-expanded={isOpen} onClick={() => (opened.value = isOpen ? undefined : name)}>
          <span class="mono">{name}</span>
          <span class="quiet small">
            {whole(figures.present)} of {whole(swarm.devices)} devices · {link.value === "away" ? "as of before" : status === "waiting" ? "waits for its start" : `${whole(rates.of(name).sent)} frames/s`}
            {space !== "main" && ` · in ${space}`}
          </span>
        </button>
        <label class="small row">
          <input type="checkbox" checked={!hidden.value.has(name)} aria-label={`Draw ${name}`}
            onInput={event => {
              const others = [...hidden.peek()].filter(other => other !== name);
              hidden.value = new Set(event.currentTarget.checked ? others : [...others, name]);
            }} />
          Draw
        </label>
        <Button aria-disabled={isStopping} onClick={() => isStopping || void stopSwarm(name)}>
          {isStopping ? "Stopping …" : "Stop"} <span class="unseen">{name}</span>
        </Button>
      </div>
      {problem && <Notice kind="bad" onDismiss={() => (problems.value = drop(problems.peek(), [name]))}>{problem}</Notice>}
      {isOpen && <Controls swarm={swarm} />}
    </li>
  );
}

/** What was typed for a new swarm; it stays when the simulator says no, and over a reload. */
const typed = form("new-swarm", { name: "", space: "", devices: String(A_CROWD), motion: "dance" });

function New() {
  const [wrong, setWrong] = useState<Readonly<Partial<Record<string, string>>>>({});
  const [isStarting, setIsStarting] = useState(false);
  const set = (key: keyof typeof typed.value) => (event: { currentTarget: { value: string } }) => (typed.value = { ...typed.peek(), [key]: event.currentTarget.value });
  const submit = async (event: Event & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (isStarting) return;
    const asked = typed.peek();
    const devices = readNumber(CROWD[0]!, asked.devices);
    // Once it is marked.
    const toFirst = () => requestAnimationFrame(() => form.querySelector<HTMLElement>("[aria-invalid]")?.focus());
    if (typeof devices === "string") {
      setWrong({ devices });
      return void toFirst();
    }
    setIsStarting(true);
    try {
      const [name, space] = [asked.name.trim(), asked.space.trim()];
      await startSwarm({ ...(name && { name }), ...(space && { space }), devices, motion: asked.motion });
      setWrong({});
      // What was typed on meanwhile is for the next one.
      if (typed.peek().name === asked.name) typed.value = { ...typed.peek(), name: "" };
    } catch (error) {
      setWrong(placed(error instanceof Refusal ? error.mistakes : [(error as Error).message], ["name", "space", "devices"]));
      toFirst();
    } finally {
      setIsStarting(false);
    }
  };
  const plain = { class: "input mono", autocomplete: "off", autocapitalize: "off", spellcheck: false } as const;
  return (
    <form class="stack tight" onSubmit={event => void submit(event)} noValidate>
      <div class="pair">
        <Field label="Name" hint="Left empty, it gets one." wrong={wrong["name"]}>
          {field => <input {...field} {...plain} value={typed.value.name} onInput={set("name")} />}
        </Field>
        <Field label="Space" hint="Left empty, it is the one of everybody." wrong={wrong["space"]}>
          {field => <input {...field} {...plain} value={typed.value.space} onInput={set("space")} />}
        </Field>
        <Field label="Devices" wrong={wrong["devices"]}>
          {field => <input {...field} {...plain} inputMode="numeric" value={typed.value.devices} onInput={set("devices")} />}
        </Field>
        <Field label="Motion">
          {field => (
            <select {...field} class="input" value={typed.value.motion} onInput={set("motion")}>
              {MOTION_WORDS.map(word => <option key={word} value={word}>{capital(word)}</option>)}
            </select>
          )}
        </Field>
      </div>
      {wrong["all"] && <Notice kind="bad" onDismiss={() => setWrong({})}>{wrong["all"]}</Notice>}
      <div class="row">
        <Button type="submit" aria-disabled={isStarting}>{isStarting ? "Starting …" : "Start the swarm"}</Button>
      </div>
    </form>
  );
}

/** Starts a few with one click. */
export function StartSome({ first = false }: { first?: boolean }) {
  const [wrong, setWrong] = useState<string>();
  const [isStarting, setIsStarting] = useState(false);
  const go = async () => {
    if (isStarting) return;
    setIsStarting(true);
    setWrong(undefined);
    try {
      await startSwarm({ devices: A_CROWD, motion: "dance" });
    } catch (error) {
      setWrong((error as Error).message);
    } finally {
      setIsStarting(false);
    }
  };
  return (
    <div class="stack tight">
      <div class="row">
        <Button first={first} aria-disabled={isStarting} onClick={() => void go()}>{isStarting ? "Starting …" : `Start ${A_CROWD} devices`}</Button>
      </div>
      {wrong && <Notice kind="bad" onDismiss={() => setWrong(undefined)}>{wrong}</Notice>}
    </div>
  );
}

/** What ended without anybody here, to be started again. */
function Ended({ list, words }: { list: Signal<readonly Definition[]>; words: (names: string, isOne: boolean) => string }) {
  const [wrong, setWrong] = useState<string>();
  const [isStarting, setIsStarting] = useState(false);
  const go = async () => {
    if (isStarting) return;
    setIsStarting(true);
    setWrong(await startAll(list));
    setIsStarting(false);
  };
  const names = list.value.map(({ name }) => String(name));
  if (names.length === 0) return null;
  return (
    <Notice kind="warn" onDismiss={() => (list.value = [])}>
      <div class="stack tight">
        <p>{words(names.join(", "), names.length === 1)}</p>
        {wrong && <p>{wrong}</p>}
        <div class="row"><Button aria-disabled={isStarting} onClick={() => void go()}>Start {names.length === 1 ? "it" : "them"} again</Button></div>
      </div>
    </Notice>
  );
}

export const Lost = () => (
  <>
    <Ended list={lost} words={names => `The simulator was restarted, and its swarms ended with it: ${names}.`} />
    <Ended list={stopped} words={(names, isOne) => `Somebody else stopped ${names}. Started again, ${isOne ? "it is" : "they are"} as set here.`} />
  </>
);

export function Swarms() {
  const gone = over.value;
  return (
    <Card title="Swarms" aside={running.value.length > 0 && <span class="quiet small">{running.value.length}</span>}>
      {running.value.length === 0 && <p class="quiet small">None runs.</p>}
      <ul class="swarms">{running.value.map(swarm => <Item key={swarm.name} swarm={swarm} />)}</ul>
      <details>
        <summary>A new swarm</summary>
        <New />
      </details>
      {gone.length > 0 && (
        <details>
          <summary>{gone.length === 1 ? "One that is over" : `${gone.length} that are over`}</summary>
          <ul class="swarms">
            {gone.map(swarm => (
              <li key={swarm.name} class="row ends">
                <span><span class="mono">{swarm.name}</span> <span class="quiet small">{swarm.status}, {whole(swarm.figures.frames_sent)} frames sent</span></span>
                <span class="row">
                  <Button onClick={() => void startAgain(swarm)}>
                    Start again <span class="unseen">{swarm.name}</span>
                  </Button>
                </span>
                {noteAt(problems.value, swarm.name) && <p class="wrong small" role="alert">{noteAt(problems.value, swarm.name)}</p>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}
