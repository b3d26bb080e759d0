import { expect, test } from "vitest";
import type { Figures } from "../../../pages/simulator/api";
import { HISTORY, lostOf, Rates, sumOf } from "../../../pages/simulator/rates";
import { bytes, span } from "../../../pages/simulator/words";

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

test("bytes and times are short", () => {
  expect([0, 999, 1_000, 63_900, 4_000_000, 7e9, 9e12].map(bytes)).toEqual(["0 B", "999 B", "1.0 kB", "63.9 kB", "4.0 MB", "7.0 GB", "9000.0 GB"]);
  expect([0, 4_200, 59_949, 59_960, 187_000, 3_753_000].map(span)).toEqual(["0.0 s", "4.2 s", "59.9 s", "1:00", "3:07", "1:02:33"]);
});
