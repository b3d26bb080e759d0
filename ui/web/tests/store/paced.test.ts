import { beforeEach, expect, test } from "vitest";
import { Paced } from "../../store/paced";
import { FakeClock } from "../fakes";

let clock: FakeClock, times: number[], answer: (done: boolean) => Promise<void>, paced: Paced;

beforeEach(() => {
  [clock, times] = [new FakeClock(), []];
  const work = () => new Promise<boolean>(resolve => {
    times.push(clock.now());
    answer = async done => {
      resolve(done);
      await Promise.resolve();
      await Promise.resolve();
    };
  });
  paced = new Paced(work, 1_000, clock);
});

test("the first at once, then one for all reasons, and not before the pause is over", async () => {
  paced.want();
  paced.want();
  expect(times).toEqual([0]);
  clock.advance(300);
  await answer(true);
  expect(clock.waiting).toBe(1);
  clock.advance(699);
  expect(times).toEqual([0]);
  clock.advance(1);
  expect(times).toEqual([0, 1_000]);
  await answer(true);
  clock.advance(5_000);
  expect([times, clock.waiting]).toEqual([[0, 1_000], 0]);
});

test("never two at a time", async () => {
  paced.want();
  clock.advance(9_000);
  paced.wantNow();
  expect(times).toEqual([0]);
  await answer(true);
  expect(times).toEqual([0, 9_000]);
});

test("now is now, also within the pause", async () => {
  paced.want();
  await answer(true);
  paced.want();
  clock.advance(10);
  paced.wantNow();
  expect([times, clock.waiting]).toEqual([[0, 10], 0]);
});

test("what failed is tried again by itself, less and less often; a reason does not hurry it", async () => {
  paced.want();
  for (const at of [1_000, 3_000, 7_000]) {
    await answer(false);
    paced.want();
    clock.advance(at - clock.now() - 1);
    const count = times.length;
    clock.advance(1);
    expect([count, times.at(-1)]).toEqual([times.length - 1, at]);
  }
  await answer(true);
  clock.advance(60_000);
  expect(times).toEqual([0, 1_000, 3_000, 7_000]);
});

test("after an end nothing follows, whatever comes of what is under way", async () => {
  paced.want();
  paced.want();
  paced.stop();
  await answer(false);
  expect(clock.waiting).toBe(0);
  paced.want();
  await answer(false);
  paced.stop();
  expect(clock.waiting).toBe(0);
});
