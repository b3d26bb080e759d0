// Which commands change the colour that is shown for a device.

import { expect, test } from "vitest";
import { colorSent } from "../../store/watching";

test("the colour that was sent last is known, also when it was for one LED", () => {
  expect(colorSent("led", ["orange"])).toBe(0xff8000);
  expect(colorSent("led_set", ["3", "#0f0"])).toBe(0x00ff00);
  expect(colorSent("led_all_off", [])).toBe(0);
  expect(colorSent("pattern", ["off"])).toBe(0);
});

test("what has no colour changes none", () => {
  for (const [command, ...parameters] of [["pattern", "breathing"], ["led_off", "3"], ["led", "nonsense"], ["led_set", "3"], ["vibrate", "500"]] as const) {
    expect(colorSent(command, parameters)).toBeUndefined();
  }
});
