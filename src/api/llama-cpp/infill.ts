// The dialect of POST /infill, which fills in the text between two texts, in the form of llama.cpp's server.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import { z } from "zod";
import type { Choice } from "../../generation/choice.ts";
import type { Delta, Ending, Receipt } from "../../generation/events.ts";
import type { AskedRequest } from "../../generation/request.ts";
import type { PrefillStatus } from "../../generation/wait-status.ts";
import type { AnswerEncoder, AnswerIdentity, Dialect, Frame, ParseContext } from "../dialect.ts";
import { openaiErrors } from "../openai/encoder.ts";
import { policyWith } from "../shared/field-policy.ts";
import * as field from "../shared/field-types.ts";
import { eitherOf, requestsOf, sharedFields } from "../shared/fields.ts";
import { jsonFrame, rounded } from "../shared/frames.ts";
import { parseBody, valueAt } from "../shared/parse-body.ts";
import { formatOf } from "../shared/schema-grammar.ts";
import {
  type InfillAnswer,
  type InfillFrame,
  type InfillTimings,
  infillAnswer,
  infillFrame,
  LLAMA_CPP,
  pickedFields,
  type Settings,
} from "./answers.ts";

const SHARED = policyWith({
  wishes: {
    n_cache_reuse: [0],
    min_keep: [0],
    timings_per_token: [false],
    // Editors send these two with every request.
    t_max_prompt_ms: [],
    n_indent: [],
  },
});
const { response_fields: _supported, ...unsupported } = SHARED.unsupported;
const POLICY = { ...SHARED, unsupported: { ...unsupported, n: [1], n_cmpl: [1] } };

const { n: _one, stream_options: _none, ...ownFields } = sharedFields;

const schema = z.object({
  ...ownFields,
  input_prefix: z.string().describe("The text before the gap."),
  input_suffix: z.string().describe("The text after the gap."),
  input_extra: field.optional(
    z.array(
      z.object({
        text: z.string().describe("Contents of the file."),
        filename: field.text("Name of the file."),
      }),
      { error: "must be a list of {filename: string, text: string}" },
    ),
    "Other files, placed before the prefix.",
  ),
  prompt: field.text("Text that follows the prefix."),
  n_predict: sharedFields.max_tokens.describe("llama.cpp's name of max_tokens."),
  response_fields: field.optional(
    z.array(z.string()).max(100),
    "Paths of the fields to return, e.g. timings/prompt_n.",
  ),
});

type Fields = z.output<typeof schema>;

export const nativeInfill: Dialect = {
  path: "/infill",

  contract: {
    name: "Infill",
    tag: LLAMA_CPP,
    summary: "Fills in the text between two texts",
    body: schema,
    ...POLICY,
    example: { input_prefix: "def add(a, b):\n    return ", input_suffix: "\n", n_predict: 8 },
    answer: z.union([infillAnswer, pickedFields]),
    event: z.union([infillFrame, infillAnswer, pickedFields]),
    codes: ["unsupported_schema", "context_length_exceeded"],
  },

  parse(body, context) {
    const { fields, ignoredParams } = parseBody(schema, body, POLICY);
    const parsed = requestsOf(
      { ...fields, n: 1, stream_options: null },
      {
        prompts: [{ type: "infill", prefix: textBefore(fields), suffix: fields.input_suffix }],
        format: formatOf(fields),
        maxTokens: eitherOf(fields, "n_predict", "max_tokens"),
        logprobs: null,
        echoesPrompt: false,
      },
      context,
    );
    const [request] = parsed.requests;
    if (!request) throw new Error("one prompt is one request");
    return {
      ...parsed,
      ignoredParams,
      encoder: (identity) => new InfillEncoder(identity, request, fields.response_fields ?? []),
    };
  },

  encodeError: openaiErrors({
    prompt: "input_prefix",
    suffix: "input_suffix",
    logitBias: "logit_bias",
  }),
};

/** Settings of a request that sets none, for GET /props. */
export function defaultSettings(context: Omit<ParseContext, "randomSeed">): Settings {
  const body = { input_prefix: "", input_suffix: "" };
  const [request] = nativeInfill.parse(body, { ...context, randomSeed: () => 0 }).requests;
  if (!request) throw new Error("one prompt is one request");
  return { ...encodeSettings(request), seed: -1 };
}

/** A request's settings under llama.cpp's names. */
function encodeSettings(request: AskedRequest): Settings {
  const { sampling } = request;
  return {
    seed: sampling.seed,
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    repeat_penalty: sampling.repeatPenalty,
    logit_bias: sampling.logitBias.map(([token, bias]) => ({ token, bias })),
    stop: request.stop,
    n_predict: request.maxTokens ?? -1,
    min_tokens: request.minTokens,
    ignore_eos: request.ignoreEos,
    cache_prompt: request.reusePrefix,
  };
}

/** Puts other files before the prefix, each after a separator line, as llama.cpp's server does without file tokens. */
function textBefore({ input_extra, input_prefix, prompt }: Fields): string {
  const extra = (input_extra ?? []).map(
    ({ filename, text }) => `${separator(filename || "snippet")}${text}`,
  );
  if (extra.length > 0) extra.push(separator("snippet"));
  return `${extra.join("")}${input_prefix}${prompt ?? ""}`;
}

function separator(name: string): string {
  return `\n\n--- ${name} ---\n\n`;
}

/** `stop_type` of an answer that no stop string ended. */
const STOP_TYPES = { stop: "eos", "tool-calls": "eos", length: "limit" } as const;

class InfillEncoder implements AnswerEncoder {
  readonly #model: string;
  readonly #request: AskedRequest;
  /** Paths of the fields to return, e.g. `timings/prompt_n`; empty returns all. */
  readonly #paths: readonly string[];

  constructor({ model }: AnswerIdentity, request: AskedRequest, paths: readonly string[]) {
    this.#model = model;
    this.#request = request;
    this.#paths = paths;
  }

  delta(_index: number, { text }: Delta): readonly Frame[] {
    return [jsonFrame({ index: 0, content: text, tokens: [], stop: false } satisfies InfillFrame)];
  }

  progress(_index: number, { total, cached, processed, ms }: PrefillStatus): readonly Frame[] {
    const prompt_progress = { total, cache: cached, processed, time_ms: rounded(ms) };
    return [jsonFrame({ index: 0, content: "", tokens: [], stop: false, prompt_progress })];
  }

  /** There is one choice, so `finish` always gets the receipt. Like llama.cpp's server, sends no `[DONE]`. */
  finish(_index: number, ending: Ending, receipt: Receipt | null): readonly Frame[] {
    return receipt ? [jsonFrame(this.#whole("", ending, receipt))] : [];
  }

  body([choice]: readonly [Choice], receipt: Receipt): object {
    return this.#whole(choice.text, choice.ending, receipt);
  }

  #whole(content: string, { reason, stopString }: Ending, receipt: Receipt): object {
    const { usage } = receipt;
    const whole: InfillAnswer = {
      index: 0,
      content,
      tokens: [],
      stop: true,
      stop_type: stopString === null ? STOP_TYPES[reason] : "word",
      stopping_word: stopString ?? "",
      model: this.#model,
      tokens_predicted: usage.completionTokens,
      tokens_evaluated: usage.promptTokens,
      tokens_cached: usage.cachedTokens,
      truncated: false,
      generation_settings: encodeSettings(this.#request),
      timings: encodeTimings(receipt),
    };
    return this.#paths.length === 0 ? whole : picked(whole, this.#paths);
  }
}

/** Keyed by whole paths, as in llama.cpp's server. Fields that do not exist are left out. */
function picked(whole: object, paths: readonly string[]): object {
  const found = paths.map((path) => [path, valueAt(whole, path.split("/"))] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

/** Times in ms. `predicted_ms` is all time except waiting and prefill. */
function encodeTimings({ usage, queueMs, prefillMs, totalMs }: Receipt): InfillTimings {
  const read = usage.promptTokens - usage.cachedTokens;
  const predictMs = Math.max(0, totalMs - queueMs - prefillMs);
  return {
    queue_ms: rounded(queueMs),
    cache_n: usage.cachedTokens,
    prompt_n: read,
    prompt_ms: rounded(prefillMs),
    prompt_per_token_ms: ratio(prefillMs, read),
    prompt_per_second: ratio(read * 1000, prefillMs),
    predicted_n: usage.completionTokens,
    predicted_ms: rounded(predictMs),
    predicted_per_token_ms: ratio(predictMs, usage.completionTokens),
    predicted_per_second: ratio(usage.completionTokens * 1000, predictMs),
  };
}

/** Null if the divisor is 0. */
function ratio(amount: number, by: number): number | null {
  return by > 0 ? rounded(amount / by) : null;
}
