import { expect, test } from "vitest";
import { commandsUrl, type Receivers, sendBatch } from "../../store/batch";

const never = new AbortController().signal;

/** An edge that answers with these pieces, and then breaks off if it is said so. */
function edge(pieces: readonly string[], breaksOff = false) {
  const asked: { url: string; body: unknown; accept: unknown }[] = [];
  const fetcher: typeof fetch = async (url, init = {}) => {
    asked.push({ url: String(url), body: JSON.parse(String(init.body)), accept: new Headers(init.headers).get("Accept") });
    const bytes = pieces.map(piece => new TextEncoder().encode(piece));
    return new Response(new ReadableStream({
      pull: controller => {
        const next = bytes.shift();
        if (next) controller.enqueue(next);
        else if (breaksOff) controller.error(new TypeError("network error"));
        else controller.close();
      },
    }));
  };
  return { asked, send: (to: Receivers) => sendBatch("ws://hub:5003/spaces/blue", to, "led", ["ff8000"], never, fetcher) };
}

test.each([
  ["ws://hub:5003/", "http://hub:5003/api/spaces/main/commands"],
  ["wss://hub:5003/spaces/blue", "https://hub:5003/api/spaces/blue/commands"],
  ["ws://hub/spaces/blue/?token=x", "http://hub/api/spaces/blue/commands"],
  ["wss://hub/behind/a/proxy/spaces/blue", "https://hub/behind/a/proxy/api/spaces/blue/commands"],
  ["ws://hub:5003/any/path", "http://hub:5003/api/spaces/main/commands"],
])("commands for %s go to %s", (url, commands) => {
  expect(commandsUrl(url)).toBe(commands);
});

test("several devices are one request, with what became of each", async () => {
  const { asked, send } = edge(['{"device":"1a2b","result":"success"}\n{"device":"1a', '2c","result":"failed"}\n', '{"sent":1,"failed":1}\n']);
  expect(await send(["1a2b", "1a2c"])).toEqual({ reached: ["1a2b"], missed: ["1a2c"], unknown: [] });
  expect(asked).toEqual([{
    url: "http://hub:5003/api/spaces/blue/commands", accept: "application/x-ndjson",
    body: { target: ["1a2b", "1a2c"], command: "led", parameters: ["ff8000"] },
  }]);
});

test.each([["breaks off", true], ["ends too early", false]])("of an answer that %s stands what it had said", async (_, breaksOff) => {
  const { send } = edge(['{"device":"1a2b","result":"success"}\n{"device":"1a2c","res'], breaksOff);
  const outcome = await send(["1a2b", "1a2c", "1a2d"]);
  expect(outcome).toEqual({ reached: ["1a2b"], missed: [], unknown: ["1a2c", "1a2d"], problem: "The server at hub:5003 went away before it had answered." });
});

test("of all devices nobody can say which are not known", async () => {
  const { send } = edge(['{"device":"1a2b","result":"success"}\n'], true);
  expect(await send("all")).toMatchObject({ reached: ["1a2b"], unknown: [], problem: expect.stringContaining("went away") });
});

test("an edge that refuses a command has sent it to nobody", async () => {
  const fetcher = async () => new Response('{"error": "unknown_command", "message": "the command is not run: unknown_command"}', { status: 422 });
  expect(await sendBatch("ws://hub:5003/", ["1a2b"], "explode", [], never, fetcher))
    .toEqual({ reached: [], missed: ["1a2b"], unknown: [], problem: "The server refuses it: the command is not run: unknown_command.", isUnsent: true });
});

test("what is stopped says so", async () => {
  const stop = new AbortController();
  const fetcher: typeof fetch = (_, { signal } = {}) => new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  const outcome = sendBatch("ws://hub:5003/", ["1a2b"], "led", ["red"], stop.signal, fetcher);
  stop.abort();
  expect(await outcome).toEqual({ reached: [], missed: [], unknown: ["1a2b"], problem: "It was stopped." });
});
