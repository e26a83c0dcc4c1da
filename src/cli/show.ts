// `sluice show`: describes a model file. Reads its header and vocabulary, not its weights.

import { configWith } from "../config/config-with.ts";
import { BUILTIN_MODEL } from "../config/model-settings.ts";
import { ServiceError } from "../errors.ts";
import { describeAdaptations } from "../generation/describe-adaptations.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { TemplateTraits } from "../generation/template-traits.ts";
import { formatBytes } from "../models/download.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";
import { requireGgufFile } from "./require-gguf-file.ts";

/** @throws CommandError */
export async function runShow(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<void> {
  const program = programName(env);
  const file = readFile(args, program);
  if (file === undefined) return console.log(helpText(program));
  requireGgufFile({ flag: "show", file, program });
  const { describeModel } = await import("../create-engines.ts"); // slow: --help does not wait for it
  try {
    const model = await describeModel(configWith({ model: file, gpu: "off" }), (level, message) => {
      if (level !== "info") console.error(`sluice: ${message}`);
    });
    console.log(descriptionText(model, file));
  } catch (error) {
    if (error instanceof ServiceError) throw new CommandError(error.message);
    throw error;
  }
}

/** @returns undefined for --help */
function readFile(args: readonly string[], program: string): string | undefined {
  const { values, positionals } = readWords(args, { name: "show", options: [], program });
  if (values.help) return undefined;
  const [file = BUILTIN_MODEL, ...others] = positionals;
  if (others.length === 0) return file;
  throw new CommandError(`show takes one file: ${program} show models/model.gguf`);
}

/** A table of facts, and the list of adaptations. */
export function descriptionText(model: ModelInfo, file: string): string {
  const { templateTraits: traits } = model;
  const rows = [
    ["Name", model.name ?? "not named"],
    ["File", `${file} (${formatBytes(model.modelBytes)})`],
    ["Family", model.family],
    ["Parameters", amount(model.parameters)],
    ["Quantization", model.quantization ?? "not named"],
    ["Trained context", `${model.trainedContextTokens} tokens`],
    ["Vocabulary", `${model.vocabularySize} tokens`],
    ["Fill in the middle", model.canInfill ? "yes" : "no"],
    ["Chat template", traits ? "yes" : "no: the model completes text, and cannot chat"],
    ...(traits ? chatRows(model, traits) : []),
  ];
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  return [
    ...rows.map(([name = "", value]) => `${name.padEnd(width)}  ${value}`),
    ...(traits ? ["", ...adaptationLines(traits)] : []),
  ].join("\n");
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
  return `Show what a GGUF model can do: its size, context, tool calls and reasoning, and how conversations
are adapted to its chat template. The weights are not loaded.

usage: ${program} show [FILE.gguf]

Without a file, the built-in model is shown.

Options
  --help  print this`;
}
