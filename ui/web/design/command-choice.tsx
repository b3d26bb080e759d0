// The choice of a command and its parameters, from the registry; without one a whole command can be typed. What was typed stays.

import { computed, type Signal, signal } from "@preact/signals";
import type { CommandInfo } from "../library/api";
import { schemaOf } from "../library/registry";
import type { Watching } from "../store/watching";
import { CommandFields, type Mistakes, mistakesIn, textOf, type Typed } from "./command-form";
import { Button, Field, Notice } from "./parts";
import { remembered, rememberedText } from "./remembered";

function readTyped(text: string): Typed | undefined {
  try {
    const typed = JSON.parse(text) as unknown;
    const isTyped = typeof typed === "object" && typed !== null && Object.values(typed).every(value => typeof value === "string");
    return isTyped ? (typed as Typed) : undefined;
  } catch {
    return undefined;
  }
}

/** A command as it is chosen and typed, for one form. */
export class CommandDraft {
  readonly watching: Watching;
  readonly command: Signal<string>;
  readonly typed: Signal<Typed>;
  /** For when there is no registry: a whole command as text. */
  readonly raw: Signal<string>;
  /** Whether somebody tried to send what is in the form now: before that nothing is called wrong. */
  readonly wasTried = signal(false);

  /** With a `name` it is still there after a reload. */
  constructor(watching: Watching, name?: string) {
    this.watching = watching;
    const text = (part: string, initial: string) => (name === undefined ? signal(initial) : rememberedText(`${name}.${part}`, initial));
    this.command = text("command", "led");
    this.raw = text("raw", "led:ff8000");
    this.typed = name === undefined ? signal<Typed>({})
      : remembered<Typed>(`${name}.typed`, {}, readTyped, typed => (Object.keys(typed).length === 0 ? undefined : JSON.stringify(typed)));
  }

  /** The command of the registry; `undefined` while there is no registry. */
  readonly chosen = computed(() => {
    const registry = this.watching.registry.value;
    const names = Object.keys(registry?.commands ?? {});
    const name = names.includes(this.command.value) ? this.command.value : names[0];
    const info: CommandInfo | undefined = name === undefined ? undefined : registry?.commands[name];
    return name === undefined || info === undefined ? undefined : { name, info, schema: schemaOf(info) };
  });

  /** What is wrong with the parameters, or with the text while there is no registry. */
  readonly mistakes = computed<Mistakes>(() => {
    const now = this.chosen.value;
    if (now) return mistakesIn(this.typed.value, now.name, now.schema);
    return /^[^\s:]+(:|$)/.test(this.raw.value.trim()) ? {} : { raw: "It must be a command, such as led:ff8000." };
  });

  /** The command as it is in the form now. */
  get words(): { readonly command: string; readonly parameters: readonly string[] } {
    const now = this.chosen.peek();
    if (now) return { command: now.name, parameters: now.schema.map(entry => textOf(this.typed.peek(), now.name, entry).trim()) };
    const [command = "", ...parameters] = this.raw.peek().trim().split(":");
    return { command, parameters };
  }

  /** Marks what is wrong in a form, and puts the keys there; `true` when nothing is. */
  check(form: HTMLFormElement, isElseRight: boolean): boolean {
    const isRight = isElseRight && Object.keys(this.mistakes.peek()).length === 0;
    this.wasTried.value = !isRight;
    // Once it is marked.
    if (!isRight) requestAnimationFrame(() => form.querySelector<HTMLElement>("[aria-invalid]")?.focus());
    return isRight;
  }
}

/** Its fields. */
export function CommandChoice({ draft }: { draft: CommandDraft }) {
  const { watching } = draft;
  const now = draft.chosen.value;
  const problem = watching.registryProblem.value;
  const names = Object.keys(watching.registry.value?.commands ?? {});
  const wrong: Mistakes = draft.wasTried.value ? draft.mistakes.value : {};
  return (
    <>
      {problem && (
        <Notice kind="warn">
          <div class="stack tight">
            <p>{problem} {now ? "The commands of before go on." : "Until it does, a command can be typed."}</p>
            <div><Button onClick={() => void watching.loadRegistry()}>Try again</Button></div>
          </div>
        </Notice>
      )}
      {now ? (
        <>
          <Field label="Command" hint={now.info.description}>
            {field => (
              <select {...field} class="input mono" value={now.name} onInput={event => {
                draft.command.value = event.currentTarget.value;
                draft.wasTried.value = false;
              }}>
                {names.map(name => <option key={name} value={name}>{name}</option>)}
              </select>
            )}
          </Field>
          <CommandFields command={now.name} schema={now.schema} typed={draft.typed.value} onType={next => (draft.typed.value = next)} mistakes={wrong} />
        </>
      ) : (
        <Field label="Command" hint="As devices get it, such as led:ff8000" wrong={wrong["raw"]}>
          {field => <input {...field} class="input mono" autocomplete="off" spellcheck={false} value={draft.raw.value} onInput={event => (draft.raw.value = event.currentTarget.value)} />}
        </Field>
      )}
    </>
  );
}
