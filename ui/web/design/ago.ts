// Times that passed, as people say them.

/** A time that passed, as people say it: `0.2 s`, `14 s`, `3 min`. */
export function ago(ms: number): string {
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 99_500) return `${Math.round(ms / 1_000)} s`;
  return ms < 5_970_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
