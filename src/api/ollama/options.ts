// `options` of Ollama's requests: how the next token is chosen, and what the model was loaded with.
// https://docs.ollama.com/modelfile#parameter , api/types.go in https://github.com/ollama/ollama

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import { type AskedRequest, type SamplingParams, SEEDS } from "../../generation/request.ts";
import type { ParseContext } from "../dialect.ts";
import { withoutEffect } from "../shared/contract.ts";
import { defaulted, sharedFields } from "../shared/fields.ts";
import type { Unsupported } from "../shared/parse-body.ts";

/** Where the model is computed, and how: the same answer whatever they say. */
const loadOptions = {
  num_batch: withoutEffect(z.number().nullish()),
  num_gpu: withoutEffect(z.number().nullish()),
  main_gpu: withoutEffect(z.number().nullish()),
  num_thread: withoutEffect(z.number().nullish()),
  numa: withoutEffect(z.boolean().nullish()),
  low_vram: withoutEffect(z.boolean().nullish()),
  f16_kv: withoutEffect(z.boolean().nullish()),
  use_mmap: withoutEffect(z.boolean().nullish()),
  use_mlock: withoutEffect(z.boolean().nullish()),
  logits_all: withoutEffect(z.boolean().nullish()),
};

/** Each says something only together with an option that is refused, or with a context that is cut. */
const dependentOptions = {
  mirostat_tau: withoutEffect(z.number().nullish()),
  mirostat_eta: withoutEffect(z.number().nullish()),
  num_keep: withoutEffect(z.int().nullish()),
};

const fields = z.looseObject({
  temperature: defaulted(z.number().min(0).max(2), 0.8),
  top_k: defaulted(z.int().min(0).max(1_000_000), 40),
  top_p: defaulted(z.number().min(0).max(1), 0.9),
  min_p: defaulted(z.number().min(0).max(1), 0),
  repeat_penalty: defaulted(z.number().positive().max(10), 1.1),
  presence_penalty: defaulted(z.number().min(-2).max(2), 0),
  frequency_penalty: defaulted(z.number().min(-2).max(2), 0),
  seed: sharedFields.seed,
  num_predict: z.int().min(-2).nullish(),
  stop: sharedFields.stop,
  num_ctx: withoutEffect(z.int().min(0).nullish()),
  ...loadOptions,
  ...dependentOptions,
});

export const options = defaulted(fields, fields.parse({}));

type Options = z.output<typeof options>;

export const UNSUPPORTED_OPTIONS: Unsupported = {
  "options.mirostat": [0],
  "options.repeat_last_n": [64, 256],
  "options.typical_p": [1],
  "options.tfs_z": [1],
  "options.penalize_newline": [true],
  "options.vocab_only": [false],
  "options.embedding_only": [false],
};

type Sampled = Pick<AskedRequest, "stop" | "maxTokens"> & { readonly sampling: SamplingParams };

/** @throws ServiceError 400 for more context than there is */
export function readOptions(given: Options, context: ParseContext): Sampled {
  refuseLargerContext(given, context);
  return {
    sampling: {
      temperature: given.temperature,
      topK: given.top_k,
      topP: given.top_p,
      minP: given.min_p,
      seed: seedOf(given, context),
      presencePenalty: given.presence_penalty,
      frequencyPenalty: given.frequency_penalty,
      repeatPenalty: given.repeat_penalty,
      logitBias: [],
    },
    stop: given.stop ?? [],
    maxTokens: maxTokensOf(given, context),
  };
}

/** A smaller one cuts nothing here: the prompt is read whole, or refused. */
function refuseLargerContext({ num_ctx }: Pick<Options, "num_ctx">, context: ContextSize) {
  const { contextTokens = null } = context;
  if (contextTokens === null || (num_ctx ?? 0) <= contextTokens) return;
  const param = "options.num_ctx";
  throw new ServiceError(
    "invalid_value",
    `${param} is ${num_ctx}, but a request has ${contextTokens} tokens of context here (--context)`,
    { param },
  );
}

type ContextSize = Pick<ParseContext, "contextTokens">;

/** 0, -1 and -2 are all no limit to Ollama. */
function maxTokensOf({ num_predict }: Options, context: ParseContext): number | null {
  if (num_predict === null || num_predict === undefined) return context.defaultMaxTokens;
  return num_predict > 0 ? num_predict : null;
}

function seedOf({ seed }: Options, { randomSeed }: ParseContext): number {
  if (seed === null || seed === undefined || seed === -1) return randomSeed();
  return ((seed % SEEDS) + SEEDS) % SEEDS;
}
