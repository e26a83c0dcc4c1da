// `sluice show`: describes a model file and the memory that it needs. Reads its header and vocabulary, not its weights.

import { existsSync } from "node:fs";
import path from "node:path";
import { configWith } from "../config/config-with.ts";
import { BUILTIN_MODEL, DEFAULT_MODELS_DIR } from "../config/settings/model-settings.ts";
import { ServiceError } from "../errors.ts";
import type { MemoryReport } from "../generation/memory-use.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import { describeAdaptations, type TemplateTraits } from "../generation/template-traits.ts";
import { formatBytes } from "../models/download.ts";
import { findInModelFolder, sizeOf } from "../models/model-folder.ts";
import { findShortName } from "../models/short-names.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";
import { requireGgufFile } from "./require-gguf-file.ts";
import { memoryRows, memoryTable } from "./show-memory.ts";

/** @throws CommandError */
export async function runShow(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<void> {
  const program = programName(env);
  const asked = readArguments(args, program);
  if (asked === undefined) return console.log(helpText(program));
  const { context, slots } = asked;
  const file = fileOf(asked);
  requireGgufFile({ flag: "show", file, program });
  const config = configWith({
    model: [{ path: file }],
    context,
    ...(slots !== undefined && { slots }),
  });
  const { describeModel } = await import("../create-engines.ts"); // slow: --help does not wait for it
  try {
    const described = await describeModel(
      {
        file: path.resolve(file),
        slots: config.slots,
        contextTokens: context ?? null,
        gpuLayers: null,
      },
      {
        config,
        log: (level, message) => {
          if (level !== "info") console.error(`sluice: ${message}`);
        },
        signal: new AbortController().signal,
      },
    );
    const description = { ...described, file, sizeBytes: sizeOf(file) };
    console.log(asked.json ? descriptionJson(description) : descriptionText(description));
  } catch (error) {
    if (error instanceof ServiceError) throw new CommandError(error.message);
    throw error;
  }
}

/** @returns undefined for --help */
function readArguments(args: readonly string[], program: string) {
  const { values, positionals } = readWords(args, {
    name: "show",
    options: ["context", "slots", "dir"],
    switches: ["json"],
    program,
  });
  if (values.help) return undefined;
  const [model = BUILTIN_MODEL, ...others] = positionals;
  if (others.length > 0)
    throw new CommandError(`show takes one model: ${program} show models/model.gguf`);
  return {
    model,
    dir: values.dir ?? DEFAULT_MODELS_DIR,
    context: readNumber("context", values.context),
    slots: readNumber("slots", values.slots),
    json: values.json ?? false,
  };
}

/** A name stands for a file of the folder, unless there is a file of this path. */
function fileOf({ model, dir }: { readonly model: string; readonly dir: string }): string {
  if (existsSync(model)) return model;
  const [found] = findInModelFolder(dir, model);
  const isFile = /[/\\]|\.gguf$/i.test(model);
  if (!found && (isFile || findShortName(model))) return model; // the check of the file says what is wrong
  if (!found)
    throw new CommandError(`show: there is no file ${model}, and no model of that name in ${dir}`);
  if (found.problem === null) return found.file;
  throw new CommandError(`${model} in ${dir} cannot be used: ${found.problem}`);
}

/** The setting of the same name checks its range. */
function readNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new CommandError(`--${name} is "${text}": allowed is a whole number`);
}

export type ModelDescription = {
  readonly file: string;
  /** Of all parts of the file, as `sluice list` shows it; the weights are a little smaller. */
  readonly sizeBytes: number;
  readonly model: ModelInfo;
  readonly memory: MemoryReport;
};

/** A table of facts, the memory at several sizes, and the list of adaptations. */
export function descriptionText({ file, sizeBytes, model, memory }: ModelDescription): string {
  const { templateTraits: traits } = model;
  const rows = [
    ["Name", model.name ?? "not named"],
    ["File", `${file} (${formatBytes(sizeBytes)})`],
    ["Family", model.family],
    ["Parameters", amount(model.parameters)],
    ["Quantization", model.quantization ?? "not named"],
    ["Trained context", `${model.trainedContextTokens} tokens`],
    ["Vocabulary", `${model.vocabularySize} tokens`],
    ["Fill in the middle", model.canInfill ? "yes" : "no"],
    ["Chat template", traits ? "yes" : "no: the model completes text, and cannot chat"],
    ...(traits ? chatRows(model, traits) : []),
    ...memoryRows(model, memory),
  ];
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  return [
    ...rows.map(([name = "", value]) => `${name.padEnd(width)}  ${value}`),
    "",
    ...memoryTable(memory),
    ...(traits ? ["", ...adaptationLines(traits)] : []),
  ].join("\n");
}

/** The same facts as one JSON object. */
export function descriptionJson({ file, sizeBytes, model, memory }: ModelDescription): string {
  const { templateTraits } = model;
  const { rows, ...report } = memory;
  const description = {
    file,
    size: sizeBytes,
    name: model.name,
    family: model.family,
    modelBytes: model.modelBytes,
    parameters: model.parameters,
    quantization: model.quantization,
    trainedContextTokens: model.trainedContextTokens,
    vocabularySize: model.vocabularySize,
    canInfill: model.canInfill,
    canRank: model.canRank,
    chatTemplate: model.chatTemplate,
    templateTraits,
    toolFormat: model.toolFormat,
    reasoningFormat: model.reasoningFormat,
    canSwitchReasoning: model.canSwitchReasoning,
    adaptations: templateTraits ? describeAdaptations(templateTraits) : [],
    memory: {
      contextTokens: model.contextTokens,
      slots: model.slots,
      total: model.memory,
      ...report,
      table: rows,
    },
  };
  return JSON.stringify(description, null, 2);
}

const SYSTEM_MESSAGES = {
  all: "shown wherever they stand",
  first: "only the first message can be one",
  none: "none: the template has no system role",
} as const;

function chatRows(model: ModelInfo, traits: TemplateTraits): string[][] {
  const describer = traits.describesTools ? "the template" : "a system message of Sluice";
  const switched = model.canSwitchReasoning
    ? "a request can switch it"
    : "a request cannot switch it";
  return [
    ["System messages", SYSTEM_MESSAGES[traits.system]],
    ["Tools", `described by ${describer}`],
    ["Tool call format", model.toolFormat ?? "none"],
    [
      "Reasoning",
      model.reasoningFormat === null ? "none" : `format ${model.reasoningFormat}; ${switched}`,
    ],
    ["Earlier reasoning", traits.showsEarlierReasoning ? "shown" : "left out by the template"],
  ];
}

function adaptationLines(traits: TemplateTraits): readonly string[] {
  const adaptations = describeAdaptations(traits);
  if (adaptations.length === 0) return ["The template takes all conversations as they are."];
  return [
    "To show a conversation in full, Sluice adapts it to the template:",
    ...adaptations.map((each) => `- ${each}`),
  ];
}

/** A number of parameters as models are named, e.g. 1.7 B. */
function amount(parameters: number): string {
  if (parameters < 1e6) return String(parameters);
  return parameters < 1e9
    ? `${(parameters / 1e6).toFixed(1)} M`
    : `${(parameters / 1e9).toFixed(1)} B`;
}

function helpText(program: string): string {
  return `Show what a GGUF model can do: its size, context, tool calls and reasoning, and how
conversations are adapted to its chat template. The weights are not loaded.

usage: ${program} show [NAME | FILE.gguf] [options]

NAME is that of a model in the models folder, as \`${program} list\` shows it. Without a name or a
file, the built-in model is shown. A model in several files is given by its first file. The memory
is that of the weights, the context and the process, on the device that the server would use.

Options
  --context N   tokens of one slot
                (default: as many as fit here, up to what the model was trained for)
  --slots N     requests that generate at the same time (default 4)
  --dir FOLDER  the folder of the models (default: ${DEFAULT_MODELS_DIR})
  --json        print one JSON object
  --help        print this`;
}
