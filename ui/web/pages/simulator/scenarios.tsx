// Scenarios that the simulator brings along: what they are, their start and their end.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button, Notice } from "../../design/parts";
import { whole } from "../../design/words";
import { type Scenario, scenarios as load, startScenario } from "./api";
import { drop, noteAt, type Notes } from "./notes";
import { begun, link, running, stopSwarm } from "./state";

const all = signal<readonly Scenario[] | undefined>(undefined);
const problem = signal<string | undefined>(undefined);
/** What went wrong with one, by its name. */
const wrong = signal<Notes>({});
const busy = signal<string | undefined>(undefined);

async function loadAll(): Promise<void> {
  try {
    all.value = await load();
    problem.value = undefined;
  } catch (error) {
    problem.value = (error as Error).message;
  }
}

async function go(name: string, work: () => Promise<void>): Promise<void> {
  if (busy.peek() !== undefined) return;
  busy.value = name;
  wrong.value = drop(wrong.peek(), [name]);
  try {
    await work();
  } catch (error) {
    wrong.value = { ...wrong.peek(), [name]: (error as Error).message };
  } finally {
    busy.value = undefined;
  }
}

function Entry({ scenario }: { scenario: Scenario }) {
  const { name, description, swarms, text } = scenario;
  // Somebody may have one of that name elsewhere, which is none of it.
  const live = swarms.filter(({ name, space }) => running.value.some(other => other.name === name && other.definition["space"] === space));
  const isBusy = busy.value === name;
  const devices = swarms.reduce((sum, swarm) => sum + swarm.devices, 0);
  return (
    <li class="scenario stack tight">
      <div class="row ends">
        <span>
          <span class="mono">{name}</span>{" "}
          <span class="quiet small">{whole(devices)} devices in {swarms.length === 1 ? "one swarm" : `${swarms.length} swarms`}</span>
        </span>
        {live.length === 0
          ? <Button aria-disabled={isBusy} onClick={() => void go(name, async () => begun(await startScenario(name)))}>{isBusy ? "Starting …" : "Start"} <span class="unseen">{name}</span></Button>
          : <Button aria-disabled={isBusy} onClick={() => void go(name, async () => void (await Promise.all(live.map(swarm => stopSwarm(swarm.name)))))}>{isBusy ? "Stopping …" : "Stop"} <span class="unseen">{name}</span></Button>}
      </div>
      <p class="small">{description}</p>
      <details>
        <summary class="small">Its text</summary>
        <pre class="small" tabIndex={0} aria-label={`The text of ${name}`}>{text}</pre>
      </details>
      {noteAt(wrong.value, name) && <Notice kind="bad" onDismiss={() => (wrong.value = drop(wrong.peek(), [name]))}>{noteAt(wrong.value, name)}</Notice>}
    </li>
  );
}

export function Scenarios() {
  const isThere = link.value === "there";
  useEffect(() => {
    if (isThere && all.peek() === undefined) void loadAll();
  }, [isThere]);
  return (
    <>
      {problem.value && <p class="quiet small">{problem.value} <Button onClick={() => void loadAll()}>Try again</Button></p>}
      <ul class="scenarios stack">{all.value?.map(scenario => <Entry key={scenario.name} scenario={scenario} />)}</ul>
    </>
  );
}
