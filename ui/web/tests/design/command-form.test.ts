import { describe, expect, test } from "vitest";
import { mistakesIn, textOf } from "../../design/command-form";
import { schemaOf } from "../../library/registry";
import type { ParameterSchema } from "../../library/api";

const LED_SET: readonly ParameterSchema[] = [
  { name: "index", type: "int", min: 0, max: 5, default: 0 },
  { name: "color", type: "color", default: "ff8000" },
];

describe("what is wrong in a form", () => {
  test("nothing, with the defaults", () => {
    expect(mistakesIn({}, "led_set", LED_SET)).toEqual({});
  });

  test("each mistake stands at its own field, whatever the text says", () => {
    const mistakes = mistakesIn({ "led_set.index": "color", "led_set.color": "index" }, "led_set", LED_SET);
    expect(Object.keys(mistakes)).toEqual(["index", "color"]);
    expect(mistakes["index"]).toBe("It must be a whole number from 0 to 5.");
  });

  test("what is missing is said to be missing", () => {
    expect(mistakesIn({ "led_set.index": "  " }, "led_set", LED_SET)).toEqual({ index: "It is missing: it must be a whole number from 0 to 5." });
    expect(Object.keys(mistakesIn({}, "ota", [{ name: "url", type: "url" }]))).toEqual(["url"]);
  });

  test("a colon is part of a URL and of the last text, and nowhere else", () => {
    expect(mistakesIn({ "ota.url": "http://host:5008/a.bin" }, "ota", [{ name: "url", type: "url" }])).toEqual({});
    expect(mistakesIn({ "led_set.index": "1:2" }, "led_set", LED_SET)).toEqual({ index: "It must be a whole number from 0 to 5." });
    const old = schemaOf({ parameters: ["from", "to"] });
    expect(mistakesIn({ "fade.from": "a:b", "fade.to": "c:d" }, "fade", old)).toEqual({ from: "There must be no colon in it." });
  });
});

test("what was typed stays with the command and the name of the parameter; else it is the default", () => {
  const typed = { "pattern.pattern_name": "spring" };
  const entry: ParameterSchema = { name: "pattern_name", type: "enum", values: ["off", "spring"] };
  expect([textOf(typed, "pattern", entry), textOf({}, "pattern", entry), textOf(typed, "other", entry)]).toEqual(["spring", "off", "off"]);
});
