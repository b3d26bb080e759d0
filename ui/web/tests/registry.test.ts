// The check of commands says what the edge's says (bridge/src/registry), on the same examples.

import { afterEach, describe, expect, test, vi } from "vitest";
import vectors from "../../../bridge/vectors.json";
import builtIn from "../../../bridge/src/commands.json";
import type { Commands, ParameterSchema, Registry } from "../library/api.js";
import { checkCommand, colorDigits, commandOf, loadRegistry, mustBe, readRegistry, schemaOf } from "../library/registry.js";

const registry = readRegistry(builtIn);
const check = (name: string, parameters: string, of = registry) => checkCommand(of, name, parameters);
const registryOf = (commands: object) => readRegistry({ commands });
/** What a parameter with this schema makes of a value. */
const valueOf = (entry: ParameterSchema, value: string) => {
  const checked = check("x", value, registryOf({ x: { parameters: ["p"], schema: [entry] } }));
  return checked.error ?? checked.device.slice(2);
};

// A command without a name is no command to look up: the server refuses it before.
test.each(vectors.commands.filter(({ error }) => error !== "cmd:error:invalid_format"))("$input", ({ input, device, error }) => {
  const [, , name = "", ...parameters] = input.trim().split(":");
  const checked = check(name, parameters.join(":"));
  expect(checked.error ? `cmd:error:${checked.error}` : checked.device).toBe(error ?? device);
});

test.each(vectors.colors)("the colour $input", ({ input, digits }) => expect(colorDigits(input) ?? null).toBe(digits));

test.each([
  ["reset", "now", "reset:now"], ["led", "red:extra", "led:ff0000:extra"], ["led", "red:", "led:ff0000:"],
  ["led_set", " 5 : red :1", "led_set:5:ff0000:1"], ["pattern", "Breathing", "pattern:breathing"],
  ["brightness", "127.48", "brightness:127"], ["brightness", "255:x", "brightness:255:x"],
  ["spring_param", "64140A", "spring_param:64140a"], ["vibrate", "2147483647", "vibrate:2147483647"],
  ["ota", "HTTP://h/x?t=1:2", "ota:http://h/x?t=1:2"],
])("%s:%s reaches a device as %s", (name, parameters, device) => expect(check(name, parameters)).toEqual({ device }));

test.each([
  ["explode", "x".repeat(4096), "too_long"], ["led", `red:${"x".repeat(4096 - 8)}`, "too_long"],
  ["led", "é".repeat(2047), "too_long"], ["LED", "red", "unknown_command"], ["constructor", "", "unknown_command"],
  ["__proto__", "", "unknown_command"], ["led", " ", "missing_parameters"], ["led_set", "6", "missing_parameters"],
  ["led_set", ":ff0000", "missing_parameters"], ["ota", "", "missing_parameters"], ["led", "purple", "invalid_parameter"],
  ["led_set", "6:red", "invalid_parameter"], ["led_set", "0:mauve", "invalid_parameter"],
  ["led_off", "six", "invalid_parameter"], ["brightness", "256", "invalid_parameter"],
  ["brightness", "-1", "invalid_parameter"], ["vibrate", "0", "invalid_parameter"],
  ["vibrate", "2147483648", "invalid_parameter"], ["pattern", "disco", "invalid_parameter"],
  ["spring_param", "64140", "invalid_parameter"], ["ota", "firmware.bin", "invalid_parameter"],
])("%s:%s is refused: %s", (name, parameters, error) => expect(check(name, parameters).error).toBe(error));

test.each([
  ["0", "0"], ["255.99", "255"], [" 12 ", "12"], ["+7", "7"], ["007", "7"], [".5", "0"], ["5.", "5"], ["-0.9", "0"],
  ["1e-7", "0"], ["1.5E2", "150"],
])("the number %j is %s", (value, device) => expect(valueOf({ type: "int", min: 0, max: 255 }, value)).toBe(device));

test.each([
  "256", "-1", "-1.5", "1e3", "1e400", "-1e400", "e", "1e", ".", "-", "-.", "--5", "1.2.3", "1.-2", "0x10", "1 2", "1,5", "ten",
  "NaN", "Infinity", "٣", "9".repeat(20), "9".repeat(4000),
])("%j is no number from 0 to 255", value =>
  expect(valueOf({ type: "int", min: 0, max: 255 }, value)).toBe("invalid_parameter"));

test("whole numbers have 64 bits, as on the server", () => {
  expect(valueOf({ type: "int" }, "-9223372036854775808")).toBe("-9223372036854775808");
  expect(valueOf({ type: "int" }, "9223372036854775808")).toBe("invalid_parameter");
  expect(valueOf({ type: "int" }, "9e15")).toBe("invalid_parameter");
  expect(valueOf({ type: "duration_ms" }, "-1")).toBe("invalid_parameter");
  // `null` is the same as nothing there.
  expect(valueOf({ type: "int", min: null, max: null } as never, "-5")).toBe("-5");
});

test.each([
  "http://h", "http://h:5008/firmware/x.bin", "https://user:pw@h.example:443?x=http://y#z", "http://192.168.1.5/a%20b",
  "http://[fe80::1]:5008/x", "http://[::1]",
])("%s can be fetched", url => expect(valueOf({ type: "url" }, url)).toBe(url));

test.each([
  "h", "http", "http:", "http:/h", "http://", "http:///x", "http://:5008/x", "http://u@/x", "http://h:/x", "http://h:0/x",
  "http://h:65536/x", "http://h:1:2/x", "http://[::1", "http://[::1]x", "http://[]/", "ftp://h/x", "file:///etc/x", "http://h/a b",
  "http://h/\u0007",
])("%j cannot be fetched", url => expect(valueOf({ type: "url" }, url)).toBe("invalid_parameter"));

test("files of version 1, and commands of which only some parameters have a type", () => {
  const old = registryOf({ wink: {}, led: { parameters: ["color"] }, say: { parameters: ["color", "words"] } });
  expect(check("wink", "", old)).toEqual({ device: "wink:" });
  expect(check("led", "#0f0", old)).toEqual({ device: "led:00ff00" });
  expect(check("say", "red: Hello :you", old)).toEqual({ device: "say:ff0000: Hello :you" });
  expect(check("say", "mauve:x", old).error).toBe("invalid_parameter");
  expect(check("say", "red", old).error).toBe("missing_parameters");
  const mixed = registryOf({
    say: { parameters: ["words", "times", "color"], schema: [{}, { type: "int", max: 3 }, { name: "color" }] },
  });
  expect(check("say", " Hi :2.9:Red", mixed)).toEqual({ device: "say: Hi :2:ff0000" });
  expect(check("say", "Hi:4:red", mixed).error).toBe("invalid_parameter");
});

test("what is wrong is said in a sentence", () => {
  const message = (name: string, parameters: string) => (check(name, parameters) as { message: string }).message;
  expect(message("brightness", "ten")).toBe('level of brightness is "ten": it must be a whole number from 0 to 255.');
  expect(message("led_set", "0")).toMatch(/^led_set needs color: a colour: red, green/);
  expect(message("nope", "")).toBe('There is no command "nope".');
  expect([
    mustBe({ type: "int" }), mustBe({ type: "int", min: 1 }), mustBe({ type: "int", max: 9 }), mustBe({ type: "duration_ms" }),
    mustBe({ type: "enum", values: ["a", "b"] }), mustBe({ type: "hex", digits: 6 }), mustBe({}),
  ]).toEqual([
    "a whole number", "a whole number from 1 up", "a whole number up to 9", "milliseconds from 0 up", "one of a, b", "6 hex digits",
    "a text",
  ]);
});

test("the functions for commands are those of the built-in registry", () => {
  // The compiler sees that this has exactly the names of `Commands`; the number is that of the parameters.
  const counts: Record<keyof Commands, number> = {
    led: 1, pattern: 1, brightness: 1, spring_param: 1, reset: 0, vibrate: 1, led_set: 2, led_off: 1, led_all_off: 0, led_get_state: 0,
    status: 0, ota: 1,
  };
  const real = Object.entries(registry.commands).map(([name, command]) => [name, schemaOf(command).length]);
  expect(Object.fromEntries(real)).toEqual(counts);
  expect(commandOf(registry, "led")?.parameters).toEqual(["color"]);
});

describe("loading", () => {
  afterEach(() => vi.unstubAllGlobals());
  const serve = (files: Record<string, unknown>) => vi.stubGlobal("fetch", async (url: string) => {
    if (!(url in files)) throw new TypeError("Failed to fetch");
    const file = files[url];
    return typeof file === "number" ? new Response("", { status: file }) : new Response(JSON.stringify(file));
  });

  test("takes the first place that has one", async () => {
    serve({ "http://b/": 404, "http://c/": builtIn });
    expect(await loadRegistry(["http://a/", "http://b/", "http://c/"])).toEqual(builtIn);
  });

  test("says of each place why not", async () => {
    serve({ "http://b/": 404, "http://c/": [], "http://d/": { commands: { led: 5 } }, "http://e/": { commands: { led: { schema: {} } } } });
    await expect(loadRegistry(["http://a/", "http://b/", "http://c/", "http://d/", "http://e/"])).rejects.toThrow(
      "The command registry does not load: http://a/ (Failed to fetch); http://b/ (it answers 404); http://c/ (it has no `commands`); " +
      "http://d/ (`led` in it is no command); http://e/ (`led` in it is no command).",
    );
  });

  test("says that nobody knows a place", async () => {
    await expect(loadRegistry([])).rejects.toThrow("The command registry does not load: nothing says where it is.");
  });

  test.each([null, 5, "x", [], {}, { commands: null }, { commands: [] }, { commands: { a: null } }])("%j is no registry", file =>
    expect(() => readRegistry(file as Registry)).toThrow());
});
