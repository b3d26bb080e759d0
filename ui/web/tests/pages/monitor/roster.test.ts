import { expect, test } from "vitest";
import { FakeClock } from "../../fakes";
import { Rosters } from "../../../pages/monitor/roster";
import { FakeMonitor, settled } from "./fake-monitor";

const roster = (space: string, ids: readonly string[]) => ({
  space, at: 5, asked_ms: 3, nodes: ["edge-1"], cut: false,
  devices: ids.map(id => ({ id, node: "edge-1", frames_per_second: 20, last_seen_ms: 10, claimed: 1 })),
});
const url = (space: string) => `http://monitor/api/spaces/${space}/devices`;

function made() {
  const [clock, monitor] = [new FakeClock(), new FakeMonitor()];
  const rosters = new Rosters("http://monitor", { fetch: monitor.fetch, clock });
  return { clock, monitor, rosters, ids: () => rosters.roster.value?.devices.map(({ id }) => id) };
}

test("devices are asked for once a second, one question at a time, until nobody looks", async () => {
  const { clock, monitor, rosters, ids } = made();
  const leave = rosters.follow("main");
  clock.advance(2_000);
  await monitor.next(url("main")).answer(200, roster("main", ["1a2b"]));
  expect([ids(), monitor.asked]).toEqual([["1a2b"], []]);
  clock.advance(1_000);
  await monitor.next(url("main")).answer(200, roster("main", ["1a2b", "3c4d"]));
  expect([ids(), rosters.ageMs()]).toEqual([["1a2b", "3c4d"], 0]);
  leave();
  clock.advance(10_000);
  expect([monitor.asked, clock.waiting]).toEqual([[], 0]);
});

test("what is known stays while the monitor says nothing, and its age with it", async () => {
  const { clock, monitor, rosters, ids } = made();
  rosters.follow("main");
  await monitor.next(url("main")).answer(200, roster("main", ["1a2b"]));
  clock.advance(1_000);
  await monitor.next(url("main")).fail();
  expect([ids(), rosters.problem.value, rosters.ageMs()]).toEqual([["1a2b"], "The monitor does not say which devices are in main.", 1_000]);
  clock.advance(1_000);
  await monitor.next(url("main")).answer(503, { error: "the bus is away" });
  expect(rosters.problem.value).toBe("The bus is away.");
  clock.advance(1_000);
  await monitor.next(url("main")).answer(200, roster("main", []));
  expect([ids(), rosters.problem.value]).toEqual([[], undefined]);
});

test("the answer for a space that was left is for nobody", async () => {
  const { monitor, rosters, ids } = made();
  rosters.follow("main");
  const late = monitor.next(url("main"));
  const leave = rosters.follow("lab");
  await late.answer(200, roster("main", ["1a2b"]));
  expect(ids()).toBeUndefined();
  await monitor.next(url("lab")).answer(200, roster("lab", ["3c4d"]));
  expect(ids()).toEqual(["3c4d"]);
  leave();
});

test("a question that is not answered is given up, and asked again", async () => {
  const { clock, monitor, rosters, ids } = made();
  rosters.follow("main");
  await monitor.next(url("main")).answer(200, roster("main", ["1a2b"]));
  clock.advance(1_000);
  const hanging = monitor.next(url("main"));
  clock.advance(2_499);
  expect([hanging.isAborted(), rosters.problem.value]).toEqual([false, undefined]);
  clock.advance(1);
  await settled();
  expect([hanging.isAborted(), ids(), rosters.problem.value, rosters.ageMs()]).toEqual([true, ["1a2b"], "The monitor does not say which devices are in main.", 3_500]);
  clock.advance(1_000);
  await monitor.next(url("main")).answer(200, roster("main", []));
  expect([ids(), rosters.problem.value]).toEqual([[], undefined]);
});
