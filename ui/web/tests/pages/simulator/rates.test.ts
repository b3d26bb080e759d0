import { expect, test } from "vitest";
import type { Figures } from "../../../pages/simulator/api";
import { HISTORY, lostOf, Rates, sumOf } from "../../../pages/simulator/rates";

const figures = (sent: number, more: Partial<Figures> = {}): Figures => ({ ...sumOf([]), frames_sent: sent, bytes_sent: sent * 21, ...more });

test("rates are what was added since the look before, and a swarm that began anew has none yet", () => {
  const rates = new Rates();
  rates.take(0, [{ name: "a", figures: figures(100) }]);
  expect(rates.total).toEqual({ sent: 0, bytes: 0, lost: 0 });
  rates.take(2_000, [{ name: "a", figures: figures(300, { frames_skipped: 4, frames_dropped: { slow_link: 6 } }) }, { name: "b", figures: figures(50) }]);
  expect(rates.of("a")).toEqual({ sent: 100, bytes: 2_100, lost: 5 });
  expect([rates.of("b").sent, rates.of("nobody").sent]).toEqual([0, 0]);
  rates.take(3_000, [{ name: "a", figures: figures(10) }, { name: "b", figures: figures(70) }]);
  expect([rates.of("a").sent, rates.of("b").sent, rates.total.sent]).toEqual([0, 20, 20]);
  for (let look = 4; look < 200; look++) rates.take(look * 1_000, []);
  expect(rates.history.length).toBe(HISTORY);
});

test("counts of several swarms are added, reasons one by one", () => {
  const sum = sumOf([figures(1, { frames_dropped: { slow_link: 1 } }), figures(2, { frames_skipped: 3, frames_dropped: { slow_link: 2, malformed: 4 } })]);
  expect([sum.frames_sent, sum.frames_dropped, lostOf(sum)]).toEqual([3, { slow_link: 3, malformed: 4 }, 10]);
});
