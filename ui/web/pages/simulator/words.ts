// Numbers and times, as people say them. Pure.

export const capital = (word: string): string => word.replace(/^./, first => first.toUpperCase());

export const whole = (number: number): string => Math.round(number).toLocaleString("en");

/** Bytes with a unit in which they are short. */
export function bytes(number: number): string {
  const units = ["B", "kB", "MB", "GB"] as const;
  const place = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, number)) / 3));
  return `${place === 0 ? Math.round(number) : (number / 1_000 ** place).toFixed(1)} ${units[place]}`;
}

/** How long something is: `4.2 s`, `3:07`, `1:02:33`. */
export function span(ms: number): string {
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const two = (number: number) => String(number).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
