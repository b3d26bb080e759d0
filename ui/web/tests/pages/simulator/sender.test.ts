import { expect, test } from "vitest";
import type { Definition, Swarm } from "../../../pages/simulator/api";
import { Refusal, told } from "../../../pages/simulator/refusal";
import { Sender, type Settled } from "../../../pages/simulator/sender";

/** A sender whose requests are answered by hand, and whose time goes by when it is told to. */
function stage() {
  let nowMs = 0;
  const timers: { atMs: number; call: () => void }[] = [];
  const sent: Definition[] = [];
  const settled: Settled[] = [];
  const answers: { resolve: (swarm: Swarm) => void; reject: (error: Error) => void }[] = [];
  const clock = {
    now: () => nowMs,
    random: () => 0,
    after(ms: number, call: () => void) {
      const timer = { atMs: nowMs + ms, call };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer) >>> 0, 1);
    },
  };
  const send = (patch: Definition) => {
    sent.push(patch);
    return new Promise<Swarm>((resolve, reject) => answers.push({ resolve, reject }));
  };
  const sender = new Sender(send, one => settled.push(one), clock);
  const pass = (ms: number) => {
    nowMs += ms;
    for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.call();
    }
  };
  const answer = async (outcome: Swarm | Refusal) => {
    const { resolve, reject } = answers.shift()!;
    if (outcome instanceof Refusal) reject(outcome);
    else resolve(outcome);
    await new Promise(done => setTimeout(done));
  };
  return { sender, sent, settled, pass, answer };
}

const swarm = { name: "a" } as Swarm;

test("the first change goes at once, the next ones together, not before 150 ms have passed and the first was answered", async () => {
  const { sender, sent, settled, pass, answer } = stage();
  sender.change("devices", { devices: 51 });
  for (const devices of [52, 53, 54]) sender.change("devices", { devices });
  sender.change("bpm", { bpm: 130 });
  expect(sent).toEqual([{ devices: 51 }]);
  pass(150);
  expect(sent.length).toBe(1);
  await answer(swarm);
  expect(sent).toEqual([{ devices: 51 }, { devices: 54, bpm: 130 }]);
  // Of what is newer by now nothing is said.
  expect(settled).toEqual([{ keys: [], outcome: swarm }]);
  await answer(swarm);
  sender.change("bpm", { bpm: 131 });
  expect(sent.length).toBe(2);
  pass(149);
  expect(sent.length).toBe(2);
  pass(1);
  expect(sent[2]).toEqual({ bpm: 131 });
  expect(settled[1]).toEqual({ keys: ["devices", "bpm"], outcome: swarm });
});

test("a refusal is told and not sent again; when nobody answers it is, with what came since", async () => {
  const { sender, sent, settled, pass, answer } = stage();
  const no = new Refusal("There are too many.", 422);
  sender.change("devices", { devices: 60_000 });
  await answer(no);
  pass(10_000);
  expect([sent.length, settled]).toEqual([1, [{ keys: ["devices"], outcome: no }]]);
  const away = new Refusal("Nobody answers.", 0);
  sender.change("devices", { devices: 10 });
  sender.change("devices", { devices: 11 });
  sender.change("bpm", { bpm: 99 });
  await answer(away);
  expect(settled[1]).toEqual({ keys: ["devices", "bpm"], outcome: away });
  sender.change("bpm", { bpm: 100 });
  pass(999);
  expect(sent.length).toBe(2);
  pass(1);
  expect(sent[2]).toEqual({ devices: 11, bpm: 100 });
});

test("what waits when it is closed is not sent", async () => {
  const { sender, sent, pass, answer } = stage();
  sender.change("devices", { devices: 1 });
  sender.change("devices", { devices: 2 });
  sender.close();
  await answer(swarm);
  pass(10_000);
  expect(sent).toEqual([{ devices: 1 }]);
});

test("one that is closed tries nothing again, and tells nobody of what was under way", async () => {
  const { sender, sent, settled, pass, answer } = stage();
  sender.change("devices", { devices: 1 });
  sender.close();
  await answer(new Refusal("Nobody answers.", 0));
  pass(10_000);
  expect([sent.length, settled]).toEqual([1, []]);
});

test("what the simulator says is a sentence, and a definition's mistakes are more than the remark that there are some", () => {
  expect(told({ error: "there is a swarm `a` already" }, 409)).toBe("There is a swarm `a` already.");
  expect(told({ error: "the definition is wrong", mistakes: ["`devices` is 0", "`bpm` is 1"] }, 400)).toBe("`devices` is 0. `bpm` is 1.");
  expect(told({}, 500)).toBe("The simulator says no (500).");
});
