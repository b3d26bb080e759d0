// One space: its figures, its subjects, its devices.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ago } from "../../design/ago";
import { Big } from "../../design/figures";
import { Card, Notice } from "../../design/parts";
import { bytes, count, rate, took, whole } from "../../design/words";
import { Aged, agedClass, RosterAged, rosterClass } from "./aged";
import { matcher } from "./order";
import { Place } from "./place";
import { toDevice, toNode, toTap } from "./route";
import { type Column, Rows, sorting } from "./rows";
import { ageMs, rosters, system } from "./state";
import { Subjects } from "./subjects";
import type { Device } from "./system";

function Figures({ name }: { name: string }) {
  const space = system.value?.spaces.find(({ space }) => space === name);
  if (!system.value) return null;
  if (!space) {
    return <Notice>Nothing is heard of a space “{name}” now. As soon as a device or a viewer is in it, it is here.</Notice>;
  }
  const { answers, latency_us } = space;
  return (
    <Card title="Figures" aside={<Aged />} class={agedClass()}>
      <dl class="bigs" data-space={name}>
        <Big label="Devices" value={whole(space.devices)} />
        <Big label="Viewers" value={whole(space.viewers)} />
        <Big label="Frames a second" value={rate(space.frames_per_s)} />
        <Big label="Messages a second" value={rate(space.messages_per_s)} />
        <Big label="Bytes a second" value={bytes(space.bytes_per_s)} />
        <Big label="Commands a second" value={rate(space.commands_per_s)} />
        <Big label="Answered success" value={rate(answers.success)} />
        <Big label="Answered failed" value={rate(answers.failed)} />
        <Big label="Sent to all" value={rate(answers.sent_to_all)} />
        <Big label="Refused" value={rate(answers.error)} />
        <Big label="Half answered within" value={latency_us ? took(latency_us.p50) : "–"} />
        <Big label="99 % answered within" value={latency_us ? took(latency_us.p99) : "–"} />
        <Big label="Clashes" value={whole(space.clashes)} />
      </dl>
      <p class="quiet small">Answers are those of a second, as commands are.</p>
    </Card>
  );
}

/** A device that sent nothing for this long counts as gone for a client library, in milliseconds. */
const SILENT_MS = 5_000;

const seenMs = ({ last_seen_ms }: Device): number | undefined => (last_seen_ms === null ? undefined : last_seen_ms + rosters.ageMs());

export function LastFrame({ device }: { device: Device }) {
  // An age is another one with each of its ticks.
  ageMs.value;
  const ms = seenMs(device);
  if (ms === undefined) return <span class="state" data-state="silent">none yet</span>;
  return ms > SILENT_MS ? <span class="state" data-state="silent">silent {ago(ms)}</span> : <>{ago(ms)} ago</>;
}

const columns = (space: string): readonly Column<Device>[] => [
  {
    key: "device", label: "Device", kind: "words", rank: 1, by: ({ id }) => id,
    cell: ({ id }) => <a class="mono name" href={toDevice(space, id)}>{id}</a>,
  },
  {
    key: "node", label: "Node", kind: "words", width: 14, rank: 1, by: ({ node }) => node,
    cell: ({ node }) => <a class="mono name" href={toNode(node)}>{node}</a>,
  },
  { key: "frames", label: "Frames/s", kind: "figure", width: 6, rank: 1, by: one => one.frames_per_second, cell: one => rate(one.frames_per_second) },
  { key: "seen", label: "Last frame", kind: "figure", width: 9, rank: 2, by: one => one.last_seen_ms ?? Infinity, cell: device => <LastFrame device={device} /> },
];

const sort = sorting("devices");
const keyOf = ({ id }: Device): string => id;
const isSilent = (device: Device): boolean => (seenMs(device) ?? Infinity) > SILENT_MS;

function Devices({ space }: { space: string }) {
  const find = useSignal("");
  const roster = rosters.roster.value;
  const problem = rosters.problem.value;
  if (!roster || roster.space !== space) return <Card title="Devices">{problem ? <Notice kind="bad">{problem}</Notice> : <p class="quiet">The nodes are asked…</p>}</Card>;
  const { devices, asked_ms, nodes, cut } = roster;
  const isFound = matcher(find.value);
  const shown = devices.filter(({ id, node }) => isFound([id, node]));
  return (
    <Card title={<>Devices <span class="quiet" data-devices={devices.length}>{whole(devices.length)}</span></>} class={rosterClass()}
      aside={rosterClass() ? <RosterAged /> : <span class="quiet small">{count(nodes.length, "node")} answered within {asked_ms} ms</span>}>
      {problem && <Notice kind="bad">{problem}</Notice>}
      <label>
        <span class="unseen">Find devices</span>
        <input class="input mono" type="search" placeholder="Find devices by id or node" autocomplete="off" spellcheck={false} value={find.value} onInput={event => (find.value = event.currentTarget.value)} />
      </label>
      {devices.length === 0 ? <p class="quiet">None is there.</p> : shown.length === 0 ? <p class="quiet">None of them has “{find.value.trim()}” in it.</p>
        : <Rows label={`Table of the devices of ${space}`} rows={shown} columns={columns(space)} keyOf={keyOf} sort={sort} isOld={isSilent} />}
      {cut && <p class="quiet small">There are more: one answer does not hold them all.</p>}
    </Card>
  );
}

export function Space({ space }: { space: string }) {
  useEffect(() => rosters.follow(space), [space]);
  const subjects = system.value?.subjects.filter(one => one.space === space) ?? [];
  return (
    <Place kind="Space" name={space} steps={[]}>
      <Figures name={space} />
      <Card title="Subjects" aside={<span class="row"><Aged /><a href={toTap(`gl.space.${space}.>`)}>See all its messages</a></span>} class={agedClass()}>
        {subjects.length === 0 ? <p class="quiet">None of its subjects is among the busiest.</p> : <Subjects rows={subjects} label={`Table of the subjects of ${space}`} without="space" />}
      </Card>
      <Devices space={space} />
    </Place>
  );
}
