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

/** What a service said, as a sentence: with a capital, and an end. */
export function sentence(text: string): string {
  const said = capital(text.trim());
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

/** A count with its word: `1 device`, `2,000 devices`. */
export const count = (number: number, one: string, many = `${one}s`): string => `${whole(number)} ${number === 1 ? one : many}`;

/** How often a second, with as many digits as tell something: `0`, `0.4`, `12.5`, `1,200`. */
export const rate = (perSecond: number): string =>
  perSecond >= 99.95 ? whole(perSecond) : perSecond.toFixed(1).replace(/\.0$/, "");

/** A time that something takes, from microseconds: `0.4 ms`, `12 ms`, `1.2 s`. */
export function took(us: number): string {
  const ms = us / 1_000;
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
