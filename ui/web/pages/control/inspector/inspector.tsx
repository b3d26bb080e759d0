// One device, looked at closely: what its frames say, the frames themselves, how regularly they come, and what was sent to it from here.

import { useEffect, useMemo, useState } from "preact/hooks";
import { ago } from "../../../design/ago";
import { Button, Card, Field, Notice } from "../../../design/parts";
import { rememberedText } from "../../../design/remembered";
import { parseId, toDbm, toG } from "../../../library/wire";
import { NO_COLOR } from "../../../store/swarm";
import { current, swarm, watching } from "../state";
import { copy } from "./copy";
import { Plot } from "./plot";
import { copied, GAPS, type RawFrame, Trace } from "./trace";
import "./inspector.css";

/** How often numbers are written anew, in milliseconds: more often nobody can read them. */
const TEXTS_MS = 200;
/** Commands that are shown. */
const MOST_SENT = 50;

/** An id as it is typed. */
const typed = rememberedText("control.inspected");

/** Device to look at, typed or picked. */
function Which() {
  const [wrong, setWrong] = useState<string>();
  useEffect(() => current.subscribe(id => id !== undefined && (typed.value = id)), []);
  const submit = (event: Event) => {
    event.preventDefault();
    const id = typed.value.trim().toLowerCase();
    const fits = parseId(id) !== undefined;
    setWrong(fits ? undefined : "It must be 4 hex digits, such as 1a2b.");
    if (fits) current.value = id;
  };
  return (
    <form class="which" onSubmit={submit} noValidate>
      <Field label="Device" wrong={wrong}>
        {field => (
          <input {...field} class="input mono" list="inspector-ids" autocomplete="off" autocapitalize="off" spellcheck={false} value={typed.value}
            onInput={event => (typed.value = event.currentTarget.value)} />
        )}
      </Field>
      <Button type="submit">Look</Button>
      <datalist id="inspector-ids">{swarm.ids.value.slice(0, 200).map(id => <option key={id} value={id} />)}</datalist>
    </form>
  );
}

const hexColor = (color: number): string => `#${color.toString(16).padStart(6, "0")}`;

/** Acceleration of one axis: a number, and a bar that begins in the middle. */
function Axis({ name, byte }: { name: string; byte: number }) {
  const g = toG(byte);
  return (
    <div class="axis" data-axis={name}>
      <dt>{name}</dt>
      <dd class="mono">{g < 0 ? "−" : "+"}{Math.abs(g).toFixed(2)} g</dd>
      <span class="from-middle" aria-hidden="true"><span style={{ left: `${Math.min(50, 50 + g * 25)}%`, width: `${Math.abs(g) * 25}%` }} /></span>
    </div>
  );
}

const BEACONS = [["NW", "dNW"], ["NE", "dNE"], ["SW", "dSW"], ["SE", "dSE"]] as const;

function Fields({ trace, id, now }: { trace: Trace; id: string; now: number }) {
  const { reading, tappedMs, taps } = trace;
  const place = swarm.place(id);
  const color = place === undefined ? NO_COLOR : (swarm.color[place] ?? NO_COLOR);
  return (
    <>
      <h3>Acceleration</h3>
      <dl class="axes"><Axis name="x" byte={reading.ax} /><Axis name="y" byte={reading.ay} /><Axis name="z" byte={reading.az} /></dl>
      <Plot trace={trace} />
      <h3>Beacons</h3>
      <dl class="beacons">
        {BEACONS.map(([name, key]) => (
          <div key={name}><dt>{name}</dt><dd class="mono">{reading[key] === 0 ? "not heard" : `−${Math.abs(toDbm(reading[key])).toFixed(0)} dBm`}</dd></div>
        ))}
      </dl>
      <dl class="facts">
        <div><dt>Tap</dt><dd data-on={reading.tap}>{reading.tap ? "tapped" : taps === 0 || tappedMs === undefined ? "none so far" : `${ago(now - tappedMs)} ago, ${taps} so far`}</dd></div>
        <div><dt>LEDs, sent last</dt><dd>{color === NO_COLOR ? "nothing from here" : <><span class="swatch" style={{ background: hexColor(color) }} /> <span class="mono">{hexColor(color)}</span></>}</dd></div>
      </dl>
    </>
  );
}

function Rhythm({ trace, now }: { trace: Trace; now: number }) {
  const jitter = trace.jitter();
  const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  return (
    <>
      <h3>Rhythm</h3>
      <dl class="facts">
        <div><dt>Rate</dt><dd class="mono">{trace.rate(now).toFixed(1)} Hz</dd></div>
        <div><dt>Newest frame</dt><dd class="mono">{trace.cameMs === undefined ? "none" : `${ago(Math.max(0, now - trace.cameMs))} old`}</dd></div>
        <div><dt>Gap, median</dt><dd class="mono">{jitter ? ms(jitter.median) : "–"}</dd></div>
        <div><dt>Gap, p99</dt><dd class="mono">{jitter ? ms(jitter.p99) : "–"}</dd></div>
        <div><dt>Longest gap</dt><dd class="mono">{jitter ? ms(jitter.most) : "–"}</dd></div>
        <div><dt>Frames</dt><dd class="mono">{trace.count}</dd></div>
      </dl>
      <p class="small quiet">Of the last {jitter?.count ?? 0} gaps of at most {GAPS}, as this page gets the frames: what the network adds is in it.</p>
    </>
  );
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
const toSecond = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** `count` is how many there are by now. */
function Raw({ trace, count }: { trace: Trace; count: number }) {
  /** What is shown while it stands still. */
  const [still, setStill] = useState<readonly RawFrame[]>();
  const [said, setSaid] = useState("");
  useEffect(() => {
    setStill(undefined);
    setSaid("");
  }, [trace]);
  const frames = still ?? trace.frames();
  const newer = still ? count - 1 - (still[0]?.number ?? -1) : 0;
  return (
    <>
      <div class="row ends">
        <h3>Frames</h3>
        <div class="row">
          <Button aria-pressed={still !== undefined} onClick={() => setStill(still ? undefined : trace.frames())}>Pause</Button>
          <Button onClick={() => {
            const many = `${frames.length} ${frames.length === 1 ? "frame" : "frames"}`;
            void copy(copied(frames)).then(done => setSaid(done ? `${many} copied.` : "This browser does not let the page copy: mark the frames and copy them by hand."));
          }}>Copy</Button>
        </div>
      </div>
      <p class="small quiet" role="status">{said}{still && ` Paused${newer > 0 ? `; ${newer} came since` : ""}.`}</p>
      <div class="frames" role="region" aria-label="Frames" tabIndex={0}>
        <ol>
          {frames.map(({ number, digits, at, gapMs }) => (
            <li key={number}><time class="quiet">{clock.format(at)}</time> <code>{digits}</code> <span class="quiet">{gapMs === undefined ? "" : `+${gapMs.toFixed(0)} ms`}</span></li>
          ))}
        </ol>
      </div>
    </>
  );
}

function Commands({ id }: { id: string }) {
  const sent = watching.sent.to(id, MOST_SENT);
  return (
    <>
      <h3>Commands from this page</h3>
      {sent.length === 0 && <p class="small quiet">None yet.</p>}
      {sent.length > 0 && (
        <div class="commands" role="region" aria-label="Commands from this page" tabIndex={0}>
          <ol>
            {sent.map(({ number, at, to, text, ok, words }) => (
              <li key={number} data-ok={ok ?? "waiting"}>
                <time class="quiet" dateTime={at.toISOString()}>{toSecond.format(at)}</time> <code>{text}</code> {to === "all" && <span class="quiet">to all</span>} <span class="words">{words}</span>
              </li>
            ))}
          </ol>
        </div>
      )}
    </>
  );
}

function Closely({ id }: { id: string }) {
  const trace = useMemo(() => new Trace(), [id]);
  const [now, setNow] = useState(performance.now());
  useEffect(() => watching.watch(id, digits => trace.take(digits, performance.now(), new Date())), [trace]);
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), TEXTS_MS);
    return () => clearInterval(timer);
  }, []);
  swarm.ids.value;
  const isThere = swarm.place(id) !== undefined;
  const { cameMs, count } = trace;
  return (
    <>
      <div role="status">
        {!isThere && count > 0 && cameMs !== undefined && <Notice kind="warn"><code>{id}</code> has left: its newest frame is {ago(Math.max(0, now - cameMs))} old. What is shown was its last; if it comes back, it goes on.</Notice>}
        {!isThere && count === 0 && <Notice><code>{id}</code> is not there now. Its frames are shown as soon as it is.</Notice>}
      </div>
      {count > 0 && <Fields trace={trace} id={id} now={now} />}
      {count > 0 && <Rhythm trace={trace} now={now} />}
      {count > 0 && <Raw trace={trace} count={count} />}
      <Commands id={id} />
    </>
  );
}

export function Inspector() {
  const id = current.value;
  return (
    <Card title={id === undefined ? "One device" : <>Device <span class="mono">{id}</span></>} class="inspector">
      <Which />
      {id === undefined ? <p class="quiet">Pick a device by itself, or type its id, to look at it closely.</p> : <Closely key={id} id={id} />}
    </Card>
  );
}
