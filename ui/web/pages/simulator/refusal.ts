// Why the simulator did not do what it was asked to, in sentences. Pure.

import { sentence } from "../../design/words";

/** Why something did not work: nobody answered, or the simulator says no. */
export class Refusal extends Error {
  readonly isAway: boolean;
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.isAway = status === 0;
    this.status = status;
  }
}

/** What the simulator said is wrong; a definition's mistakes are more use than the remark that there are some. */
export function told(said: { readonly error?: string; readonly mistakes?: readonly string[] }, status: number): string {
  if (said.mistakes && said.mistakes.length > 0) return said.mistakes.map(sentence).join(" ");
  return said.error ? sentence(said.error) : `The simulator says no (${status}).`;
}
