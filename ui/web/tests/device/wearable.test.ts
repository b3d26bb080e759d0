// Each command and what it does: the same lines and the same LEDs as the simulator's wearables.

import { expect, test } from "vitest";
import { colorName, describe as inWords } from "../../device/describe";
import { LEDS } from "../../device/pattern";
import { hex } from "../../device/read";
import { Wearable } from "../../device/wearable";

const START = 100_000;

/** A wearable that has obeyed these lines at the start. */
function obeyed(...lines: string[]): Wearable {
  const wearable = new Wearable();
  for (const line of lines) expect(wearable.obey(line, START), line).toEqual({ kind: "done" });
  return wearable;
}

const leds = (wearable: Wearable, afterMs = 0) => wearable.lights.shown(START + afterMs).map(hex);
const ignored = (line: string, wearable = new Wearable()) => expect(wearable.obey(line, START), line).toEqual({ kind: "ignored" });
const six = (color: string) => Array<string>(LEDS).fill(color);

test("one without commands is dark, and ignores what it does not know", () => {
  const wearable = new Wearable();
  for (const line of ["Connected to GroupLoop WebSocket server", "disco:", "", ":", "LED:ff0000", " led:ff0000", "toString:"]) ignored(line, wearable);
  expect(leds(wearable)).toEqual(six("000000"));
});

test("led lights all LEDs", () => {
  expect(leds(obeyed("led:ff8000"))).toEqual(six("ff8000"));
  expect(leds(obeyed("led:red")), "the firmware knows no names").toEqual(six("000000"));
  expect(obeyed("pattern:breathing", "led:00ff00").lights.pattern).toBe("breathing");
});

test("pattern chooses what the LEDs do", () => {
  const wearable = obeyed("led:0000ff", "pattern:cycle");
  expect(leds(wearable).slice(0, 2)).toEqual(["0000ff", "000000"]);
  expect(leds(wearable, 250).slice(0, 3)).toEqual(["000040", "0000ff", "000000"]);
  expect(leds(obeyed("led:0000ff", "pattern:off"))).toEqual(six("000000"));
  ignored("pattern:disco", obeyed("led:0000ff"));
});

test("brightness dims everything", () => {
  expect(leds(obeyed("led:ff8000", "led_set:0:ffffff", "brightness:128")).slice(0, 2)).toEqual(["808080", "804000"]);
  expect(obeyed("brightness:900").lights.brightness).toBe(255);
  expect(obeyed("brightness:-1").lights.brightness).toBe(0);
});

test("spring_param tunes the spring", () => {
  expect(obeyed("spring_param:64140a").lights.spring).toEqual({ constant: 10, damping: 2, mass: 1.1 });
  ignored("spring_param:6414");
});

test("reset starts the pattern again", () => {
  const wearable = obeyed("led:ffffff", "pattern:breathing", "led_set:3:ff0000");
  expect(leds(wearable, 2_000)[3]).toBe("ff0000");
  expect(leds(wearable, 2_000)[0]).toBe("ffffff");
  expect(wearable.obey("reset:", START + 2_000)).toEqual({ kind: "done" });
  expect(leds(wearable, 2_000)).toEqual(six("000000"));
  expect(leds(wearable, 4_000)).toEqual(six("ffffff"));
});

test("vibrate runs the motor for a time", () => {
  const wearable = obeyed("vibrate:500");
  expect([0, 499, 500].map(ms => wearable.vibrating(START + ms))).toEqual([true, true, false]);
  expect(wearable.motorMs(START + 100)).toBe(400);
  ignored("vibrate:0");
  ignored("vibrate:-5");
});

test("single LEDs hide the pattern", () => {
  const wearable = obeyed("led:0000ff", "led_set:2:ff0000", "led_off:4");
  expect(leds(wearable)).toEqual(["0000ff", "0000ff", "ff0000", "0000ff", "000000", "0000ff"]);
  ignored("led_set:6:ff0000", wearable);
  ignored("led_off:-1", wearable);
  expect(leds(obeyed("led_set::ff0000"))[0], "no index is the first LED").toBe("ff0000");
  wearable.obey("led_all_off:", START);
  expect(leds(wearable)).toEqual(six("000000"));
});

test("the serial port shows state and LEDs", () => {
  const wearable = obeyed("led:00ff00", "led_off:5");
  expect(wearable.obey("led_get_state:", START)).toEqual({
    kind: "printed",
    text: "led 0: 00ff00, led 1: 00ff00, led 2: 00ff00, led 3: 00ff00, led 4: 00ff00, led 5: 000000",
  });
  expect(wearable.obey("status", START)).toEqual({
    kind: "printed",
    text: "version stock, color 00ff00, pattern solid, brightness 255, vibrating false",
  });
});

test("an update is told, and changes nothing", () => {
  const wearable = obeyed("led:ff0000");
  const url = "http://host:5008/firmware/x.bin";
  expect(wearable.obey(`ota:${url}`, START)).toEqual({ kind: "update", url });
  expect(leds(wearable)).toEqual(six("ff0000"));
  ignored("ota: ");
});

test("no text breaks it", () => {
  const pieces = [
    "led", "_set", "pattern", "spring", "_param", "brightness", "vibrate", "ota", "reset", ":", ":", ":", "-", "é", "\0", "\u202e",
    "99999999999999999999", "ffffff", "0x", "#", " ", "\n", "6", "2147483647",
  ];
  let word = 3;
  const below = (end: number) => (word = (word * 48_271) % 2_147_483_647) % end;
  const wearable = new Wearable();
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: below(7) }, () => pieces[below(pieces.length)]).join("");
    wearable.obey(text, round * 7);
    const shown = wearable.lights.shown(round * 7).map(hex).join("");
    if (!/^[0-9a-f]{36}$/.test(shown) || /NaN|undefined/.test(inWords(wearable.lights))) expect.fail(`after ${text}: ${shown}`);
  }
  ignored("led:".repeat(100_000), wearable);
});

test("LEDs in words", () => {
  expect(inWords(new Wearable().lights)).toBe("dark");
  expect(inWords(obeyed("led:ff8000", "pattern:breathing").lights)).toBe("orange, breathing");
  expect(inWords(obeyed("led:ff8000", "brightness:51").lights)).toBe("orange, steady, at 20 %");
  expect(inWords(obeyed("led:0000ff", "led_set:2:ff0000", "led_off:4").lights)).toBe("LED 2 red, LED 4 dark, the others blue, steady");
  const names = {
    ff0000: "red", ff8000: "orange", ffff00: "yellow", "80ff00": "lime", "00ff00": "green", "00ffff": "cyan", "0000ff": "blue",
    "8000ff": "violet", ff00ff: "magenta", ff0080: "pink", ffffff: "white", "808080": "grey", "000000": "dark", "000060": "dark blue",
    ffa0a0: "pale red",
  };
  for (const [digits, name] of Object.entries(names)) {
    expect(colorName([0, 2, 4].map(at => parseInt(digits.slice(at, at + 2), 16)) as [number, number, number]), digits).toBe(name);
  }
});
