// The LEDs in words, for ears and for those who see colours otherwise.

import type { Lights } from "./lights";
import { LEDS } from "./pattern";
import type { Rgb } from "./read";

/** Where a name of a hue ends, in degrees. */
const HUES: readonly (readonly [end: number, name: string])[] = [
  [15, "red"],
  [42, "orange"],
  [68, "yellow"],
  [90, "lime"],
  [155, "green"],
  [172, "turquoise"],
  [195, "cyan"],
  [255, "blue"],
  [288, "violet"],
  [315, "magenta"],
  [345, "pink"],
  [361, "red"],
];

/** A colour as people call it; black is `dark`, for it is a light. */
export function colorName([red, green, blue]: Rgb): string {
  const most = Math.max(red, green, blue);
  const span = most - Math.min(red, green, blue);
  if (most < 8) return "dark";
  if (span < most * 0.15) return most > 200 ? "white" : "grey";
  const sixth =
    most === red ? ((green - blue) / span + 6) % 6 : most === green ? (blue - red) / span + 2 : (red - green) / span + 4;
  const name = HUES.find(([end]) => sixth * 60 < end)?.[1] ?? "red";
  const shade = most < 110 ? "dark " : span < most * 0.55 ? "pale " : "";
  return `${shade}${name}`;
}

/** What the LEDs do: `orange, breathing, at 50 %`. */
export function describe(lights: Lights): string {
  const { byHand, pattern } = lights;
  const single = [...byHand].flatMap((color, led) => (color ? [`LED ${led} ${colorName(color)}`] : []));
  const others = pattern === "off" ? "dark" : `${colorName(lights.color)}, ${pattern === "solid" ? "steady" : pattern}`;
  const shown = single.length === LEDS ? single : single.length > 0 ? [...single, `the others ${others}`] : [others];
  const dark = pattern === "off" && single.length === 0;
  const brightness = lights.brightness === 255 || dark ? [] : [`at ${Math.round((lights.brightness / 255) * 100)} %`];
  return [...shown, ...brightness].join(", ");
}
