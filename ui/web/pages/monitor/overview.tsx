// The whole at a glance: how much of everything there is, and who makes it.

import { Big, Spark } from "../../design/figures";
import { Card } from "../../design/parts";
import { bytes, count, rate, whole } from "../../design/words";
import { Aged, agedClass } from "./aged";
import { Nats } from "./nats";
import { Nodes } from "./nodes";
import { Oddities } from "./oddities";
import { matcher } from "./order";
import { Spaces } from "./spaces";
import { history, isHearing, replace, system } from "./state";
import { Subjects } from "./subjects";
import type { Totals as Figures } from "./system";

const FIGURES: readonly { key: keyof Figures; label: string; write: (value: number) => string }[] = [
  { key: "devices", label: "Devices", write: whole },
  { key: "viewers", label: "Viewers", write: whole },
  { key: "frames_per_s", label: "Frames a second", write: rate },
  { key: "messages_per_s", label: "Messages a second", write: rate },
  { key: "bytes_per_s", label: "Bytes a second", write: bytes },
  { key: "commands_per_s", label: "Commands a second", write: rate },
];

function Totals() {
  const now = system.value;
  if (!now) return null;
  return (
    <Card title="All together" aside={<Aged />} class={`totals ${agedClass()}`}>
      <dl class="bigs">
        {FIGURES.map(({ key, label, write }) => (
          <Big key={key} label={label} value={<span data-total={key}>{write(now.totals[key])}</span>}>
            <Spark values={history.total(key)} label={`${label} in the last minute`} />
          </Big>
        ))}
      </dl>
    </Card>
  );
}

function Find({ find }: { find: string }) {
  return (
    <label class="find">
      <span class="unseen">Find subjects, spaces and nodes</span>
      <input class="input mono" type="search" placeholder="Find subjects, spaces and nodes" autocomplete="off" autocapitalize="off" spellcheck={false}
        value={find} onInput={event => replace({ at: "system", find: event.currentTarget.value })} />
    </label>
  );
}

/** A list with how many of it are shown; `rest` is what the monitor has besides. */
function Listed<T>(props: { title: string; all: readonly T[]; shown: readonly T[]; find: string; rest?: string; table: (rows: readonly T[]) => preact.ComponentChildren }) {
  const { title, all, shown, find, rest } = props;
  const isFound = shown.length > 0 || all.length === 0;
  return (
    <Card title={<>{title} <span class="quiet">{all.length === 0 ? "" : shown.length === all.length ? whole(all.length) : `${whole(shown.length)} of ${whole(all.length)}`}</span></>}
      aside={<Aged />} class={agedClass()}>
      {all.length === 0 ? <p class="quiet">{isHearing.value ? "None yet." : "None that is known of."}</p> : isFound ? props.table(shown) : <p class="quiet">None of them has “{find.trim()}” in it.</p>}
      {rest !== undefined && <p class="quiet small">{rest}</p>}
    </Card>
  );
}

export function Overview({ find }: { find: string }) {
  const now = system.value;
  if (!now) return null;
  const isFound = matcher(find);
  const { nodes, spaces, subjects, rest } = now;
  const restWords = rest.subjects > 0 ? `And ${count(rest.subjects, "more subject")} that have less, with ${rate(rest.messages_per_s)} messages and ${bytes(rest.bytes_per_s)} a second together.` : undefined;
  return (
    <div class="stack">
      <h2 class="unseen">The whole system</h2>
      <Totals />
      <Find find={find} />
      <Listed title="Nodes" all={nodes} find={find} table={rows => <Nodes rows={rows} />}
        shown={nodes.filter(({ node, role, state, version }) => isFound([node, role, state, version]))} />
      <Listed title="Subjects" all={subjects} find={find} {...(restWords !== undefined && { rest: restWords })} table={rows => <Subjects rows={rows} />}
        shown={subjects.filter(({ subject, kind, node }) => isFound([subject, kind, node]))} />
      <Listed title="Spaces" all={spaces} find={find} table={rows => <Spaces rows={rows} />}
        {...(rest.spaces > 0 && { rest: `And ${count(rest.spaces, "more space")} that have less.` })}
        shown={spaces.filter(({ space }) => isFound([space]))} />
      <Nats />
      <Oddities />
    </div>
  );
}
