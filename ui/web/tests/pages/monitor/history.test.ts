import { describe, expect, test } from "vitest";
import { History } from "../../../pages/monitor/history";
import { exampleSystem, LARGE } from "./example";

describe("the last minute", () => {
  test("of a subject is what came once a second, of those that are there", () => {
    const history = new History();
    const subject = "gl.node.edge-1";
    for (let second = 0; second < 90; second++) history.take(exampleSystem(LARGE, second));
    expect([history.of(subject).length, history.total("devices").length, history.of("gl.registry").length]).toEqual([60, 60, 0]);
    history.take(exampleSystem(LARGE, 90, { subjects: [] }));
    expect(history.of(subject)).toEqual([]);
  });

  test("has one value for a second, however often the monitor tells", () => {
    const history = new History();
    const [first] = exampleSystem().subjects;
    const take = (at: number, messages: number) => history.take(exampleSystem(LARGE, 0, { at, subjects: [{ ...first!, messages_per_s: messages }] }));
    [[0, 1], [300, 2], [1_000, 3], [1_250, 4], [2_100, 5]].forEach(([at, messages]) => take(at!, messages!));
    expect([history.of(first!.subject), history.total("devices").length]).toEqual([[2, 4, 5], 3]);
  });

  test("is what the monitor says it was, when it does", () => {
    const history = new History();
    const [first] = exampleSystem().subjects;
    history.take(exampleSystem(LARGE, 0, { subjects: [{ ...first!, history: [1, 2, 3] }] }));
    history.take(exampleSystem(LARGE, 1, { subjects: [{ ...first!, messages_per_s: 4 }] }));
    expect(history.of(first!.subject)).toEqual([1, 2, 3, 4]);
    history.clear();
    expect(history.of(first!.subject)).toEqual([]);
  });
});

test("the example is as large as the page must stay quick with", () => {
  const { subjects, spaces, totals } = exampleSystem(LARGE);
  expect([subjects.length, spaces.length, totals.devices]).toEqual([500, 100, 10_000]);
});
