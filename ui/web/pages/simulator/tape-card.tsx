// Record and replay: a space is recorded, and what is kept is played again.

import { useState } from "preact/hooks";
import { Button, Card, Field, Notice } from "../../design/parts";
import { bytes, sentence, span, whole } from "../../design/words";
import * as api from "./api";
import type { Recording, Replay } from "./api";
import { noteAt } from "./notes";
import { placed, Refusal } from "./refusal";
import { running } from "./state";
import { busy, folderProblem, limits, record, recordings, replays, underWay, withTape, wrongs } from "./tapes";
import { form } from "./typed";

const PLAIN = { class: "input mono", autocomplete: "off", autocapitalize: "off", spellcheck: false } as const;
/** How much faster a recording is played. */
const SPEEDS = [0.25, 0.5, 1, 2, 4, 10] as const;

/** What was typed of a recording; it stays when the simulator says no, and over a reload. A space that is empty is the first that has devices. */
const typed = form("recording", { name: "", space: "", minutes: "" });

/** Begins a recording. */
function Record() {
  const spaces = [...new Set(running.value.map(({ definition }) => String(definition["space"])))];
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({});
  const [isBusy, setIsBusy] = useState(false);
  const set = (key: keyof typeof typed.value) => (event: { currentTarget: { value: string } }) => (typed.value = { ...typed.peek(), [key]: event.currentTarget.value });
  const usual = spaces[0] ?? "main";
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    const asked = typed.peek();
    const minutes = asked.minutes.trim() === "" ? undefined : Number(asked.minutes.trim().replace(",", "."));
    if (minutes !== undefined && !(minutes > 0 && minutes < Infinity)) return setWrong({ duration: "It must be a number of minutes, or nothing." });
    setIsBusy(true);
    try {
      const name = asked.name.trim();
      await record({ space: asked.space.trim() || usual, ...(name && { name }), ...(minutes !== undefined && { duration: `${Math.max(1, Math.round(minutes * 60))}s` }) });
      setWrong({});
      // What was typed on meanwhile is for the next one.
      if (typed.peek().name === asked.name) typed.value = { ...typed.peek(), name: "" };
    } catch (error) {
      const { all, ...said } = placed(error instanceof Refusal ? error.mistakes : [(error as Error).message], ["name", "space", "duration"]);
      setWrong({ ...said, ...(all !== undefined && (all.includes("max_recording_seconds") ? { duration: all } : { all })) });
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <form class="stack tight" onSubmit={event => void submit(event)} noValidate>
      <div class="pair">
        <Field label="Space to record" hint={`Left empty, it is ${usual}.`} wrong={wrong["space"]}>
          {field => (
            <>
              <input {...field} {...PLAIN} list="spaces" value={typed.value.space} onInput={set("space")} />
              <datalist id="spaces">{spaces.map(one => <option key={one} value={one} />)}</datalist>
            </>
          )}
        </Field>
        <Field label="Name of the recording" hint="Left empty, it gets one." wrong={wrong["name"]}>
          {field => <input {...field} {...PLAIN} value={typed.value.name} onInput={set("name")} />}
        </Field>
        <Field label="Minutes at most" hint={limits.value && `Left empty, ${(limits.value.seconds / 60).toLocaleString("en", { maximumFractionDigits: 1 })} or ${bytes(limits.value.bytes)}.`} wrong={wrong["duration"]}>
          {field => <input {...field} {...PLAIN} inputMode="decimal" value={typed.value.minutes} onInput={set("minutes")} />}
        </Field>
      </div>
      {wrong["all"] && <Notice kind="bad" onDismiss={() => setWrong({})}>{wrong["all"]}</Notice>}
      <div class="row"><Button type="submit" aria-disabled={isBusy}>{isBusy ? "Starting …" : "Record"}</Button></div>
    </form>
  );
}

const ENDED = { duration: "Its time was over.", max_bytes: "Its file was as large as it may become.", failure: "" } as const;

/** What a person should know of it beside its numbers. */
function Remarks({ recording }: { recording: Recording }) {
  const { ended_by, problem, dropped, name } = recording;
  const said = [ended_by && ENDED[ended_by], problem && sentence(problem), dropped ? `The disk was too slow for ${whole(dropped)} frames.` : ""].filter(Boolean);
  return (
    <>
      {said.length > 0 && <p class="quiet small">{said.join(" ")}</p>}
      {noteAt(wrongs.value, name) && <p class="wrong small" role="alert">{noteAt(wrongs.value, name)}</p>}
    </>
  );
}

/** How it is to be played. */
function Play({ recording: { name, space = "main" }, onDone }: { recording: Recording; onDone: () => void }) {
  const [typed, setTyped] = useState({ space, speed: "1", loop: false });
  const [wrong, setWrong] = useState<string>();
  const submit = (event: Event) => {
    event.preventDefault();
    if (!/^[a-z0-9-]{1,32}$/.test(typed.space.trim())) return setWrong("It must be 1 to 32 of a-z, 0-9 and -.");
    setWrong(undefined);
    void withTape(name, async () => {
      await api.play({ recording: name, space: typed.space.trim(), speed: Number(typed.speed), loop: typed.loop });
      onDone();
    });
  };
  return (
    <form class="stack tight" onSubmit={submit} noValidate aria-label={`Play ${name}`}>
      <div class="pair">
        <Field label="Into the space" wrong={wrong}>
          {field => <input {...field} {...PLAIN} value={typed.space} onInput={event => setTyped({ ...typed, space: event.currentTarget.value })} />}
        </Field>
        <Field label="Speed">
          {field => (
            <select {...field} class="input" value={typed.speed} onInput={event => setTyped({ ...typed, speed: event.currentTarget.value })}>
              {SPEEDS.map(speed => <option key={speed} value={String(speed)}>{speed === 1 ? "As it was" : `${speed} times`}</option>)}
            </select>
          )}
        </Field>
      </div>
      <label class="row small">
        <input type="checkbox" checked={typed.loop} onInput={event => setTyped({ ...typed, loop: event.currentTarget.checked })} /> Again and again
      </label>
      <div class="row"><Button first type="submit" aria-disabled={busy.value.has(name)}>Play</Button></div>
    </form>
  );
}

const when = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

function Kept({ recording }: { recording: Recording }) {
  const [isOpen, setIsOpen] = useState(false);
  const [isSure, setIsSure] = useState(false);
  const { name, status, space, duration_ms = 0, frames = 0, bytes: size = 0, started_unix_ms } = recording;
  return (
    <li class="tape stack tight" data-recording={name}>
      <div class="row ends">
        <span class="grow">
          <span class="mono">{name}</span>
          {status === "kept" && (
            <span class="quiet small block">
              {span(duration_ms)} of {space} · {whole(frames)} frames · {bytes(size)}
              {started_unix_ms !== undefined && ` · ${when.format(started_unix_ms)}`}
            </span>
          )}
        </span>
        <span class="row">
          {status === "kept" && <Button aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>Play … <span class="unseen">{name}</span></Button>}
          <Button aria-expanded={isSure} onClick={() => setIsSure(!isSure)}>{isSure ? "Keep" : "Delete"} <span class="unseen">{name}</span></Button>
        </span>
      </div>
      {/* Not where the first click was: whoever clicks twice keeps it. */}
      {isSure && (
        <div class="row">
          <Button aria-disabled={busy.value.has(name)} onClick={() => void withTape(name, () => api.remove(name)).then(() => setIsSure(false))}>
            Really delete <span class="unseen">{name}</span>
          </Button>
        </div>
      )}
      <Remarks recording={recording} />
      {isOpen && <Play recording={recording} onDone={() => setIsOpen(false)} />}
    </li>
  );
}

function UnderWay({ recording }: { recording: Recording }) {
  const { name, space, duration_ms = 0, frames = 0, bytes: size = 0, devices = 0 } = recording;
  return (
    <li class="tape stack tight" data-recording={name}>
      <div class="row ends">
        <span class="grow">
          <span class="recording-dot" aria-hidden="true" /><span class="mono">{name}</span>
          <span class="quiet small block">recording {space} for {span(duration_ms)} · {whole(frames)} frames of {whole(devices)} devices · {bytes(size)}</span>
        </span>
        <Button aria-disabled={busy.value.has(name)} onClick={() => void withTape(name, () => api.stopRecording(name))}>Stop recording <span class="unseen">{name}</span></Button>
      </div>
      <Remarks recording={recording} />
    </li>
  );
}

const WORDS: Record<Replay["status"], string> = { playing: "playing", finished: "played to its end", stopped: "stopped", failed: "failed" };

function Player({ replay }: { replay: Replay }) {
  const { number, recording, space, speed, loop, status, played_ms, duration_ms, rounds, frames, devices, problem } = replay;
  const lost = Object.values(replay.dropped).reduce((sum, frames) => sum + frames, 0);
  const key = `replay ${number}`;
  const label = `${recording} into ${space}`;
  return (
    <li class="tape stack tight" data-replay={number}>
      <div class="row ends">
        <span class="grow">
          <span class="mono">{recording}</span>
          <span class="quiet small block">
            {WORDS[status]} into {space}{speed !== 1 && `, ${speed} times as fast`}{loop && `, round ${rounds + (status === "playing" ? 1 : 0)}`} · {whole(frames)} frames of {whole(devices)} devices
            {lost > 0 && ` · ${whole(lost)} did not go`}
          </span>
        </span>
        <Button aria-disabled={busy.value.has(key)} onClick={() => void withTape(key, () => api.stopReplay(number))}>
          {status === "playing" ? "Stop" : "Forget"} <span class="unseen">the replay of {label}</span>
        </Button>
      </div>
      {status === "playing" && <progress max={Math.max(1, duration_ms)} value={Math.min(played_ms, duration_ms)} aria-label={`How far ${label} is`} />}
      {problem !== null && <p class="wrong small" role="alert">{sentence(problem)}</p>}
      {noteAt(wrongs.value, key) && <p class="wrong small" role="alert">{noteAt(wrongs.value, key)}</p>}
    </li>
  );
}

export function Tapes() {
  const most = limits.value;
  const kept = recordings.value.filter(({ status }) => status !== "recording");
  const isOff = most?.recordings === 0;
  return (
    <Card title="Record and replay">
      {folderProblem.value && <p class="wrong small" role="alert">{folderProblem.value}</p>}
      {isOff && kept.length === 0
        ? <p class="quiet small">There are no recordings here: whoever runs the simulator can name a folder for them (<code>simulator.recordings</code>).</p>
        : (
          <>
            <ul class="tapes">{underWay.value.map(recording => <UnderWay key={recording.name} recording={recording} />)}</ul>
            <details>
              <summary>Record a space</summary>
              <Record />
            </details>
            {replays.value.length > 0 && <h3>Replays</h3>}
            <ul class="tapes">{replays.value.map(replay => <Player key={replay.number} replay={replay} />)}</ul>
            {kept.length > 0 && <h3>Kept</h3>}
            <ul class="tapes">{kept.map(recording => <Kept key={recording.name} recording={recording} />)}</ul>
            {kept.length === 0 && <p class="quiet small">Nothing is kept yet. A recording holds every frame of a space, whoever sends it; it can be played again at any speed.</p>}
          </>
        )}
    </Card>
  );
}
