// All rollouts of the space, those under way first; one can be opened.

import { signal } from "@preact/signals";
import { Button, Card, Notice } from "../../../design/parts";
import { kept } from "../kept";
import { hasEnded, type Rollout, stateWords, summary, verdict } from "./record";
import { Details } from "./rollout";
import { Bar } from "./bar";
import { opened, rollouts } from "./state";

/** Earlier ones that are shown until somebody wants all. */
const FEW = 5;

const isWhole = signal(false);
const time = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

function Row({ rollout, heading }: { rollout: Rollout; heading?: string | undefined }) {
  const isOpen = opened.value === rollout.id;
  const { id, version, board, madeMs, retryOf } = rollout;
  return (
    <li class="rollout" data-open={isOpen}>
      {heading && <p class="label">{heading}</p>}
      <h3>
        <button type="button" aria-expanded={isOpen} onClick={() => (opened.value = isOpen ? undefined : id)}>
          <span class="what"><span class="mono">{version}</span> <span class="quiet">{board}</span></span>
          <span class="tag" data-verdict={verdict(rollout)}>{stateWords(rollout)}</span>
          <span class="quiet small when">{retryOf !== undefined && "once more, "}<time dateTime={new Date(madeMs).toISOString()}>{time.format(madeMs)}</time></span>
        </button>
      </h3>
      {!isOpen && <Bar counts={rollout.counts} />}
      {!isOpen && <p class="small quiet">{summary(rollout)}</p>}
      {isOpen && <Details rollout={rollout} />}
    </li>
  );
}

export function List() {
  const all = rollouts.all.value;
  const problem = rollouts.problem.value;
  const isLive = kept.news.value?.isLive.value ?? false;
  const going = rollouts.going.value;
  const ended = (all ?? []).filter(hasEnded);
  // The one that is looked at is never hidden.
  const shown = isWhole.value ? ended : ended.filter((rollout, place) => place < FEW || rollout.id === opened.value);
  const rows = [...going, ...shown];
  return (
    <Card title="Rollouts" class="rollouts">
      {problem ? <Notice kind="warn">{problem} It is tried again by itself{all && "; what is shown is from before"}.</Notice>
        : all && !isLive && <Notice kind="warn">Changes are not told just now, so what is shown may be from before. It is tried again by itself.</Notice>}
      {all === undefined && !problem && <p class="quiet">{kept.space.value ? "Looking which there are." : "The page is for no space now."}</p>}
      {all?.length === 0 && <p class="quiet">None so far.</p>}
      {/* One list: who looks at a rollout when it ends keeps what is typed there, and the place. */}
      {rows.length > 0 && <ul class="stack">{rows.map(rollout => <Row key={rollout.id} rollout={rollout} heading={rollout === shown[0] ? "Earlier" : undefined} />)}</ul>}
      {shown.length < ended.length && <div><Button onClick={() => (isWhole.value = true)}>Show all {ended.length}</Button></div>}
    </Card>
  );
}
