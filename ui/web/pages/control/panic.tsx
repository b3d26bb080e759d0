// The panic key: everything in the space dark, at once, whatever is under way. By a button that is always in view, and by a key that is found
// blind and not hit by accident: Escape, held.

import { computed, effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { config } from "../../design/config";
import { Button, Notice } from "../../design/parts";
import { sendBatch } from "../../store/batch";
import { News } from "../../store/news";
import { Space } from "../../store/space";
import { spaceOf } from "../../store/space-of";
import { acts, told } from "./acts";
import { kept } from "./kept";
import { picked, swarm, url, watching } from "./state";

/** How long the key is held, in milliseconds. */
const HOLD_MS = 500;
/** The dark is sent once more when what was under way has surely stopped, also on the pages of others, in milliseconds. */
const ONCE_MORE_MS = 500;
/** What this page calls itself when it tells others, so that it does not take its own word for theirs. */
const ME = Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(16).padStart(2, "0")).join("");
/** How long the connection has, in milliseconds: one that only looks open, as after a change of the network, answers nothing for much longer. */
const OVER_CONNECTION_MS = 1_000;
/** How long requests may take, in milliseconds. */
const PATIENCE_MS = 10_000;
/** Between the bar and what has the keys, for the ring around it, in pixels. */
const ROOM_PX = 8;

/** `ok` is `undefined` while nobody has answered. */
const answer = signal<{ readonly ok: boolean | undefined; readonly words: string } | undefined>(undefined);
const isHeld = signal(false);

/** What makes a device dark; both, so that who misses one has the other. */
const OFF = [["led_all_off"], ["pattern", "off"]] as const;

/** What came of one of them. */
interface Dark {
  readonly ok: boolean;
  readonly count: number;
  readonly message: string;
}

/** Over the connection that is there: no new one has to be made, and nothing waits in front of it. */
const overConnection = (): Promise<readonly Dark[]> => Promise.all(OFF.map(([command, ...parameters]) => watching.send("all", command, parameters)));

/** By requests: while the page waits before it connects again, the server may be back already. */
const byRequests = (place: string): Promise<readonly Dark[]> => Promise.all(OFF.map(async ([command, ...parameters]) => {
  const { reached, problem } = await sendBatch(place, "all", command, parameters, AbortSignal.timeout(PATIENCE_MS));
  return { ok: problem === undefined, count: reached.length, message: "there is no connection, and the server does not answer." };
}));

/** Darkens a place, as long as `isWanted`: what is sent there meanwhile may light devices again. */
async function darken(place: string, isWanted: () => boolean): Promise<readonly Dark[]> {
  const connection = overConnection();
  const first = await Promise.race([connection, new Promise<undefined>(resolve => setTimeout(resolve, OVER_CONNECTION_MS, undefined))]);
  if (first?.some(({ ok }) => ok)) return first;
  if (!isWanted()) return first ?? connection;
  const dark = await byRequests(place);
  if (dark.some(({ ok }) => ok)) return dark;
  const late = await connection;
  return late.some(({ ok }) => ok) ? late : dark;
}

export async function panic(): Promise<void> {
  acts.stop();
  // Whether it can be told or not, the devices are told.
  void kept.space.peek()?.post(`panic?by=${ME}`);
  const [place, ids] = [url.peek(), swarm.ids.peek()];
  const mine = { ok: undefined, words: "Going dark." };
  answer.value = mine;
  const last = acts.log.peek()[0]?.number;
  const isWanted = () => acts.log.peek()[0]?.number === last;
  // Unless somebody lights them again by then.
  setTimeout(() => void (isWanted() && place === url.peek() && darken(place, isWanted)), ONCE_MORE_MS);
  const dark = await darken(place, isWanted);
  const ok = dark.some(({ ok }) => ok);
  if (ok && place === url.peek()) told.take(ids, "led_all_off", []);
  // Who pressed once more looks at what becomes of that.
  if (answer.peek() !== mine) return;
  // Somebody has lit them again by now.
  if (ok && !isWanted()) return void (answer.value = undefined);
  const count = Math.max(...dark.map(({ count }) => count));
  const words = !ok ? `Not dark: ${dark[0]?.message}` : count === 0 ? "There is no device in this space." : `Dark: ${count} ${count === 1 ? "device" : "devices"}.`;
  answer.value = { ok, words };
}

/** Somebody else pressed it: what this page still sends there would light devices again. */
function heard(by: string, place = url.peek()): void {
  if (by === ME) return;
  const where = place === url.peek() ? "" : ` in ${spaceOf(place)}`;
  const wasBusy = acts.log.peek().some(line => line.ok === undefined && line.place === place);
  acts.stop(place);
  answer.value = { ok: true, words: `Somebody pressed All dark${where}.${wasBusy ? ` What this page was sending${where && " there"} has stopped.` : ""}` };
}

effect(() => kept.news.value?.on("panic", by => heard(by)));

/** What is sent after it may light devices again: that they are dark is said no longer. */
const newest = computed(() => acts.log.value[0]?.number);
effect(() => {
  newest.value;
  if (answer.peek()?.ok) answer.value = undefined;
});

/** Where this page still sends, and what it began there goes to its end, while it is about another place; a line each. */
const left = computed(() => [...new Set(acts.log.value.filter(({ ok }) => ok === undefined).map(({ place }) => place))]
  .filter(place => place !== url.value).join("\n"));

effect(() => {
  const all = left.value.split("\n").filter(place => place !== "").map(place => {
    const news = new News(new Space(config.cdnBaseUrl, spaceOf(place)).events);
    news.on("panic", by => heard(by, place));
    news.start();
    return news;
  });
  return () => all.forEach(news => news.close());
});

/** Listens before anything else on the page does, and in every field. */
function useKey(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const release = () => {
      clearTimeout(timer);
      timer = undefined;
      isHeld.value = false;
    };
    const press = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      // A key that is held comes again and again, which is nobody else's business.
      if (event.repeat) event.stopImmediatePropagation();
      if (event.repeat || timer !== undefined) return;
      // The key picks nobody on the floor when it is let go at once; held, it leaves the choice as it was.
      const before = picked.peek();
      isHeld.value = true;
      timer = setTimeout(() => {
        picked.value = before;
        void panic();
      }, HOLD_MS);
    };
    const letGo = (event: KeyboardEvent) => event.key === "Escape" && release();
    window.addEventListener("keydown", press, { capture: true });
    window.addEventListener("keyup", letGo, { capture: true });
    window.addEventListener("blur", release);
    return () => {
      release();
      window.removeEventListener("keydown", press, { capture: true });
      window.removeEventListener("keyup", letGo, { capture: true });
      window.removeEventListener("blur", release);
    };
  }, []);
}

const Key = () => <Button class="all-dark" onClick={() => void panic()}>All dark</Button>;

/** The button for windows, which hide the bar, with what came of it. */
export const AllDark = () => (
  <>
    <span class="small" role="status">{answer.value?.words}</span>
    <Key />
  </>
);

/** Keeps what has the keys out from behind the bar, however tall that is with what it says. */
function useRoom() {
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    const root = document.documentElement.style;
    const observer = new ResizeObserver(() => (root.scrollPaddingTop = `${(bar.current?.offsetHeight ?? 0) + ROOM_PX}px`));
    observer.observe(bar.current!);
    return () => {
      observer.disconnect();
      root.scrollPaddingTop = "";
    };
  }, []);
  return bar;
}

/** The bar that stays in view, with what came of it. */
export function Panic() {
  useKey();
  const bar = useRoom();
  const said = answer.value;
  return (
    <section ref={bar} class="panic" aria-label="Panic" data-held={isHeld.value}>
      <Key />
      <span class="small by-key">or hold <kbd>Esc</kbd></span>
      <div class="grow">{said && <Notice {...(said.ok !== undefined && { kind: said.ok ? "good" : "bad" })} {...(said.ok !== undefined && { onDismiss: () => void (answer.value = undefined) })}>{said.words}</Notice>}</div>
    </section>
  );
}
