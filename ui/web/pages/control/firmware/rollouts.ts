// The rollouts of the space: a list of all, and the whole record of the one that somebody looks at. The CDN tells when one changed, and then it
// is asked for, at a bounded rate: records change twice a second, and may have thousands of devices.

import { batch, computed, effect, type ReadonlySignal, signal, type Signal } from "@preact/signals";
import type { Clock } from "../../../library/socket";
import type { Kept } from "../../../store/kept";
import type { Change } from "../../../store/news";
import { Paced } from "../../../store/paced";
import { type Done, type Failed, fieldsOf, type Space } from "../../../store/space";
import { hasEnded, type RolloutRecord, readRecord, readRollout, type Rollout } from "./record";

/** Rollouts that are shown; a CDN remembers 50. */
const MOST = 64;
/** Between two looks at the record, and at the list, in milliseconds. */
const RECORD_GAP_MS = 700, LIST_GAP_MS = 2_000;

/** What can be asked of a rollout. */
export type Verb = "pause" | "resume" | "abort" | "retry";

export class Rollouts {
  readonly #kept: Kept;
  readonly #opened: Signal<string | undefined>;
  readonly #all = signal<readonly Rollout[] | undefined>(undefined);
  readonly #record = signal<RolloutRecord | undefined>(undefined);
  readonly #problem = signal<string | undefined>(undefined);
  readonly #listPace: Paced;
  readonly #recordPace: Paced;
  #etag: string | undefined;

  /** `opened` is the one that somebody looks at. */
  constructor(kept: Kept, opened: Signal<string | undefined>, clock?: Clock) {
    this.#kept = kept;
    this.#opened = opened;
    this.#listPace = new Paced(() => this.#list(), LIST_GAP_MS, clock);
    this.#recordPace = new Paced(() => this.#look(), RECORD_GAP_MS, clock);
  }

  /** The newest first; `undefined` before they were read. */
  get all(): ReadonlySignal<readonly Rollout[] | undefined> {
    return this.#all;
  }

  /** The one that somebody looks at, as soon as it was read. */
  get record(): ReadonlySignal<RolloutRecord | undefined> {
    return this.#record;
  }

  /** Why what is shown may not be that of now, in a sentence. */
  get problem(): ReadonlySignal<string | undefined> {
    return this.#problem;
  }

  /** Those that have not ended. */
  readonly going = computed(() => (this.#all.value ?? []).filter(rollout => !hasEnded(rollout)));

  /** Follows the space from now on; what it returns ends that. */
  start(): () => void {
    const unfollow = effect(() => {
      const news = this.#kept.news.value;
      batch(() => (this.#all.value = this.#record.value = this.#problem.value = undefined));
      if (!news) return undefined;
      const undo = [
        news.on("again", () => this.#again()),
        news.on("down", () => this.#all.peek() ?? this.#again()),
        news.on("change", change => this.#changed(change)),
      ];
      // The panel may be opened long after the page.
      if (news.isLive.peek()) this.#again();
      return () => {
        undo.forEach(call => call());
        this.#listPace.stop();
        this.#recordPace.stop();
      };
    });
    const unlook = effect(() => {
      const id = this.#opened.value;
      this.#etag = undefined;
      if (this.#record.peek()?.id !== id) this.#record.value = undefined;
      if (id !== undefined && this.#kept.space.peek()) this.#recordPace.wantNow();
    });
    return () => {
      unfollow();
      unlook();
    };
  }

  /** Makes one; what was made is looked at from then on. */
  async make(definition: unknown): Promise<Done<unknown> | Failed> {
    return this.#post("rollouts", definition);
  }

  /** Asks something of one. */
  async ask(id: string, verb: Verb): Promise<Done<unknown> | Failed> {
    return this.#post(`rollouts/${id}/${verb}`);
  }

  async #post(path: string, body?: unknown): Promise<Done<unknown> | Failed> {
    const space = this.#kept.space.peek();
    if (!space) return { is: "away", code: "", message: "The page is for no space now.", mistakes: [], said: {} };
    const outcome = await space.post(path, body);
    const rollout = outcome.is === "done" ? readRollout(outcome.value) : undefined;
    if (rollout && space === this.#kept.space.peek()) {
      this.#put(rollout);
      // A new one.
      if (outcome.is === "done" && !path.includes(`/${rollout.id}/`)) this.#opened.value = rollout.id;
      else if (rollout.id === this.#opened.peek()) this.#recordPace.wantNow();
    }
    return outcome;
  }

  #again(): void {
    this.#listPace.wantNow();
    if (this.#opened.peek() !== undefined) this.#recordPace.wantNow();
  }

  #changed({ kind, id, etag }: Change): void {
    if (kind !== "rollouts") return;
    if (etag === null) this.#all.value = this.#all.peek()?.filter(rollout => rollout.id !== id);
    if (id !== this.#opened.peek()) this.#listPace.want();
    else if (etag === null || etag !== this.#etag) this.#recordPace.want();
  }

  async #list(): Promise<boolean> {
    const space = this.#kept.space.peek();
    if (!space) return true;
    const found = await space.list("rollouts");
    if (space !== this.#kept.space.peek()) return true;
    this.#problem.value = found.is === "done" ? undefined : found.message;
    if (found.is !== "done") return false;
    const { rollouts } = fieldsOf(found.value);
    this.#all.value = (Array.isArray(rollouts) ? rollouts : []).map(readRollout).filter(rollout => rollout !== undefined).slice(0, MOST);
    return true;
  }

  async #look(): Promise<boolean> {
    const [space, id] = [this.#kept.space.peek(), this.#opened.peek()];
    if (!space || id === undefined) return true;
    const found = await space.get("rollouts", id, this.#etag);
    if (!this.#isStill(space, id)) return true;
    if (found.is === "missing" || found.is === "refused") {
      // One of another space, or one that is forgotten by now.
      this.#opened.value = undefined;
      return true;
    }
    this.#problem.value = found.is === "away" ? found.message : undefined;
    if (found.is !== "done") return found.is === "same";
    const record = readRecord(found.value);
    if (!record) return true;
    batch(() => {
      this.#etag = found.etag;
      this.#record.value = record;
      const { devices: _, ...rollout } = record;
      this.#put(rollout);
    });
    return true;
  }

  #isStill(space: Space, id: string): boolean {
    return space === this.#kept.space.peek() && id === this.#opened.peek();
  }

  /** The list has it too, as it is now. */
  #put(rollout: Rollout): void {
    // Their ids begin with the time at which they were made.
    const others = this.#all.peek()?.filter(({ id }) => id !== rollout.id);
    if (others) this.#all.value = [rollout, ...others].sort((one, other) => (one.id < other.id ? 1 : -1)).slice(0, MOST);
  }
}
