// Which commands change the light that is shown for a device.

import { expect, test } from "vitest";
import { lightSent } from "../../store/watching";

test("the colour that was sent last is known, also when it was for one LED", () => {
  expect(lightSent("led", ["orange"])).toBe(0xff8000);
  expect(lightSent("led_set", ["3", "#0f0"])).toBe(0x00ff00);
});

test("dark keeps the colour, and a pattern shows it again", () => {
  expect(lightSent("led_all_off", [])).toBe("off");
  expect(lightSent("pattern", ["off"])).toBe("off");
  expect(lightSent("pattern", ["breathing"])).toBe("on");
});

test("what has no colour changes none", () => {
  for (const [command, ...parameters] of [["led_off", "3"], ["led", "nonsense"], ["led_set", "3"], ["vibrate", "500"]] as const) {
    expect(lightSent(command, parameters)).toBeUndefined();
  }
});
