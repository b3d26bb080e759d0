// One node: what it runs, who is connected, what it lost and why, and what it says.

import { ago } from "../../design/ago";
import { Big } from "../../design/figures";
import { Card, Notice } from "../../design/parts";
import { bytes, rate, span, took, whole } from "../../design/words";
import { Aged, agedClass } from "./aged";
import { cores, reasonWords, State } from "./nodes";
import { Place } from "./place";
import { toTap } from "./route";
import { agedMs, isHearing, system } from "./state";
import { Subjects } from "./subjects";
import type { Node as Told } from "./system";

/** How far a clock is off, in words. */
function clockWords(offMs: number | null): string {
  if (offMs === null) return "–";
  if (Math.abs(offMs) < 100) return "right";
  return `${ago(Math.abs(offMs))} ${offMs > 0 ? "ahead" : "behind"}`;
}

function Drops({ node: { drops } }: { node: Told }) {
  const some = drops.filter(({ total }) => total > 0);
  if (some.length === 0) return <p class="quiet">It has dropped nothing since it was started.</p>;
  return (
    <table class="plain">
      <thead><tr><th scope="col" class="words">Reason</th><th scope="col" class="figure">A second</th><th scope="col" class="figure">Since it was started</th></tr></thead>
      <tbody>
        {some.map(({ reason, per_s, total }) => (
          <tr key={reason}><th scope="row" class="words">{reasonWords(reason)}</th><td class="figure">{rate(per_s)}</td><td class="figure">{whole(total)}</td></tr>
        ))}
      </tbody>
    </table>
  );
}

function Known({ node }: { node: Told }) {
  const isNow = node.state === "live";
  const old = isNow ? agedClass() : "old";
  const aged = isNow ? <Aged /> : <span class="aged small">{ago(agedMs(node.age_ms))} old</span>;
  return (
    <>
      {!isNow && (
        <Notice kind={node.state === "gone" ? "bad" : "warn"}>
          Nothing was heard of this node for {ago(agedMs(node.age_ms))}. Its figures are those of then, and count nowhere.
        </Notice>
      )}
      <Card title="Figures" aside={aged} class={old}>
        <dl class="bigs" data-node={node.node}>
          <Big label="State" value={<State state={node.state === "gone" && node.leaving ? "left" : node.state} ageMs={node.age_ms} isKnown={isHearing.value} />} />
          <Big label="Role" value={node.role} />
          <Big label="Version" value={<>{node.version} <span class="small quiet mono">{node.commit.slice(0, 8)}</span></>} />
          <Big label="Up for" value={span(node.up_s * 1_000)} />
          <Big label="Connections" value={whole(node.connections)} />
          <Big label="Devices" value={whole(node.devices)} />
          <Big label="Viewers" value={whole(node.viewers)} />
          <Big label="CPU, of a core" value={cores(node.cores)} />
          <Big label="Memory" value={node.memory_bytes === null ? "–" : bytes(node.memory_bytes)} />
          <Big label="Round trip to the bus" value={node.round_trip_us === null ? "–" : took(node.round_trip_us)} />
          <Big label="Its clock is" value={clockWords(node.clock_off_ms)} />
        </dl>
      </Card>
      <Card title="What it dropped" aside={aged} class={old}><Drops node={node} /></Card>
    </>
  );
}

export function Node({ node: name }: { node: string }) {
  const now = system.value;
  const node = now?.nodes.find(({ node }) => node === name);
  const subjects = now?.subjects.filter(one => one.node === name) ?? [];
  return (
    <Place kind="Node" name={name} steps={[]}>
      {now && !node && <Notice>Nothing was heard of a node “{name}” in the last minutes.</Notice>}
      {node && <Known node={node} />}
      {node && (
        <Card title="Subjects" aside={<span class="row"><Aged /><a href={toTap(`gl.node.${name}.>`)}>See what it says of itself</a></span>} class={node.state === "live" ? agedClass() : "old"}>
          {subjects.length === 0 ? <p class="quiet">None of its subjects is among the busiest.</p> : <Subjects rows={subjects} label={`Table of the subjects of ${name}`} without="node" />}
        </Card>
      )}
    </Place>
  );
}
