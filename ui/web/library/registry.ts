// The command registry: where the commands come from, and the check of a command before it is sent. An edge checks again, in the same
// way and order (bridge/src/registry); here it is so that a person hears at once what is wrong, and where.

import type { CommandInfo, ParameterSchema, Registry } from "./api.js";
import { byteLength } from "./wire.js";

/** Longest command that an edge takes, `<command>:<parameters>`, in bytes. */
const MAX_COMMAND_BYTES = 4096;
/** How long a server may take for the registry, in milliseconds. */
const LOAD_WITHIN_MS = 5_000;
const MIN_I64 = -(2n ** 63n), MAX_I64 = 2n ** 63n - 1n;

/** The colours that have a name. */
export const COLORS: Readonly<Record<string, string>> = {
  red: "ff0000", green: "00ff00", blue: "0000ff", white: "ffffff",
  yellow: "ffff00", cyan: "00ffff", magenta: "ff00ff", orange: "ff8000",
};

/** What a check comes to: the text that the device gets, or the word and the sentence for what is wrong. */
export type Checked =
  | { readonly device: string; readonly error?: undefined }
  | { readonly error: CheckError; readonly message: string };

/** What can be wrong with a command, in the server's words. */
export type CheckError = "unknown_command" | "missing_parameters" | "invalid_parameter" | "too_long";

/** Reads what `commands.json` holds. Throws an `Error` with a sentence for people. */
export function readRegistry(file: unknown): Registry {
  const commands = (file as Registry | null)?.commands;
  const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(commands)) throw new Error("it has no `commands`");
  const broken = Object.entries(commands as object).find(([, command]) => !isObject(command) ||
    [command.parameters, command.schema].some(list => list !== undefined && list !== null && !Array.isArray(list)));
  if (broken) throw new Error(`\`${broken[0]}\` in it is no command`);
  return file as Registry;
}

/** Loads the registry from the first of these URLs that has one. Rejects with a sentence for people. */
export async function loadRegistry(urls: readonly string[]): Promise<Registry> {
  const reasons = [];
  for (const url of urls) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(LOAD_WITHIN_MS) });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
      return readRegistry(await response.json());
    } catch (error) {
      reasons.push(`${url} (${(error as Error).message})`);
    }
  }
  const why = reasons.join("; ") || "nothing says where it is";
  throw new Error(`The command registry does not load: ${why}.`);
}

/** A command of the registry; names such as `constructor` are none. */
export const commandOf = (registry: Registry, name: string): CommandInfo | undefined =>
  Object.hasOwn(registry.commands, name) ? registry.commands[name] : undefined;

/** What each parameter of a command takes; one of version 1 has only a name, and is a colour if that is `color`. */
export function schemaOf(command: CommandInfo): readonly ParameterSchema[] {
  const names = command.parameters ?? [];
  const entries: readonly ParameterSchema[] = command.schema ?? names.map(() => ({}));
  return entries.map((entry, index) => {
    const name = names[index] ?? entry.name ?? `parameter ${index + 1}`;
    const type = entry.type ?? (name === "color" ? "color" : undefined);
    return { ...entry, name, ...(type && { type }) };
  });
}

/** Six lower-case hex digits for a name of any case, `#rrggbb`, `#rgb`, or one to six bare digits; `undefined` for anything else. */
export function colorDigits(text: string): string | undefined {
  const color = text.trim().toLowerCase();
  if (Object.hasOwn(COLORS, color)) return COLORS[color];
  if (/^[0-9a-f]{1,6}$/.test(color)) return color.padStart(6, "0");
  if (/^#[0-9a-f]{6}$/.test(color)) return color.slice(1);
  return /^#[0-9a-f]{3}$/.test(color) ? color.slice(1).replace(/./g, "$&$&") : undefined;
}

/** The whole part of a decimal number; `undefined` when the text is none, or counts beyond 64 bits. */
function wholePart(text: string): bigint | undefined {
  if (/e/i.test(text)) {
    // JavaScript writes very small and very large numbers so. Beyond 2^53 they are not exact, and no device counts that far.
    const number = /^[+-]?(\d+\.?\d*|\.\d+)e[+-]?\d+$/i.test(text) ? Number(text) : NaN;
    return Math.abs(number) < 9e15 ? BigInt(Math.trunc(number)) : undefined;
  }
  const [, sign, whole = "", fraction = ""] = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
  if (whole + fraction === "") return undefined;
  const number = BigInt(whole || 0) * (sign === "-" ? -1n : 1n);
  return number >= MIN_I64 && number <= MAX_I64 ? number : undefined;
}

/** An `http` or `https` URL with a host, its scheme in lower case; `undefined` when nothing could be fetched from it. */
function fetchableUrl(text: string): string | undefined {
  const [, scheme, rest = ""] = /^(https?):\/\/([^\s\p{Cc}]*)$/iu.exec(text) ?? [];
  const place = rest.replace(/[/?#].*$/s, "").replace(/^.*@/, "");
  const [, host, port] = /^(\[[^\]]+\]|[^:[]+)(?::\+?(\d+))?$/.exec(place) ?? [];
  const portFits = port === undefined || (Number(port) > 0 && Number(port) <= 65_535);
  return scheme && host && portFits ? `${scheme.toLowerCase()}://${rest}` : undefined;
}

/** The value as the device gets it; `undefined` when it does not fit. */
function deviceValue({ type, min, max, values, digits }: ParameterSchema, value: string): string | undefined {
  const text = value.trim();
  switch (type) {
    case "int":
    case "duration_ms": {
      const number = wholePart(text);
      const least = min ?? (type === "duration_ms" ? 0 : -Infinity);
      return number !== undefined && number >= least && number <= (max ?? Infinity) ? String(number) : undefined;
    }
    case "color": return colorDigits(text);
    case "enum": return values?.find(known => known.toLowerCase() === text.toLowerCase());
    case "hex": return text.length === digits && /^[0-9a-f]+$/i.test(text) ? text.toLowerCase() : undefined;
    case "url": return fetchableUrl(text);
    default: return value;
  }
}

/** What a parameter must be, to stand after "must be". */
export function mustBe({ type, min, max, values, digits }: ParameterSchema): string {
  switch (type) {
    case "int":
    case "duration_ms": {
      const unit = type === "int" ? "a whole number" : "milliseconds";
      const least = min ?? (type === "int" ? "" : 0), most = max ?? "";
      if (least === "") return most === "" ? unit : `${unit} up to ${most}`;
      return most === "" ? `${unit} from ${least} up` : `${unit} from ${least} to ${most}`;
    }
    case "color": return `a colour: ${Object.keys(COLORS).join(", ")}, #rrggbb, #rgb, or hex digits`;
    case "enum": return `one of ${values?.join(", ")}`;
    case "hex": return `${digits} hex digits`;
    case "url": return "a URL that begins with http:// or https://";
    default: return "a text";
  }
}

/** Checks a command with its parameters, as they stand on the wire: joined by colons. */
export function checkCommand(registry: Registry, name: string, parameters: string): Checked {
  const tooLong: Checked = { error: "too_long", message: `A command has at most ${MAX_COMMAND_BYTES} bytes.` };
  if (byteLength(name) + 1 + byteLength(parameters) > MAX_COMMAND_BYTES) return tooLong;
  const command = commandOf(registry, name);
  if (!command) return { error: "unknown_command", message: `There is no command "${name}".` };
  const schema = schemaOf(command);
  const given = parameters.split(":");
  const missing = schema.find((_, index) => !given[index]?.trim());
  if (missing) return { error: "missing_parameters", message: `${name} needs ${missing.name}: ${mustBe(missing)}.` };
  const texts = [];
  for (const entry of schema) {
    // A URL takes all that is left, with its colons.
    const value = entry.type === "url" ? given.splice(0).join(":") : given.shift() ?? "";
    const text = deviceValue(entry, value);
    if (text === undefined) {
      const message = `${entry.name} of ${name} is "${value}": it must be ${mustBe(entry)}.`;
      return { error: "invalid_parameter", message };
    }
    texts.push(text);
  }
  // What is left belongs to the last parameter, as far as the registry knows; a device expects one colon in any case.
  const device = [name, ...texts, ...given].join(":");
  return byteLength(device) > MAX_COMMAND_BYTES ? tooLong : { device };
}
