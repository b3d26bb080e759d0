// Numbers and colours as the firmware reads them: it takes what it understands, and the rest is nothing. Never an error.

/** A colour: red, green, blue, 0 to 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number];

export const BLACK: Rgb = [0, 0, 0];
export const WHITE: Rgb = [255, 255, 255];

const MOST = 2_147_483_647;

/** The six hex digits of a colour. */
export const hex = (color: Rgb): string => color.map(part => part.toString(16).padStart(2, "0")).join("");

/** A whole number as `toInt` reads it: white space, a sign, digits; 0 when there are none. Stops at the ends of 32 bits. */
export function int(text: string): number {
  const [, sign, digits] = /^([+-]?)(\d*)/.exec(text.trimStart()) ?? [];
  const size = Math.min(Number(digits || 0), MOST);
  return sign === "-" && size > 0 ? -size : size;
}

/** A colour as a plain hex parse reads it: the digits up to the first character that is none, so `#ff0000` and `red` are black. */
export function color(text: string): Rgb {
  const [, sign, digits] = /^([+-]?)(?:0[xX])?([0-9a-fA-F]*)/.exec(text.trimStart()) ?? [];
  const size = Math.min(Number(`0x${digits || "0"}`), MOST);
  const number = sign === "-" ? -size : size;
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

/** Exactly six hex digits as three bytes. */
export function threeBytes(text: string): Rgb | undefined {
  return /^[0-9a-fA-F]{6}$/.test(text.trim()) ? color(text) : undefined;
}
