// Who is to be called for what: listeners by event, each with its undo.

/** Reports what went wrong in somebody's listener as any uncaught error; it must not stop what called the listener. */
export function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Listeners for the events of a type. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(detail: never) => void>>();

  /** Calls the listener from now on; what it returns ends that. */
  on<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): () => void {
    // A function of its own for each call, so that the same listener can be added twice and taken away once.
    const call = (detail: Events[K]) => listener(detail);
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set.add(call));
    return () => void set.delete(call);
  }

  /** Whether anybody listens. */
  has(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  /** Calls all listeners of an event, in the order in which they came. */
  emit<K extends keyof Events>(event: K, detail: Events[K]): void {
    const set = this.#listeners.get(event) as Set<(detail: Events[K]) => void> | undefined;
    if (set === undefined) return;
    for (const listener of set) {
      try {
        listener(detail);
      } catch (error) {
        report(error);
      }
    }
  }
}
