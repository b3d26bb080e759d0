// A form for the parameters of a command, built from what the registry says of them. What was typed stays with the parameter's name when the
// command or the registry is another one.

import type { ParameterSchema } from "../library/api";
import { checkCommand, COLORS, colorDigits, mustBe } from "../library/registry";
import { Field, type FieldProps } from "./parts";

/** What was typed so far, by `command.parameter`. */
export type Typed = Readonly<Record<string, string>>;

/** The text of a parameter: what was typed, or its default. */
export const textOf = (typed: Typed, command: string, entry: ParameterSchema): string =>
  typed[`${command}.${entry.name}`] ?? String(entry.default ?? (entry.type === "enum" ? (entry.values?.[0] ?? "") : ""));

/** What is wrong with what was typed, by the name of the parameter: a sentence for each. */
export type Mistakes = Readonly<Record<string, string>>;

/** Looks at each parameter by itself, so that each mistake stands at its field. */
export function mistakesIn(typed: Typed, command: string, schema: readonly ParameterSchema[]): Mistakes {
  const mistakes: Record<string, string> = {};
  for (const [index, entry] of schema.entries()) {
    const { name = "" } = entry;
    const text = textOf(typed, command, entry).trim();
    // What follows a colon would be the next parameter; only the last may have some, and a URL.
    const isSplit = text.includes(":") && entry.type !== "url" && (entry.type !== undefined || index < schema.length - 1);
    const alone = { commands: { [command]: { parameters: [name], schema: [entry] } } };
    if (text === "") mistakes[name] = `It is missing: it must be ${mustBe(entry)}.`;
    else if (isSplit && entry.type === undefined) mistakes[name] = "There must be no colon in it.";
    else if (isSplit || checkCommand(alone, command, text).error) mistakes[name] = `It must be ${mustBe(entry)}.`;
  }
  return mistakes;
}

/** Ranges wider than this are no help as a slider. */
const SLIDER_MOST = 10_000;

/** `pattern_name` as people write it. */
const words = (name: string): string => name.replace(/[_-]+/g, " ").replace(/^./, first => first.toUpperCase());

function ColorControl({ field, text, set }: { field: FieldProps; text: string; set: (text: string) => void }) {
  const digits = colorDigits(text);
  return (
    <div class="stack tight">
      <div class="row">
        <input type="color" class="input" aria-label="Pick a colour" value={`#${digits ?? "000000"}`} onInput={event => set(event.currentTarget.value.slice(1))} />
        <input {...field} class="input mono grow" value={text} autocomplete="off" spellcheck={false} onInput={event => set(event.currentTarget.value)} />
      </div>
      <div class="row swatches" role="group" aria-label="Colours by name">
        {Object.entries(COLORS).map(([name, hex]) => (
          <button key={name} type="button" class="swatch" style={{ background: `#${hex}` }} aria-label={name} title={name} aria-pressed={digits === hex} onClick={() => set(name)} />
        ))}
      </div>
    </div>
  );
}

function NumberControl({ entry, field, text, set }: { entry: ParameterSchema; field: FieldProps; text: string; set: (text: string) => void }) {
  const { min, max } = entry;
  const slides = min !== undefined && max !== undefined && max - min <= SLIDER_MOST;
  return (
    <div class="row">
      {slides && (
        <input type="range" class="grow" min={min} max={max} value={text} aria-label={`${words(entry.name ?? "value")}, slider`} onInput={event => set(event.currentTarget.value)} />
      )}
      {/* A text, so that what is no number stays there to be mended. */}
      <input {...field} class={`input mono ${slides ? "number" : "grow"}`} inputMode="decimal" autocomplete="off" value={text} onInput={event => set(event.currentTarget.value)} />
      {entry.unit && <span class="quiet">{entry.unit}</span>}
    </div>
  );
}

function Control({ entry, field, text, set }: { entry: ParameterSchema; field: FieldProps; text: string; set: (text: string) => void }) {
  switch (entry.type) {
    case "color": return <ColorControl field={field} text={text} set={set} />;
    case "int":
    case "duration_ms": return <NumberControl entry={entry} field={field} text={text} set={set} />;
    case "enum":
      return (
        <select {...field} class="input" value={text} onInput={event => set(event.currentTarget.value)}>
          {(entry.values ?? []).map(value => <option key={value} value={value}>{value}</option>)}
        </select>
      );
    default:
      return (
        <input {...field} class="input mono" autocomplete="off" spellcheck={false} value={text} inputMode={entry.type === "url" ? "url" : "text"}
          onInput={event => set(event.currentTarget.value)} />
      );
  }
}

/** The fields of a command, each with what is wrong with it. */
export function CommandFields(props: {
  command: string;
  schema: readonly ParameterSchema[];
  typed: Typed;
  onType: (typed: Typed) => void;
  mistakes: Mistakes;
}) {
  return (
    <>
      {props.schema.map(entry => {
        const name = entry.name ?? "";
        return (
          <Field
            key={`${props.command}.${name}`}
            label={words(name)}
            hint={entry.type === "enum" || entry.type === "color" ? undefined : mustBe(entry).replace(/^./, first => first.toUpperCase())}
            wrong={props.mistakes[name]}
          >
            {field => (
              <Control entry={entry} field={field} text={textOf(props.typed, props.command, entry)}
                set={text => props.onType({ ...props.typed, [`${props.command}.${name}`]: text })} />
            )}
          </Field>
        );
      })}
    </>
  );
}
