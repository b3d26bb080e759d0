// One device: which node has it, how often it sends, and what, as it comes.

import { useEffect } from "preact/hooks";
import { ago } from "../../design/ago";
import { Big } from "../../design/figures";
import { Card, Notice } from "../../design/parts";
import { rate } from "../../design/words";
import { newReading, readMessage, toDbm, toG } from "../../library/wire";
import { RosterAged, rosterClass } from "./aged";
import { Counted, Messages } from "./messages";
import { oddWith } from "./oddities";
import { Place } from "./place";
import { toNode, toSpace, toTap } from "./route";
import { LastFrame } from "./space";
import { ageMs, isHearing, rosters, sinceMs } from "./state";
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
    <Card title="Where it is" class={rosterClass()} aside={<RosterAged />}>
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

/** A frame that is older is not of now, in milliseconds: a device sends many a second. */
const OLD_MS = 2_000;

/** What the newest frame says, in words. */
function Newest({ tap, id }: { tap: Tap; id: string }) {
  // An age is another one with each of its ticks.
  ageMs.value;
  const newest = tap.heard.value[0];
  let found: { ax: number; ay: number; az: number; dNW: number; dNE: number; dSE: number; dSW: number; tap: boolean } | undefined;
  readMessage(newest?.text ?? "", reading, (reading, text, start) => {
    if (text.slice(start, start + 4).toLowerCase() === id) found = { ...reading };
  }, () => {});
  if (!newest || !found) return null;
  const old = sinceMs(newest.at);
  const isOld = !tap.isOpen.value || !isHearing.value || old > OLD_MS;
  const g = (byte: number) => `${toG(byte).toFixed(2).replace("-", "−")} g`;
  const dbm = (byte: number) => `${Math.round(toDbm(byte)).toString().replace("-", "−")} dBm`;
  return (
    <>
      {isOld && <p class="aged small">{ago(old)} old</p>}
      <dl class={`bigs ${isOld ? "old" : ""}`} data-newest={isOld ? "old" : "live"}>
        <Big label="x" value={g(found.ax)} />
        <Big label="y" value={g(found.ay)} />
        <Big label="z" value={g(found.az)} />
        <Big label="North-west" value={dbm(found.dNW)} />
        <Big label="North-east" value={dbm(found.dNE)} />
        <Big label="South-east" value={dbm(found.dSE)} />
        <Big label="South-west" value={dbm(found.dSW)} />
        <Big label="Tap" value={found.tap ? "yes" : "no"} />
      </dl>
    </>
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
