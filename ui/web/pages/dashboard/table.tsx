// The devices as a table, for who reads rather than looks. Only the rows that are in view exist, so that a thousand cost what twenty do.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { ago } from "../../design/ago";
import { hex } from "../../design/looks";
import { type Floor, locate } from "../../store/floor";
import { FLASH_MS, NO_COLOR } from "../../store/swarm";
import { toG } from "../../library/wire";
import { floor, isFalling, pick, picked, shown, sort, type SortKey, swarm, tick } from "./state";

const ROW = 40;
/** Rows beyond what is in view, on either side. */
const SPARE = 6;

const COLUMNS: readonly { key: SortKey; label: string }[] = [
  { key: "id", label: "Device" },
  { key: "pull", label: "Acceleration (g)" },
  { key: "east", label: "Position" },
  { key: "tap", label: "Tap" },
  { key: "color", label: "LED sent" },
  { key: "rate", label: "Rate" },
  { key: "age", label: "Age" },
];

const spot = { x: 0, y: 0 };

/** Where a device is, in words. */
function placeWords(place: number, floor: Floor): string {
  if (!locate(swarm.beacons, place * 4, floor, spot)) return "no beacon heard";
  return `${(spot.x * floor.widthM).toFixed(1)} m east, ${(spot.y * floor.depthM).toFixed(1)} m south`;
}

/** Signed, so that digits stand below digits. */
const inG = (byte: number): string => toG(byte).toFixed(2).replace("-", "−").padStart(5, "\u2007");

function Row({ id, index }: { id: string; index: number }) {
  // Its numbers are no signals: without this a row would stay as it was first.
  tick.value;
  const place = swarm.place(id);
  if (place === undefined) return null;
  const now = performance.now();
  const g = [0, 1, 2].map(axis => inG(swarm.acceleration[place * 3 + axis] ?? 0));
  const color = swarm.color[place] ?? NO_COLOR;
  const tapped = now - (swarm.tappedMs[place] ?? 0);
  return (
    <tr class={picked.value.has(id) ? "picked" : ""} aria-rowindex={index + 2} style={{ height: `${ROW}px` }}>
      <td><input type="checkbox" aria-label={`Pick ${id}`} checked={picked.value.has(id)} onChange={() => pick([id], "toggle")} /></td>
      <th scope="row" class="mono">{id}</th>
      <td class="mono">{g.join(" ")}</td>
      <td>{placeWords(place, floor.value)}</td>
      <td>{tapped < FLASH_MS * 2 ? <strong class="tap">tap</strong> : tapped < 3_600_000 ? `${ago(tapped)} ago` : "–"}</td>
      <td>
        {color === NO_COLOR ? "–" : (
          <span class="row"><span class="dot" style={{ background: hex(color) }} /> <span class="mono">{hex(color).slice(1)}</span></span>
        )}
      </td>
      <td class="mono">{(swarm.rate[place] ?? 0).toFixed(1)} Hz</td>
      <td class="mono">{ago(now - (swarm.seenMs[place] ?? now))}</td>
    </tr>
  );
}

export function Table() {
  const scroller = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const ids = shown.value;
  const height = scroller.current?.clientHeight ?? 480;
  const first = Math.max(0, Math.min(Math.floor(top.value / ROW) - SPARE, ids.length - 1));
  const end = Math.min(ids.length, Math.ceil((top.value + height) / ROW) + SPARE);
  const all = ids.length > 0 && ids.every(id => picked.value.has(id));
  return (
    <div ref={scroller} class="table-box" tabIndex={0} role="region" aria-label="Table of devices" onScroll={event => (top.value = event.currentTarget.scrollTop)}>
      <table aria-rowcount={ids.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <td><input type="checkbox" aria-label="Pick all that are shown" checked={all} onChange={() => pick(all ? [] : ids, "only")} /></td>
            {COLUMNS.map(({ key, label }) => {
              const isSorted = sort.value.key === key;
              return (
                <th key={label} scope="col" aria-sort={isSorted ? (isFalling.value ? "descending" : "ascending") : undefined}>
                  <button type="button" class="sort" onClick={() => (sort.value = { key, down: isSorted && !sort.value.down })}>
                    {label} <span aria-hidden="true">{isSorted ? (isFalling.value ? "▼" : "▲") : ""}</span>
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr aria-hidden="true" style={{ height: `${first * ROW}px` }}><td colSpan={8} /></tr>}
          {ids.slice(first, end).map((id, at) => <Row key={id} id={id} index={first + at} />)}
          {end < ids.length && <tr aria-hidden="true" style={{ height: `${(ids.length - end) * ROW}px` }}><td colSpan={8} /></tr>}
        </tbody>
      </table>
    </div>
  );
}
