import { describe, expect, test } from "vitest";
import { FakeClock } from "../../fakes";
import { KEPT, Tap } from "../../../pages/monitor/tap";
import { FakeMonitor } from "./fake-monitor";

const message = (text: string) => ({ at: 1, subject: "gl.registry", bytes: text.length, text, cut: false });

function made() {
  const [clock, monitor] = [new FakeClock(), new FakeMonitor()];
  return { clock, monitor, tap: new Tap("http://monitor", { fetch: monitor.fetch, clock }) };
}

describe("a tap", () => {
  test("shows the newest first, now and then, and counts what it does not show", async () => {
    const { clock, monitor, tap } = made();
    tap.open("gl.space.*.telemetry.>", "1a2b");
    const asked = monitor.next("http://monitor/api/tap?subject=gl.space.*.telemetry.%3E&device=1a2b");
    await asked.stream();
    for (const text of ["a", "b"]) await asked.say("message", message(text));
    await asked.say("skipped", { messages: 40 });
    expect([tap.isOpen.value, tap.heard.value]).toEqual([true, []]);
    clock.advance(250);
    await asked.say("message", message("c"));
    clock.advance(250);
    expect([tap.heard.value.map(({ text }) => text), tap.all.value, tap.skipped.value]).toEqual([["c", "b", "a"], 3, 40]);
  });

  test("keeps no more than anybody reads", async () => {
    const { clock, monitor, tap } = made();
    tap.open("gl.registry", "");
    const asked = monitor.next("http://monitor/api/tap?subject=gl.registry");
    await asked.stream();
    for (let at = 0; at < 2 * KEPT; at++) {
      await asked.say("message", message(String(at)));
      if (at % 7 === 0) clock.advance(250);
    }
    clock.advance(250);
    expect([tap.heard.value.length, tap.heard.value[0]?.text, tap.all.value]).toEqual([KEPT, String(2 * KEPT - 1), 2 * KEPT]);
  });

  test("keeps what was heard when it is closed, and begins anew when it is opened", async () => {
    const { clock, monitor, tap } = made();
    tap.open("gl.registry", "");
    const asked = monitor.next("http://monitor/api/tap?subject=gl.registry");
    await asked.stream();
    await asked.say("message", message("a"));
    clock.advance(250);
    tap.close();
    expect([tap.heard.value.length, tap.isOpen.value, asked.isAborted(), clock.waiting]).toEqual([1, false, true, 0]);
    tap.open("gl.>", "");
    expect([tap.heard.value.length, tap.all.value]).toEqual([0, 0]);
    await monitor.next("http://monitor/api/tap?subject=gl.%3E").answer(503, { error: "8 taps are open already" });
    expect([tap.problem.value, tap.isOpen.value]).toEqual(["8 taps are open already.", false]);
  });
});
