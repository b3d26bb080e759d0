import { expect, test } from "vitest";
import { readManifest } from "../../pages/control/firmware/manifest";
import {
  bytesWords, downloaded, filtered, hasEnded, readRecord, readRollout, runsWords, stateWords, summary, underWay, verdict, type Rollout,
} from "../../pages/control/firmware/record";

/** As the CDN tells it. */
const told = {
  id: "1764316800000-k3f9ab", space: "main", made_ms: 1_764_316_800_000, began_ms: 1_764_316_800_412, ended_ms: null,
  firmware: { path: "firmware/c3-1.4.0.bin", board: "seeed_xiao_esp32c3", version: "1.4.0", size: 1_048_576, md5: "…" },
  url: "http://192.168.1.20:5008/firmware/c3-1.4.0.bin", state: "running", wanted: "run", note: null,
  rules: { canary: 1, wave: 2, max_failed: "10%", timeouts: { start_s: 30, stall_s: 60, settle_s: 20, restart_s: 90 } },
  retry_of: null, runner: { node: "cdn-1", term: 3 },
  stages: [{ name: "canary", devices: 1, max_failed: 0, done: 1, failed: 0, skipped: 0 }, { name: "wave 1", devices: 3, max_failed: 0, done: 0, failed: 1, skipped: 0 }],
  counts: { done: 1, failed: 1, downloading: 1, waiting: 1 },
  devices: [
    { id: "1a2b", stage: 0, state: "done", runs: "new", asked: 1 },
    { id: "1a2c", stage: 1, state: "waiting", runs: "old" },
    { id: "1a2d", stage: 1, state: "downloading", runs: "old", bytes: 262_144, size: 1_048_576, asked: 1, changed_ms: 5 },
    { id: "1a2e", stage: 1, state: "failed", runs: "unknown", bytes: 1_048_576, size: 1_048_576, reason: "it sleeps" },
  ],
};
const rollout = (more: object = {}): Rollout => readRollout({ ...told, ...more })!;

test("a record is read", () => {
  const record = readRecord(told)!;
  expect(record).toMatchObject({
    id: told.id, state: "running", wanted: "run", note: undefined, retryOf: undefined, runner: "cdn-1", endedMs: undefined, board: "seeed_xiao_esp32c3",
    version: "1.4.0", total: 4, counts: { done: 1, failed: 1, downloading: 1, waiting: 1, asked: 0, rebooting: 0, back: 0, skipped: 0 },
  });
  expect(record.stages[1]).toEqual({ name: "wave 1", devices: 3, maxFailed: 0, done: 0, failed: 1, skipped: 0 });
  expect(record.devices.map(({ id, state }) => `${id} ${state}`)).toEqual(["1a2b done", "1a2c waiting", "1a2d downloading", "1a2e failed"]);
  expect([record.devices.map(downloaded), record.devices.map(runsWords)]).toEqual([[undefined, undefined, 0.25, undefined], ["new", "old", "old", "not known"]]);
  expect([underWay(record), summary(record)]).toEqual([1, "1 of 4 devices done, 1 under way, 1 failed, 1 waiting."]);
});

test("what is no record is none, and what is odd in one breaks nothing", () => {
  for (const none of [undefined, null, [], {}, { id: "x" }, { id: "x", state: "asleep" }, { id: 7, state: "done" }]) expect(readRollout(none)).toBeUndefined();
  const odd = readRecord({ id: "x", state: "done", stages: 7, counts: [], devices: [{ id: "1a2b", state: "odd" }, null] })!;
  expect([odd.total, odd.devices.map(({ state }) => state)]).toEqual([0, ["waiting", "waiting"]]);
});

test("only a rollout after which every device has it is a good one", () => {
  const counts = { done: 4 };
  expect(verdict(rollout({ state: "done", counts }))).toBe("good");
  expect(verdict(rollout({ state: "done", counts: { done: 3, failed: 1 } }))).toBe("warn");
  expect(verdict(rollout({ state: "running", counts }))).toBe("going");
  expect([verdict(rollout({ state: "stopped", counts })), verdict(rollout({ state: "aborted", counts }))]).toEqual(["bad", "warn"]);
});

test.each([
  ["running", "run", "running"], ["running", "pause", "about to pause"], ["running", "abort", "about to be aborted"], ["paused", "pause", "paused"],
  ["paused", "run", "about to go on"], ["waiting", "run", "waiting for a CDN"], ["stopped", "run", "stopped by its rule"], ["aborted", "abort", "aborted"],
])("%s, and wanted is %s: %s", (state, wanted, words) => {
  expect(stateWords(rollout({ state, wanted }))).toBe(words);
  expect(hasEnded(rollout({ state }))).toBe(["stopped", "aborted"].includes(state));
});

test("devices are found by state and id, what went wrong first", () => {
  const record = readRecord(told)!;
  const found = (of: Parameters<typeof filtered>[1]["of"], text = "") => filtered(record, { of, text }).map(({ id }) => id);
  expect(found("all")).toEqual(["1a2e", "1a2d", "1a2c", "1a2b"]);
  expect([found("under way"), found("done"), found("back"), found("all", " 2C"), found("done", "2c")]).toEqual([["1a2d"], ["1a2b"], [], ["1a2c"], []]);
  expect(record.devices[0]?.id).toBe("1a2b");
});

test("sizes as people say them", () => {
  expect([12, 300_048, 1_048_576, 1_572_864].map(bytesWords)).toEqual(["12 B", "293 KiB", "1.0 MiB", "1.5 MiB"]);
});

test("a manifest is read, whatever is in it", () => {
  expect(readManifest({
    version: "1", boards: {}, images: {
      s3: [], c6: "odd", c3: [{ version: "1.4.0", build_date: "2025-01-31", size: 5 }, { version: "" }, {}, { version: "1.3.0" }],
    },
  })).toEqual([{ name: "c3", images: [{ version: "1.4.0", date: "2025-01-31", size: 5 }, { version: "1.3.0", date: "", size: undefined }] }]);
  for (const none of [undefined, [], {}, { images: 7 }]) expect(readManifest(none)).toEqual([]);
});
