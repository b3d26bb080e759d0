import { describe, expect, test } from "vitest";
import type { Device } from "../../library/api";
import { HISTORY, NO_COLOR, Swarm } from "../../store/swarm";

/** A device that lies still in the north-west. */
const device = (id: string, more: Partial<Device> = {}): Device => ({
  id, ax: 128, ay: 128, az: 191, dNW: 255, dNE: 0, dSE: 0, dSW: 0, tap: false, seenMs: 0, frames: 1, ...more,
});

/** A swarm whose pictures are drawn by hand. */
function stage() {
  const waiting: (() => void)[] = [];
  const swarm = new Swarm(call => void waiting.push(call));
  return { swarm, waiting, picture: () => waiting.splice(0).forEach(call => call()) };
}

const placeOf = (swarm: Swarm, id: string): number => {
  const place = swarm.place(id);
  if (place === undefined) throw new Error(`${id} is not there`);
  return place;
};

describe("who is there", () => {
  test("many that come in one picture are told once, in the order of their ids", () => {
    const { swarm, waiting, picture } = stage();
    const told: (readonly string[])[] = [];
    swarm.ids.subscribe(ids => void told.push(ids));
    for (const id of ["00ff", "0001", "00a0", "0001"]) swarm.take(device(id));
    expect(waiting).toHaveLength(1);
    picture();
    expect(told).toEqual([[], ["0001", "00a0", "00ff"]]);
    swarm.take(device("0001"));
    expect(waiting, "a frame of a known device is no news").toHaveLength(0);
  });

  test("one that left is gone, and who comes next begins anew in its place", () => {
    const { swarm, picture } = stage();
    swarm.take(device("0001", { tap: true, seenMs: 5 }));
    swarm.paint("0001", 0xff0000);
    const place = placeOf(swarm, "0001");
    swarm.leave("0001");
    swarm.leave("beef");
    picture();
    expect([swarm.ids.value, swarm.place("0001")]).toEqual([[], undefined]);
    swarm.take(device("0002", { dNW: 0, dSE: 255 }));
    expect(swarm.place("0002")).toBe(place);
    expect([swarm.color[place], swarm.tappedMs[place], swarm.frames[place]]).toEqual([NO_COLOR, -Infinity, 1]);
    expect([...swarm.beacons.slice(place * 4, place * 4 + 4)], "what it hears itself, not what the other did").toEqual([0, 0, 255, 0]);
    swarm.clear();
    picture();
    expect(swarm.ids.value).toEqual([]);
  });

  test("a thousand keep what they have while the arrays grow", () => {
    const { swarm } = stage();
    const ids = Array.from({ length: 1_000 }, (_, at) => at.toString(16).padStart(4, "0"));
    ids.forEach((id, at) => swarm.take(device(id, { ax: at % 256, seenMs: at })));
    expect(new Set(ids.map(id => swarm.place(id))).size).toBe(1_000);
    for (const [at, id] of ids.entries()) {
      const place = placeOf(swarm, id);
      expect([swarm.acceleration[place * 3], swarm.seenMs[place]]).toEqual([at % 256, at]);
    }
  });
});

describe("what a frame does", () => {
  test("a tap of several frames is one", () => {
    const { swarm } = stage();
    for (const [seenMs, tap] of [[1, false], [2, true], [3, true], [4, false], [5, true]] as const) {
      swarm.take(device("0001", { seenMs, tap }));
      if (seenMs === 3 || seenMs === 4) expect(swarm.tappedMs[placeOf(swarm, "0001")]).toBe(2);
    }
    expect(swarm.tappedMs[placeOf(swarm, "0001")]).toBe(5);
  });

  test("the history is the last samples, and begins with a line at the first one", () => {
    const { swarm } = stage();
    swarm.take(device("0001"));
    const place = placeOf(swarm, "0001");
    const samples = () => {
      const head = swarm.frames[place] ?? 0;
      return Array.from({ length: HISTORY }, (_, at) => swarm.history[place * HISTORY + ((head + at) % HISTORY)]);
    };
    expect(new Set(samples())).toEqual(new Set([64]));
    // 2 g along x and nothing else but what holds it up.
    for (let at = 0; at < HISTORY - 1; at++) swarm.take(device("0001", { ax: 255 }));
    expect(samples()[0]).toBe(64);
    expect(samples().slice(1)).toEqual(Array(HISTORY - 1).fill(142));
    swarm.take(device("0001"));
    expect([samples()[0], samples().at(-1)]).toEqual([142, 64]);
  });

  test("a beacon is smoothed, a reading that went missing changes nothing, and one that stays away is not heard any more", () => {
    const { swarm } = stage();
    const nw = () => swarm.beacons[placeOf(swarm, "0001") * 4] ?? NaN;
    swarm.take(device("0001", { dNW: 200 }));
    expect(nw(), "the first as it is").toBe(200);
    swarm.take(device("0001", { dNW: 100 }));
    expect(nw()).toBeCloseTo(180);
    for (let missing = 0; missing < 20; missing++) swarm.take(device("0001", { dNW: 0 }));
    expect(nw()).toBeCloseTo(180);
    swarm.take(device("0001", { dNW: 0 }));
    expect(nw()).toBe(0);
  });

  test("rates are those of the last seconds", () => {
    const { swarm } = stage();
    swarm.look(0);
    for (let at = 0; at < 20; at++) swarm.take(device("0001"));
    expect(swarm.look(1_000), "of all together").toBe(20);
    expect(swarm.rate[placeOf(swarm, "0001")]).toBe(20);
    swarm.look(2_000);
    expect(swarm.rate[placeOf(swarm, "0001")], "silence pulls it down").toBe(10);
  });

  test("a colour is kept with the device that it was sent to, or with all", () => {
    const { swarm } = stage();
    for (const id of ["0001", "0002"]) swarm.take(device(id));
    swarm.paint("0001", 0x123456);
    swarm.paint("beef", 1);
    expect([swarm.color[placeOf(swarm, "0001")], swarm.color[placeOf(swarm, "0002")]]).toEqual([0x123456, NO_COLOR]);
    swarm.paint("all", "off");
    swarm.paint("all", "on");
    expect([swarm.color[placeOf(swarm, "0001")], swarm.color[placeOf(swarm, "0002")]]).toEqual([0x123456, NO_COLOR]);
    swarm.paint("all", 7);
    swarm.paint("0001", "off");
    expect([swarm.color[placeOf(swarm, "0001")], swarm.color[placeOf(swarm, "0002")]]).toEqual([0, 7]);
  });
});
