// One model as the operator configured it: `NAME=PATH,context=8192,pin`, or an object of the configuration file or of a
// program that embeds the service → ModelEntry. Pure. Used by model-settings.ts and config-file.ts.

import { z } from "zod";
import { suggestionFor } from "../closest-name.ts";
import { ConfigError } from "./config-error.ts";

/** A model as a program that embeds the service gives it: the text of --model, or an object. */
export type ModelSetting = string | (Pick<ModelEntry, "path"> & Partial<ModelEntry>);

export type ModelEntry = {
  /** The name that clients use; null for the file's name. */
  readonly name: string | null;
  /** As given: relative to the working directory. A path in the configuration file is made absolute. */
  readonly path: string;
  /** Further names that clients may use. */
  readonly aliases: readonly string[];
  /** Tokens of one slot; null for --context, and without that what fits. */
  readonly context: number | null;
  /** null for --slots */
  readonly slots: number | null;
  /** null for --gpu-layers */
  readonly gpuLayers: number | null;
  /** Whether it is never unloaded. */
  readonly isPinned: boolean;
  /** Whether it is loaded at the start. */
  readonly isPreloaded: boolean;
};

/** The ranges of settings that a model may have of its own. */
export const MODEL_RANGES = {
  context: { min: 16, max: 16_777_216 },
  slots: { min: 1, max: 256 },
  gpuLayers: { min: 0, max: 10_000 },
} as const;

const modelName = z.string().regex(/^(?!\*$)[^\s,=\p{C}]{1,100}$/u);

/** An object of `models` in the configuration file. After --model, the same options follow the path. */
export const modelOptions = z.strictObject({
  path: z.string().min(1).describe("the GGUF file, relative to the folder of this file"),
  name: modelName.optional().describe("the name that clients use (default: the file's name)"),
  alias: z
    .union([modelName, z.array(modelName)])
    .optional()
    .describe("further names that clients may use"),
  context: integerIn(MODEL_RANGES.context).describe(
    "tokens of one slot, for prompt and answer together (default: the setting context)",
  ),
  slots: integerIn(MODEL_RANGES.slots).describe(
    "requests that generate at the same time (default: the setting slots)",
  ),
  "gpu-layers": integerIn(MODEL_RANGES.gpuLayers).describe(
    "layers to put on the GPU (default: the setting gpu-layers)",
  ),
  pin: z.boolean().optional().describe("never unload this model (default: false)"),
  preload: z.boolean().optional().describe("load this model at the start (default: false)"),
});

type ModelOption = keyof typeof modelOptions.shape;

const ALLOWED: Readonly<Record<ModelOption, string>> = {
  path: "a path to a .gguf file",
  name: "1 to 100 printable characters without spaces, commas and =, but not *",
  alias: "1 to 100 printable characters without spaces, commas and =, but not *",
  context: `an integer from ${MODEL_RANGES.context.min} to ${MODEL_RANGES.context.max}`,
  slots: `an integer from ${MODEL_RANGES.slots.min} to ${MODEL_RANGES.slots.max}`,
  "gpu-layers": `an integer from ${MODEL_RANGES.gpuLayers.min} to ${MODEL_RANGES.gpuLayers.max}`,
  pin: "true or false",
  preload: "true or false",
};

const FIELDS: Readonly<Record<ModelOption, keyof ModelEntry>> = {
  path: "path",
  name: "name",
  alias: "aliases",
  context: "context",
  slots: "slots",
  "gpu-layers": "gpuLayers",
  pin: "isPinned",
  preload: "isPreloaded",
};

/** `PATH` or `NAME=PATH`, and options after commas. A path with a comma or = is possible in an object only. @throws ConfigError */
export function entryFromText(text: string): ModelEntry {
  const [first = "", ...rest] = text.split(",").map((part) => part.trim());
  const [start, end] = splitAtEquals(first);
  const options = end === undefined ? { path: start } : { name: start, path: end };
  return entryFromOptions({ ...options, ...optionsFrom(rest) });
}

/** The options under their names, with values as they are written in a file. @throws ConfigError */
export function entryFromOptions(options: Readonly<Record<string, unknown>>): ModelEntry {
  const given = Object.entries(options).filter(([, value]) => value !== null);
  const typed = given.map(([option, value]) => [option, typedValue(option, value)]);
  return checkedEntry(Object.fromEntries(typed), (option) => option);
}

/** A value of a program that embeds the service, with the fields of ModelEntry or some of them. @throws ConfigError */
export function entryFromFields(fields: Readonly<Record<string, unknown>>): ModelEntry {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  const options = given.map(([field, value]) => [optionOf(field), value]);
  return checkedEntry(Object.fromEntries(options), fieldOf);
}

function fieldOf(option: ModelOption): keyof ModelEntry {
  return FIELDS[option];
}

function optionOf(field: string): ModelOption {
  const options = Object.keys(FIELDS) as ModelOption[];
  const found = options.find((option) => FIELDS[option] === field);
  return found ?? refuseUnknown(field, Object.values(FIELDS));
}

function integerIn({ min, max }: { readonly min: number; readonly max: number }) {
  return z.int().min(min).max(max).optional();
}

function splitAtEquals(text: string): [start: string, end?: string] {
  const at = text.indexOf("=");
  return at < 0 ? [text] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function optionsFrom(parts: readonly string[]): Readonly<Record<string, string | string[]>> {
  const options: Record<string, string | string[]> = {};
  const aliases: string[] = [];
  for (const part of parts) {
    const [option, value] = splitAtEquals(part);
    const isSwitch = option === "pin" || option === "preload";
    if (option === "path" || option === "name" || !Object.hasOwn(ALLOWED, option))
      refuseUnknown(option, TEXT_OPTIONS);
    if (Object.hasOwn(options, option)) throw new ConfigError(`${option} is given twice`);
    if (option === "alias") aliases.push(value ?? "");
    else options[option] = value ?? (isSwitch ? "on" : "");
  }
  return { ...options, alias: aliases };
}

/** The options that may follow a path after --model, where the name comes first. */
const TEXT_OPTIONS = Object.keys(ALLOWED).filter((option) => !/^(path|name)$/.test(option));

/** A text that cannot be read as the option's type stays as it is, and is refused. */
function typedValue(option: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  switch (option) {
    case "context":
    case "slots":
    case "gpu-layers":
      return /^\d+$/.test(value) ? Number(value) : value;
    case "pin":
    case "preload":
      return z.stringbool().safeParse(value).data ?? value;
    default:
      return value;
  }
}

/** @param nameOf how an error names an option */
function checkedEntry(
  given: Readonly<Record<string, unknown>>,
  nameOf: (option: ModelOption) => string,
): ModelEntry {
  const { data, error } = modelOptions.safeParse(given);
  if (error) throw new ConfigError(problemOf(error, given, nameOf));
  return {
    name: data.name ?? null,
    path: data.path,
    aliases: [...new Set([data.alias ?? []].flat())].filter((alias) => alias !== data.name),
    context: data.context ?? null,
    slots: data.slots ?? null,
    gpuLayers: data["gpu-layers"] ?? null,
    isPinned: data.pin ?? false,
    isPreloaded: data.preload ?? false,
  };
}

function problemOf(
  { issues: [issue] }: z.ZodError,
  given: Readonly<Record<string, unknown>>,
  nameOf: (option: ModelOption) => string,
): string {
  if (issue?.code === "unrecognized_keys") refuseUnknown(issue.keys[0] ?? "", Object.keys(ALLOWED));
  const option = issue?.path[0] as ModelOption; // every other issue is with the value of one option
  if (option === "path")
    return given.path === undefined ? "it lacks a path" : `allowed is ${ALLOWED.path}`;
  return `${nameOf(option)} must be ${ALLOWED[option]}, not ${JSON.stringify(given[option])}`;
}

function refuseUnknown(option: string, known: readonly string[]): never {
  throw new ConfigError(
    `unknown option ${JSON.stringify(option)}${suggestionFor(option, known)}; allowed are ${known.join(", ")}`,
  );
}
