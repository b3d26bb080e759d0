import { expect, test } from "vitest";
import type { Definition, Swarm } from "../../../pages/simulator/api";
import { Draft } from "../../../pages/simulator/draft";
import { BODY, CROWD } from "../../../pages/simulator/knobs";
import { Refusal } from "../../../pages/simulator/refusal";

const [devices, rate] = CROWD as [(typeof CROWD)[0], (typeof CROWD)[0]];
const bpm = BODY[0]!;
const swarm = { name: "a" } as Swarm;

/** A draft whose changes are answered by hand, and whose time goes by when it is told to. */
function stage() {
  let nowMs = 0;
  let timers: { atMs: number; call: () => void }[] = [];
  const sent: Definition[] = [], became: Swarm[] = [];
  const answers: { resolve: (swarm: Swarm) => void; reject: (error: Error) => void }[] = [];
  const clock = {
    now: () => nowMs,
    random: () => 0,
    after(ms: number, call: () => void) {
      const timer = { atMs: nowMs + ms, call };
      timers.push(timer);
      return () => void (timers = timers.filter(other => other !== timer));
    },
  };
  const send = (patch: Definition) => {
    sent.push(patch);
    return new Promise<Swarm>((resolve, reject) => answers.push({ resolve, reject }));
  };
  const draft = new Draft(send, one => became.push(one), clock);
  const pass = (ms: number) => {
    nowMs += ms;
    const due = timers.filter(({ atMs }) => atMs <= nowMs);
    timers = timers.filter(timer => !due.includes(timer));
    for (const { call } of due) call();
  };
  const answer = async (outcome: Swarm | Refusal) => {
    const { resolve, reject } = answers.shift()!;
    if (outcome instanceof Refusal) reject(outcome);
    else resolve(outcome);
    await new Promise(done => setTimeout(done));
  };
  const shown = (key: string) => [draft.typed.value[key], draft.wrong.value[key]];
  return { draft, sent, became, pass, answer, shown };
}

test("a number is sent when it is written, and not on the way; a slider at once", async () => {
  const { draft, sent, pass, answer } = stage();
  draft.editing = "devices";
  for (const text of ["1", "12", "120", "1200"]) {
    draft.turn(devices, text, "typed");
    pass(500);
  }
  expect(sent).toEqual([]);
  pass(100);
  expect(sent).toEqual([{ devices: 1_200 }]);
  await answer(swarm);
  pass(150);
  draft.turn(devices, "7", "typed");
  draft.leave("devices");
  expect(sent[1]).toEqual({ devices: 7 });
  await answer(swarm);
  draft.turn(rate, "5", "typed");
  draft.finish("rate_hz");
  pass(0);
  draft.finish("rate_hz");
  pass(150);
  expect(sent.slice(2)).toEqual([{ rate_hz: 5 }]);
  await answer(swarm);
  pass(150);
  draft.turn(bpm, "90", "dragged");
  expect(sent[3]).toEqual({ bpm: 90 });
});

test("what became wrong on the way is not sent, nor what waited before it", () => {
  const { draft, sent, pass, shown } = stage();
  draft.turn(devices, "12", "typed");
  draft.turn(devices, "12x", "typed");
  pass(10_000);
  expect([sent, draft.unsettled]).toEqual([[], {}]);
  expect(shown("devices")).toEqual(["12x", "It must be a whole number from 1 to 65,536."]);
});

test("a field that is left shows what was typed until it is so, and also when it is refused", async () => {
  const { draft, became, pass, answer, shown } = stage();
  draft.editing = "devices";
  draft.turn(devices, "60", "typed");
  draft.leave("devices");
  expect(shown("devices")).toEqual(["60", undefined]);
  await answer(swarm);
  expect([shown("devices"), became]).toEqual([[undefined, undefined], [swarm]]);
  pass(1_000);
  draft.turn(devices, "60000", "typed");
  draft.leave("devices");
  await answer(new Refusal("There would be too many.", 422));
  expect([shown("devices"), draft.unsettled]).toEqual([["60000", "There would be too many."], {}]);
});

test("while nobody answers, and when the swarm is gone, what was wanted is still known", async () => {
  const { draft, sent, pass, answer, shown } = stage();
  draft.turn(devices, "60", "dragged");
  draft.turn(rate, "5", "typed");
  draft.leave("rate_hz");
  await answer(new Refusal("Nobody answers.", 0));
  expect(shown("devices")).toEqual(["60", "Nobody answers. It is tried again by itself."]);
  expect(draft.unsettled).toEqual({ devices: 60, rate_hz: 5 });
  pass(1_000);
  expect(sent[1]).toEqual({ devices: 60, rate_hz: 5 });
  await answer(new Refusal("There is no swarm `a`.", 404));
  expect(draft.unsettled).toEqual({ devices: 60, rate_hz: 5 });
});

test("a motion for all takes back the parts of a mix that are being written", async () => {
  const { draft, sent, pass, answer } = stage();
  draft.turn({ ...rate, key: "motion.walk", least: 0 }, "50", "typed", value => ({ motion: { walk: value } }));
  draft.choose("rest");
  expect([draft.unsettled, draft.typed.value]).toEqual([{ motion: "rest" }, { motion: "rest" }]);
  await answer(swarm);
  pass(10_000);
  expect(sent).toEqual([{ motion: "rest" }]);
});
