// Why the simulator did not do what it was asked to, in sentences. Pure.

import { sentence } from "../../design/words";

/** Why something did not work: nobody answered, or the simulator says no. */
export class Refusal extends Error {
  readonly isAway: boolean;
  readonly status: number;
  /** Each thing that is wrong, as the simulator says it. */
  readonly mistakes: readonly string[];

  constructor(message: string, status: number, mistakes: readonly string[] = [message]) {
    super(message);
    this.isAway = status === 0;
    this.status = status;
    this.mistakes = mistakes;
  }
}

/** Each mistake at the field that it names, in words that do not name it again; `all` is for what belongs to none of these. */
export function placed<K extends string>(mistakes: readonly string[], keys: readonly K[]): Readonly<Partial<Record<K | "all", string>>> {
  const said: Partial<Record<K | "all", string>> = {};
  for (const mistake of mistakes) {
    const key = keys.find(key => mistake.includes(`\`${key}\``)) ?? "all";
    const words = sentence(mistake.replace(/^`\w+` is /, "It is ").replaceAll("`", ""));
    said[key] = said[key] === undefined ? words : `${said[key]} ${words}`;
  }
  return said;
}

/** What the simulator said is wrong; a definition's mistakes are more use than the remark that there are some. */
export function told(said: { readonly error?: string; readonly mistakes?: readonly string[] }, status: number): string {
  if (said.mistakes && said.mistakes.length > 0) return said.mistakes.map(sentence).join(" ");
  return said.error ? sentence(said.error) : `The simulator says no (${status}).`;
}
