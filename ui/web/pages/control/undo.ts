// Scenes that are applied, and the way back from the last one. A device does not say what it shows, so the way back is what this page sent it
// before; what it never sent anything goes dark.

import { type ReadonlySignal } from "@preact/signals";
import { forTabFirst, remembered } from "../../design/remembered";
import { type Line, type Order, receiversOf } from "../../store/acts";
import type { Scene } from "../../store/kept";
import { commandsFor, type Part, partOf, wayBack } from "../../store/told";
import { acts, told } from "./acts";
import { few } from "./ids";
import { kept } from "./kept";
import { type Resolved, resolved } from "./scene";
import { swarm, url } from "./state";

/** The way back, as it is kept over a reload. */
interface Back {
  /** When the scene began to be sent; no other one has the same. */
  readonly began: number;
  /** Where these devices are. */
  readonly place: string;
  readonly title: string;
  /** Which scene it is the way back from, and of which devices. */
  readonly scene?: string;
  readonly devices?: readonly string[];
  readonly orders: readonly Order[];
  readonly known: number;
  readonly dark: number;
  readonly staying: number;
}

/** Written by this page, so it is looked at no closer than that it is one. */
function readBack(text: string): Back | undefined {
  try {
    const back = JSON.parse(text) as Partial<Back>;
    return typeof back.place === "string" && Array.isArray(back.orders) ? (back as Back) : undefined;
  } catch {
    return undefined;
  }
}

const back = remembered<Back | undefined>(
  "control.undo", undefined, readBack, value => (value === undefined ? undefined : JSON.stringify(value)), forTabFirst,
);

export const undoable: ReadonlySignal<Back | undefined> = back;

const devices = (count: number, one: string, many: string): string => `${count} ${count === 1 ? `device ${one}` : `devices ${many}`}`;

const many = (count: number): string => `${count} ${count === 1 ? "device" : "devices"}`;

/** What an undo does, in words. */
export function backWords({ known, dark, staying }: Pick<Back, "known" | "dark" | "staying">): string {
  const words = [
    known > 0 && `${devices(known, "gets", "get")} back what this page had sent ${known === 1 ? "it" : "them"} before`,
    dark > 0 && `${devices(dark, "goes", "go")} dark, because what ${dark === 1 ? "it" : "they"} showed before is not known`,
    staying > 0 && `${devices(staying, "keeps its", "keep their")} brightness or spring, because what it was is not known`,
  ].filter(Boolean).join("; ");
  return words === "" ? "There is nothing to put back." : `${words}.`;
}

/** What of a scene is not there; `undefined` when all is. */
function absence({ missing, empty, away }: Resolved): string | undefined {
  const words = [
    empty.length > 0 && `Nobody is in ${few(empty)}.`,
    missing.length > 0 && `${missing.length === 1 ? "The group" : "The groups"} ${few(missing)} ${missing.length === 1 ? "is" : "are"} not there: ${missing.length === 1 ? "its" : "their"} steps were left out.`,
    away.length > 0 && `Not there: ${few(away)}.`,
  ].filter(Boolean).join(" ");
  return words === "" ? undefined : words;
}

/** A scene in a few letters: another one when anything of it is another (FNV-1a). */
function markOf(scene: Scene): string {
  let hash = 0x811c9dc5;
  for (const letter of JSON.stringify(scene)) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(16);
}

/** The number of the newest act. */
const newest = (): number | undefined => acts.log.peek()[0]?.number;

/** The scene that is being sent, with its place, and the number of its act. */
let underWay: { readonly which: string; readonly act: number | undefined } | undefined;

/** Sends a scene's commands, and keeps the way back. The same once more changes nothing while it is on its way, and nothing was sent after it. */
export async function apply(scene: Scene): Promise<Line | undefined> {
  const which = `${url.peek()} ${markOf(scene)}`;
  if (underWay?.which === which && underWay.act === newest()) return undefined;
  const sending = send(scene);
  const mine = { which, act: newest() };
  underWay = mine;
  try {
    return await sending;
  } finally {
    if (underWay === mine) underWay = undefined;
  }
}

async function send(scene: Scene): Promise<Line> {
  const found = resolved(scene.steps, kept.groups.all.peek(), id => swarm.place(id) !== undefined);
  const { orders } = found;
  const [place, mark] = [url.peek(), markOf(scene)];
  let there: readonly string[] = [], last: Back | undefined, began = 0;
  let isOver = false;
  const changed = new Map<string, Set<Part>>();
  const note = (command: string, ids: readonly string[]) => {
    const part = partOf(command);
    if (part === undefined) return;
    for (const id of ids) changed.set(id, (changed.get(id) ?? new Set()).add(part));
  };
  const write = () => {
    // Who applies a scene twice goes back to what was before the first time, unless one of the devices was told something else in between.
    const same = last?.scene === mark && last.place === place ? last : undefined;
    const older = new Set(same?.devices);
    const shows = (all: Pick<typeof told, "of">, id: string) => JSON.stringify(commandsFor(all.of(id)));
    const isAgain = [...changed.keys()].every(id => !older.has(id) || shows(told, id) === shows(before, id));
    const first = isAgain ? same : undefined;
    const fresh = first ? new Map([...changed].filter(([id]) => !older.has(id))) : changed;
    const { orders: way, known, dark, staying } = wayBack(fresh, id => before.of(id));
    back.value = changed.size === 0 ? last : {
      began, place, title: scene.title, scene: mark,
      devices: [...(first?.devices ?? []), ...fresh.keys()],
      orders: [...(first?.orders ?? []), ...way],
      known: known + (first?.known ?? 0),
      dark: dark.length + (first?.dark ?? 0),
      staying: staying.length + (first?.staying ?? 0),
    };
  };
  // Unless another scene came meanwhile, or somebody went the way back.
  const keep = () => void (back.peek()?.began === began && write());
  // From its turn on there is a way back for all whom it is meant for: the page may be gone before the answer comes.
  const before = told.before(orders, () => {
    [there, last] = [swarm.ids.peek(), back.peek()];
    began = Math.max(Date.now(), (last?.began ?? 0) + 1);
    for (const { to, command } of orders) note(command, to === "all" ? there : to);
    write();
    changed.clear();
  }, () => isOver && keep());
  const line = await acts.run(`scene ${scene.title}`, receiversOf(orders), orders, {
    note: absence(found),
    // Also when those that it missed get it later.
    onOutcome: ({ to, command }, { reached, missed, unknown, isUnsent }) => {
      // Of all, nobody names those whose edge went away just then: who was there may have it.
      const unnamed = to === "all" && !isUnsent ? new Set(there) : new Set<string>();
      for (const id of missed) unnamed.delete(id);
      note(command, [...reached, ...unknown, ...unnamed]);
      if (isOver) keep();
    },
  });
  isOver = true;
  keep();
  told.over(before);
  return line;
}

/** Goes the way back. What could not be put back can be tried again in its answer. */
export async function undo(): Promise<void> {
  const way = back.peek();
  if (way === undefined) return;
  const { ok } = await acts.run(`undo ${way.title}`, many(way.known + way.dark + way.staying), way.orders, { more: backWords(way) });
  if (ok && back.peek()?.began === way.began) back.value = undefined;
}
