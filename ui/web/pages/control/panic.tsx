// The panic key: everything in the space dark, at once, whatever is under way. By a button that is always in view, and by a key that is found
// blind and not hit by accident: Escape, held.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button, Notice } from "../../design/parts";
import { acts, told } from "./acts";
import { picked, swarm, watching } from "./state";

/** How long the key is held, in milliseconds. */
const HOLD_MS = 500;
/** After what was under way, the dark is sent once more when the edge has surely noticed that it was stopped, in milliseconds. */
const ONCE_MORE_MS = 300;

const answer = signal<{ readonly ok: boolean; readonly words: string } | undefined>(undefined);
const isHeld = signal(false);

/** Over the connection that is there: no new one has to be made, and nothing waits in front of it. Both at once: who misses one has the other. */
const darken = () => Promise.all([watching.send("all", "led_all_off", []), watching.send("all", "pattern", ["off"])]);

export async function panic(): Promise<void> {
  const wasBusy = acts.log.peek().some(({ ok }) => ok === undefined);
  acts.stop();
  const ids = swarm.ids.peek();
  if (wasBusy) setTimeout(() => void darken(), ONCE_MORE_MS);
  const [off, dark] = await darken();
  const ok = off.ok || dark.ok;
  if (ok) told.take(ids, "led_all_off", []);
  const count = Math.max(off.count, dark.count);
  const words = !ok ? `Not dark: ${off.message}` : count === 0 ? "There is no device in this space." : `Dark: ${count} ${count === 1 ? "device" : "devices"}.`;
  answer.value = { ok, words };
}

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
      if (event.key !== "Escape" || event.repeat || timer !== undefined) return;
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

/** The button, also for windows that hide the page. */
export const AllDark = () => <Button class="all-dark" onClick={() => void panic()}>All dark</Button>;

/** The bar that stays in view, with what came of it. */
export function Panic() {
  useKey();
  const said = answer.value;
  return (
    <section class="panic" aria-label="Panic" data-held={isHeld.value}>
      <AllDark />
      <span class="small by-key">or hold <kbd>Esc</kbd></span>
      <div class="grow">{said && <Notice kind={said.ok ? "good" : "bad"} onDismiss={() => (answer.value = undefined)}>{said.words}</Notice>}</div>
    </section>
  );
}
