// What is said at each of several things, by its name. Names are people's, also "constructor", which every object has. Pure.

export type Notes<T = string> = Readonly<Record<string, T>>;

/** What is said at one. */
export const noteAt = <T>(notes: Notes<T>, name: string): T | undefined => (Object.hasOwn(notes, name) ? notes[name] : undefined);

/** All but these. */
export function drop<T>(from: Notes<T>, names: readonly string[]): Notes<T> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
}
