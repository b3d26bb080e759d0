// One device: which node has it, how often it sends, and what, as it comes.

import { useEffect } from "preact/hooks";
import { ago } from "../../design/ago";
import { Big } from "../../design/figures";
import { Card, Notice } from "../../design/parts";
import { rate } from "../../design/words";
import { newReading, readMessage, toDbm, toG } from "../../library/wire";
import { Counted, Messages } from "./messages";
import { oddWith } from "./oddities";
import { Place } from "./place";
import { toNode, toSpace, toTap } from "./route";
import { LastFrame } from "./space";
import { rosters } from "./state";
import type { Tap } from "./tap";
import { useTap } from "./use-tap";

function Known({ space, id }: { space: string; id: string }) {
  const roster = rosters.roster.value;
  const problem = rosters.problem.value;
  const device = roster?.space === space ? roster.devices.find(one => one.id === id) : undefined;
  if (!device) {
    if (problem) return <Notice kind="bad">{problem}</Notice>;
    return roster?.space === space ? <Notice kind="warn">No node has a device {id} in {space} now. As soon as it sends, it is here.</Notice> : <p class="quiet">The nodes are asked…</p>;
  }
  return (
    <Card title="Where it is" class={problem ? "old" : ""} aside={problem && <span class="aged small">{ago(rosters.ageMs())} old</span>}>
      {problem && <Notice kind="bad">{problem}</Notice>}
      <dl class="bigs" data-device={id}>
        <Big label="Node" value={<a class="mono" href={toNode(device.node)}>{device.node}</a>} />
        <Big label="Frames a second" value={rate(device.frames_per_second)} />
        <Big label="Last frame" value={<LastFrame device={device} />} />
        <Big label="With this connection for" value={ago(Math.max(0, (roster?.at ?? 0) - device.claimed))} />
      </dl>
    </Card>
  );
}

const reading = newReading();

/** What the newest frame says, in words. */
function Newest({ tap, id }: { tap: Tap; id: string }) {
  let found: { ax: number; ay: number; az: number; dNW: number; dNE: number; dSE: number; dSW: number; tap: boolean } | undefined;
  readMessage(tap.heard.value[0]?.text ?? "", reading, (reading, text, start) => {
    if (text.slice(start, start + 4).toLowerCase() === id) found = { ...reading };
  }, () => {});
  if (!found) return null;
  const g = (byte: number) => `${toG(byte).toFixed(2).replace("-", "−")} g`;
  const dbm = (byte: number) => `${Math.round(toDbm(byte)).toString().replace("-", "−")} dBm`;
  return (
    <dl class={`bigs ${tap.isOpen.value ? "" : "old"}`}>
      <Big label="x" value={g(found.ax)} />
      <Big label="y" value={g(found.ay)} />
      <Big label="z" value={g(found.az)} />
      <Big label="North-west" value={dbm(found.dNW)} />
      <Big label="North-east" value={dbm(found.dNE)} />
      <Big label="South-east" value={dbm(found.dSE)} />
      <Big label="South-west" value={dbm(found.dSW)} />
      <Big label="Tap" value={found.tap ? "yes" : "no"} />
    </dl>
  );
}

export function Device({ space, device: id }: { space: string; device: string }) {
  useEffect(() => rosters.follow(space), [space]);
  const tap = useTap(`gl.space.${space}.telemetry.*`, id, true);
  return (
    <Place kind="Device" name={id} steps={[{ label: space, href: toSpace(space) }]}>
      {oddWith(space, id).map(({ what, words }) => <Notice key={what} kind="warn">The device {words}.</Notice>)}
      <Known space={space} id={id} />
      <Card title="What it sends" aside={<a href={toTap(`gl.space.${space}.command.${id}`)}>See commands to it</a>}>
        {tap.problem.value && <Notice kind="bad">{tap.problem.value}</Notice>}
        <Newest tap={tap} id={id} />
        <Counted tap={tap} />
        <Messages tap={tap} isOne={true} />
      </Card>
    </Place>
  );
}
