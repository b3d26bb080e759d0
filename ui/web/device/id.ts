// Device ids: four hex digits, as the last two bytes of a wearable's address.

/** An id as it is on the wire, from what a person typed; `undefined` when it is none. */
export function parseId(text: string): string | undefined {
  const id = text.trim().toLowerCase();
  return /^[0-9a-f]{4}$/.test(id) ? id : undefined;
}

/** An id by chance that is none of these. */
export function anyId(taken: readonly string[] = []): string {
  for (;;) {
    const [number = 0] = crypto.getRandomValues(new Uint16Array(1));
    const id = number.toString(16).padStart(4, "0");
    if (!taken.includes(id)) return id;
  }
}
