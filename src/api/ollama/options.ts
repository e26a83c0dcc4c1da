// `options` of Ollama's requests → sampling and limits. Options for loading the model have no effect.
// https://docs.ollama.com/modelfile#parameter , api/types.go in https://github.com/ollama/ollama

import { z } from "zod";
import type { AskedRequest } from "../../generation/request.ts";
import type { ParseContext } from "../dialect.ts";
import * as field from "../shared/field-types.ts";
import { readSampling, sharedFields } from "../shared/fields.ts";
import type { Unsupported } from "../shared/parse-body.ts";

const BY_SERVER = "Ignored: the server's own settings decide.";
const loadNumber = field.withoutEffect(z.number(), BY_SERVER);
const loadSwitch = field.withoutEffect(z.boolean(), BY_SERVER);

/** Options for where and how the model is computed. They never change the answer. */
const loadOptions = {
  num_batch: loadNumber,
  num_gpu: loadNumber,
  main_gpu: loadNumber,
  num_thread: loadNumber,
  numa: loadSwitch,
  low_vram: loadSwitch,
  f16_kv: loadSwitch,
  use_mmap: loadSwitch,
  use_mlock: loadSwitch,
  logits_all: loadSwitch,
};

/** These only matter together with an option that is refused, or with a context that is cut, which does not happen here. */
const dependentOptions = {
  mirostat_tau: field.withoutEffect(z.number(), "Ignored: mirostat is off."),
  mirostat_eta: field.withoutEffect(z.number(), "Ignored: mirostat is off."),
  num_keep: field.withoutEffect(z.number(), "Ignored: a full context ends the answer."),
};

const TOP_K = "Samples from this many of the likeliest tokens; 0 and below switch it off.";
const LAST_TOKENS =
  "The penalties apply to this many of the answer's last tokens; -1 means all of them.";

/** Ollama cuts off the fraction of a number that should be whole. */
function whole<T extends z.ZodType<unknown, number>>(schema: T) {
  return z.number().transform(Math.trunc).pipe(schema).meta({ type: "integer" });
}

/** Ollama takes any number. One beyond a limit does what the limit does. */
function atMost(min: number, max: number, { description = "" }: z.ZodType) {
  return z
    .number()
    .transform((given) => Math.min(max, Math.max(min, given)))
    .describe(description);
}

const { sampler } = field;

const fields = z.looseObject({
  temperature: field.defaulted(atMost(0, 100, sampler.temperature(2)), 0.8),
  top_k: field.defaulted(whole(z.int().max(field.MAX_TOP_K)), 40).describe(TOP_K),
  top_p: field.defaulted(atMost(0, 1, sampler.topP), 0.9),
  min_p: field.defaulted(atMost(0, 1, sampler.minP), 0),
  repeat_penalty: field.defaulted(sampler.repeatPenalty, 1.1),
  presence_penalty: field.defaulted(atMost(-100, 100, sampler.presencePenalty), 0),
  frequency_penalty: field.defaulted(atMost(-100, 100, sampler.frequencyPenalty), 0),
  repeat_last_n: field.defaulted(whole(z.int().min(-1)), 64).describe(LAST_TOKENS),
  seed: field.optional(
    whole(z.int()),
    "The same seed gives the same tokens; -1 or no value picks a random seed.",
  ),
  num_predict: field.optional(
    whole(z.int().min(-2)),
    "Maximum number of tokens to generate; 0, -1 and -2 mean no limit.",
  ),
  stop: sharedFields.stop,
  num_ctx: field.withoutEffect(
    whole(z.int()),
    "Ignored: the context is the server's (--context). Named in x-ignored-params if it is larger.",
  ),
  ...loadOptions,
  ...dependentOptions,
});

export const options = field
  .defaulted(fields, fields.parse({}))
  .describe("Sampling options, and Ollama's options for loading the model.");

type Options = z.output<typeof options>;

export const OPTION_WISHES: Unsupported = {
  "options.mirostat": [0],
  "options.typical_p": [1],
  "options.tfs_z": [1],
  "options.penalize_newline": [true],
  "options.vocab_only": [false],
  "options.embedding_only": [false],
};

export function readOptions(
  given: Options,
  context: ParseContext,
): Pick<AskedRequest, "sampling" | "stop" | "maxTokens"> {
  return {
    sampling: readSampling(given, context),
    stop: given.stop ?? [],
    maxTokens: maxTokensOf(given, context),
  };
}

/** In Ollama's API, 0, -1 and -2 all mean no limit. */
function maxTokensOf({ num_predict }: Options, context: ParseContext): number | null {
  if (num_predict === null || num_predict === undefined) return context.defaultMaxTokens;
  return num_predict > 0 ? num_predict : null;
}
