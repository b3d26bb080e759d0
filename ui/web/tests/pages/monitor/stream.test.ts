import { describe, expect, test } from "vitest";
import { FakeClock } from "../../fakes";
import { Stream } from "../../../pages/monitor/stream";
import { FakeMonitor } from "./fake-monitor";

const URL = "http://monitor:5010/api/stream";

/** A stream that was started, and what it told. */
function started(silenceMs?: number) {
  const [clock, monitor, told] = [new FakeClock(), new FakeMonitor(), [] as string[]];
  const stream = new Stream(URL, { fetch: monitor.fetch, clock, ...(silenceMs !== undefined && { silenceMs }) });
  stream.on("there", () => told.push("there"));
  stream.on("event", ({ event, data }) => told.push(`${event} ${data}`));
  stream.on("down", ({ problem, isOver }) => told.push(`${isOver ? "over" : "down"}: ${problem}`));
  stream.start();
  return { clock, monitor, told, stream };
}

describe("a stream", () => {
  test("tells what it hears, and comes back when it is cut", async () => {
    const { clock, monitor, told, stream } = started();
    const first = monitor.next(URL);
    await first.stream();
    await first.say("system", { at: 1 });
    await first.end();
    expect(told).toEqual(["there", 'system {"at":1}', "down: The connection to http://monitor:5010 was lost."]);
    clock.advance(500);
    const second = monitor.next(URL);
    await second.stream();
    expect(told.at(-1)).toBe("there");
    stream.close();
    expect([second.isAborted(), clock.waiting]).toEqual([true, 0]);
  });

  test("tries less and less often while nobody answers, and soon again after it was there", async () => {
    const { clock, monitor, told } = started();
    for (const pause of [500, 1_000, 2_000, 4_000, 4_000]) {
      await monitor.next(URL).fail();
      clock.advance(pause - 1);
      expect(monitor.asked).toEqual([]);
      clock.advance(1);
    }
    expect(told[0]).toBe("down: Nobody answers at http://monitor:5010.");
    const there = monitor.next(URL);
    await there.stream();
    await there.say("system", {});
    await there.end();
    clock.advance(500);
    expect(monitor.asked.length).toBe(1);
  });

  test("says what the monitor says when it refuses, and asks again only where that may help", async () => {
    const { clock, monitor, told } = started();
    await monitor.next(URL).answer(503, { error: "32 look already" });
    clock.advance(500);
    await monitor.next(URL).answer(400, { error: "a subject begins with gl." });
    expect(told).toEqual(["down: 32 look already.", "over: A subject begins with gl."]);
    expect(clock.waiting).toBe(0);
  });

  test("that says nothing is given up", async () => {
    const { clock, monitor, told } = started(5_000);
    const first = monitor.next(URL);
    await first.stream();
    clock.advance(4_999);
    await first.say("system", {});
    clock.advance(4_999);
    expect(told).toEqual(["there", "system {}"]);
    clock.advance(1);
    expect([told.at(-1), first.isAborted()]).toEqual(["down: Nothing was heard from http://monitor:5010 for 5 s.", true]);
    clock.advance(500);
    expect(monitor.asked.length).toBe(1);
  });

  test("tells nothing once it is closed", async () => {
    const { clock, monitor, told, stream } = started(5_000);
    const first = monitor.next(URL);
    await first.stream();
    stream.close();
    await first.say("system", {});
    await first.end();
    clock.advance(60_000);
    expect([told, monitor.asked]).toEqual([["there"], []]);
  });
});
