import { expect, test } from "vitest";
import { bytes, count, rate, sentence, span, took } from "../../design/words";

test("bytes and times are short", () => {
  expect([0, 999, 1_000, 63_900, 4_000_000, 7e9, 9e12].map(bytes)).toEqual(["0 B", "999 B", "1.0 kB", "63.9 kB", "4.0 MB", "7.0 GB", "9000.0 GB"]);
  expect([0, 4_200, 59_949, 59_960, 187_000, 3_753_000].map(span)).toEqual(["0.0 s", "4.2 s", "59.9 s", "1:00", "3:07", "1:02:33"]);
});

test("rates have as many digits as tell something", () => {
  expect([0, 0.01, 0.44, 1, 12.48, 99.94, 99.96, 1_234.5].map(rate)).toEqual(["0", "0", "0.4", "1", "12.5", "99.9", "100", "1,235"]);
  expect([40, 430, 12_400, 999_400, 1_234_000].map(took)).toEqual(["0.0 ms", "0.4 ms", "12 ms", "999 ms", "1.2 s"]);
});

test("words are sentences, and counts have theirs", () => {
  expect([" no such subject", "Too many.", "really?"].map(sentence)).toEqual(["No such subject.", "Too many.", "Really?"]);
  expect([count(1, "device"), count(2_000, "device"), count(2, "entry", "entries")]).toEqual(["1 device", "2,000 devices", "2 entries"]);
});
