// What became of what was sent: each act with its answer, and another try for those that it did not reach.

import type { Acts, Line } from "../store/acts";
import type { Swarm } from "../store/swarm";
import { Button } from "./parts";

/** Ids that are shown of those that an act did not reach. */
const MOST_SHOWN = 12;

const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

interface AnswersProps {
  readonly acts: Acts;
  readonly swarm: Swarm;
}

/** Another try for those that an act did not reach, as far as they are there. */
function Again({ acts, swarm, line }: AnswersProps & { line: Line }) {
  swarm.ids.value;
  if (line.place !== acts.place.value) return <p class="small quiet">That was in another space, or at another server.</p>;
  const isThere = (id: string) => swarm.place(id) !== undefined;
  const here = line.failed.filter(isThere).length;
  const isForAll = line.again.some(({ to }) => to === "all");
  if (here === 0 && !isForAll) return <p class="small quiet">{line.failed.length === 1 ? "It is not there now." : "None of them is there now."}</p>;
  const whom = isForAll ? "all" : line.failed.length === 1 ? "it" : here === line.failed.length ? "those" : `the ${here} that are there`;
  return <div><Button onClick={() => void acts.again(line, isThere)}>Try {whom} again</Button></div>;
}

function AnswerLine({ acts, swarm, line }: AnswersProps & { line: Line }) {
  const { failed } = line;
  return (
    <li data-ok={line.ok === undefined ? "waiting" : line.ok}>
      <time class="quiet small mono" dateTime={line.at.toISOString()}>{time.format(line.at)}</time>
      <p><code>{line.text}</code> <span class="quiet">to {line.to}</span></p>
      <p class="words">{line.words}</p>
      {failed.length > 1 && <p class="small mono">{failed.slice(0, MOST_SHOWN).join(" ")}{failed.length > MOST_SHOWN ? ` and ${failed.length - MOST_SHOWN} more` : ""}</p>}
      {line.again.length > 0 && <Again acts={acts} swarm={swarm} line={line} />}
    </li>
  );
}

/** All that are remembered, the newest first. */
export function Answers({ acts, swarm }: AnswersProps) {
  return (
    <>
      {acts.log.value.length === 0 && <p class="quiet small">None yet.</p>}
      <div class="log-box" role="log" aria-label="Answers" tabIndex={0}>
        <ol class="log">{acts.log.value.map(line => <AnswerLine key={line.number} acts={acts} swarm={swarm} line={line} />)}</ol>
      </div>
    </>
  );
}
