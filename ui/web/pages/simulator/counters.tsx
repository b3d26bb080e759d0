// What is sent and what is lost, of all swarms and of each.

import { Big, Spark } from "../../design/figures";
import { Card } from "../../design/parts";
import { bytes, whole } from "../../design/words";
import type { Figures } from "./api";
import { noteAt } from "./notes";
import { droppedOf, sumOf } from "./rates";
import { link, looks, rates, running } from "./state";

/** Why frames were dropped, as people say it. */
const REASONS: Readonly<Record<string, string>> = {
  bus_away: "the bus is away", bus_full: "the bus is full", bus_too_large: "too large for the bus", not_connected: "not connected",
  connection_full: "the connection is full", slow_link: "slow link", malformed: "malformed", connecting: "before the first connection",
};

function Reasons({ figures }: { figures: Figures }) {
  const reasons = Object.entries(figures.frames_dropped).filter(([, frames]) => frames > 0);
  if (reasons.length === 0) return null;
  return <p class="quiet small">Dropped: {reasons.map(([reason, frames]) => `${noteAt(REASONS, reason) ?? reason} ${whole(frames)}`).join(", ")}.</p>;
}

export function Counters() {
  looks.value;
  const live = running.value;
  if (live.length === 0) return null;
  const sum = sumOf(live.map(({ figures }) => figures));
  const devices = live.reduce((all, swarm) => all + swarm.devices, 0);
  const { total, history } = rates;
  const lastMinute = history.map(({ sent }) => sent);
  const lost = history.map(({ lost }) => lost);
  const columns = ["Swarm", "Devices", "Frames/s", "Sent", "Late", "Skipped", "Dropped", "Commands"];
  return (
    <Card title="Sent and lost" class="counters" aside={link.value === "away" && <span class="quiet small">as of before</span>}>
      <dl class="bigs">
        <Big label="Devices there" value={`${whole(sum.present)} of ${whole(devices)}`} />
        <Big label="Frames a second" value={whole(total.sent)}><Spark values={lastMinute} label="Frames a second in the last minute" /></Big>
        <Big label="Lost a second" value={whole(total.lost)}><Spark values={lost} label="Frames lost a second in the last minute" /></Big>
        <Big label="Bytes a second" value={bytes(total.bytes)} />
        <Big label="Commands received" value={whole(sum.commands_received)} />
      </dl>
      <div class="table-box" tabIndex={0} role="region" aria-label="Counts of each swarm">
        <table>
          <thead><tr>{columns.map(name => <th key={name} scope="col">{name}</th>)}</tr></thead>
          <tbody>
            {live.map(({ name, devices, figures }) => (
              <tr key={name}>
                <th scope="row" class="mono">{name}</th>
                <td>{whole(figures.present)} of {whole(devices)}</td>
                <td>{whole(rates.of(name).sent)}</td>
                <td>{whole(figures.frames_sent)}</td>
                <td>{whole(figures.frames_late)}</td>
                <td>{whole(figures.frames_skipped)}</td>
                <td>{whole(droppedOf(figures))}</td>
                <td>{whole(figures.commands_received)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Reasons figures={sum} />
      <p class="quiet small">Late is more than 25 ms after its time; skipped is due and not made, because this machine had no time.</p>
    </Card>
  );
}
