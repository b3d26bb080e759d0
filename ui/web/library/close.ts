// Why connections end: the table of docs/protocol.md, and what browsers add to it.

/** Whether to come back after a connection has ended. */
export type ComeBack = "no" | "mend it first" | "yes";

/** One close code. */
export interface CloseCode {
  readonly code: number;
  readonly reason: string;
  readonly comeBack: ComeBack;
  /** A plain sentence for people. */
  readonly message: string;
}

const MEND = "mend it first";

/** Close codes that an edge or a browser gives. Any other one is a reason to come back. */
export const CLOSE_CODES: readonly CloseCode[] = [
  { code: 1000, reason: "goodbye", comeBack: "no", message: "The connection was closed." },
  { code: 1001, reason: "going_away", comeBack: "yes", message: "The server is going away." },
  { code: 1002, reason: "protocol_error", comeBack: MEND, message: "The server could not make sense of what this page sent." },
  { code: 1005, reason: "no_reason", comeBack: "yes", message: "The server ended the connection." },
  { code: 1006, reason: "lost", comeBack: "yes", message: "The connection is lost." },
  { code: 1007, reason: "invalid_text", comeBack: MEND, message: "This page sent a text that is not UTF-8." },
  { code: 1009, reason: "message_too_big", comeBack: MEND, message: "This page sent a message over 64 KiB." },
  { code: 1011, reason: "timeout", comeBack: "yes", message: "The server heard nothing from this page for too long." },
  { code: 1012, reason: "restart", comeBack: "yes", message: "The server restarts." },
];

/** Longest pause that is taken from a server, in milliseconds. */
const MAX_RETRY_MS = 60_000;

/** What a close code means. A code that is not in the table is shown with its number and reason. */
export function closeCode(code: number, reason: string): CloseCode {
  const known = CLOSE_CODES.find(row => row.code === code);
  if (known) return known;
  const cause = reason ? `${code}, ${reason}` : String(code);
  return { code, reason: reason || "unknown", comeBack: "yes", message: `The server ended the connection (${cause}).` };
}

/** The pause that a restarting server asks for, in milliseconds: `restart retry_ms=800`. */
export function retryMs(code: number, reason: string): number | undefined {
  const digits = code === 1012 ? /\bretry_ms=(\d{1,9})\b/.exec(reason)?.[1] : undefined;
  return digits === undefined ? undefined : Math.min(Number(digits), MAX_RETRY_MS);
}
