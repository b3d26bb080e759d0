import { describe, expect, test } from "vitest";
import { EventReader } from "../../../pages/monitor/sse";

describe("events", () => {
  const text = 'event: system\ndata: {"at":1}\n\n: alive\n\ndata: one\r\ndata:two\r\n\r\nevent: message\ndata: ü\n\n';

  test("are read however their stream is cut into pieces", () => {
    const whole = new EventReader().read(text);
    expect(whole).toEqual([{ event: "system", data: '{"at":1}' }, { event: "message", data: "one\ntwo" }, { event: "message", data: "ü" }]);
    for (let size = 1; size < text.length; size++) {
      const reader = new EventReader();
      const found = [];
      for (let at = 0; at < text.length; at += size) found.push(...reader.read(text.slice(at, at + size)));
      expect(found, `pieces of ${size}`).toEqual(whole);
    }
  });

  test("wait for their end", () => {
    const reader = new EventReader();
    expect(reader.read("data: a\n")).toEqual([]);
    expect(reader.read("\ndata: b")).toEqual([{ event: "message", data: "a" }]);
  });

  test("without an end do not fill the memory", () => {
    const reader = new EventReader();
    reader.read("data: ");
    for (let piece = 0; piece < 10; piece++) expect(reader.read("x".repeat(1024 * 1024))).toEqual([]);
    expect(reader.read("\n\ndata: a\n\n")).toEqual([{ event: "message", data: "a" }]);
  });
});
