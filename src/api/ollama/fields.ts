// What POST /api/chat and POST /api/generate share: fields of the body, and what becomes of them.

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type {
  AskedPrompt,
  AskedRequest,
  LogprobOptions,
  ReasoningOptions,
} from "../../generation/request.ts";
import { jsonObjectGrammar } from "../../grammar/json-schema.ts";
import type { AnswerIdentity, ParseContext, ParsedRequest } from "../dialect.ts";
import { withoutEffect } from "../shared/contract.ts";
import { defaulted, MAX_ALTERNATIVES } from "../shared/fields.ts";
import type { Replacements, Unsupported } from "../shared/parse-body.ts";
import { schemaAt } from "../shared/schema-grammar.ts";
import { type EncodedShape, headOf, OllamaEncoder } from "./encoder.ts";
import { options, readOptions, UNSUPPORTED_OPTIONS } from "./options.ts";

/** How long the model stays in memory: it always does. */
export const keepAlive = withoutEffect(z.union([z.string(), z.number()]).nullish());

export const modelName = z.string("the name of a model");

const EFFORTS = ["low", "medium", "high", "max"] as const;

export const commonFields = {
  model: modelName,
  stream: defaulted(z.boolean(), true),
  options,
  format: z
    .union([z.enum(["json", ""]), z.record(z.string(), z.unknown())], "json, or a JSON schema")
    .nullish(),
  think: z.union([z.boolean(), z.enum(EFFORTS)], `true, false, ${EFFORTS.join(", ")}`).nullish(),
  logprobs: defaulted(z.boolean(), false),
  top_logprobs: defaulted(z.int().min(0).max(MAX_ALTERNATIVES), 0),
  keep_alive: keepAlive,
};

export type CommonFields = z.output<z.ZodObject<typeof commonFields>>;

/** A context that is full ends the answer: nothing is thrown out of it to go on. */
export const UNSUPPORTED: Unsupported = {
  ...UNSUPPORTED_OPTIONS,
  images: [],
  shift: [false],
  template: [""],
  _debug_render_only: [false],
  ...{ max_tokens: [], temperature: [], top_p: [], top_k: [], seed: [], stop: [] },
  ...{
    num_predict: [],
    num_ctx: [],
    response_format: [],
    tool_choice: ["auto"],
  },
};

/** What stands beside `options` with others. */
export const REPLACEMENTS: Replacements = {
  max_tokens: "options.num_predict",
  ...Object.fromEntries(
    ["temperature", "top_p", "top_k", "seed", "stop", "num_predict", "num_ctx"].map((name) => [
      name,
      `options.${name}`,
    ]),
  ),
  response_format: "format",
};

/** @throws ServiceError 400 naming the field */
export function requestOf(
  fields: CommonFields,
  prompt: AskedPrompt,
  context: ParseContext,
): AskedRequest {
  return {
    prompt,
    ...readOptions(fields.options, context),
    minTokens: 0,
    ignoreEos: false,
    grammar: grammarOf(fields),
    logprobs: scoresOf(fields),
    echoesPrompt: false,
    reportsProgress: false,
    reusePrefix: true,
  };
}

/** What all of them have in common, whatever they ask for. */
export function parsedOf(
  fields: CommonFields,
  ignoredParams: readonly string[],
  shape: EncodedShape,
): Omit<ParsedRequest, "requests"> {
  return {
    choicesPerPrompt: 1,
    model: fields.model,
    isStreamed: fields.stream,
    flush: "token",
    isFlex: false,
    ignoredParams,
    encoder: (identity) => new OllamaEncoder(shape, identity, { includesLogprobs: fields.logprobs }),
  };
}

/** Without a prompt a model is loaded, or unloaded, which is all done here. */
export function loadedAtOnce({ keep_alive }: CommonFields, shape: EncodedShape) {
  const isUnload = keep_alive === 0 || /^0\w*$/.test(String(keep_alive ?? ""));
  return (identity: AnswerIdentity) => ({
    ...headOf(identity),
    ...shape.fields({}),
    done: true,
    done_reason: isUnload ? "unload" : "load",
  });
}

export function readReasoning({ think }: CommonFields): ReasoningOptions {
  return { effort: effortOf(think), budgetTokens: null, isSeparate: true };
}

/** Templates know OpenAI's words for it, which end with another one. */
function effortOf(think: CommonFields["think"]): string | null {
  if (think === null || think === undefined) return null;
  if (think === false) return "none";
  if (think === true) return "medium";
  return think === "max" ? "xhigh" : think;
}

function grammarOf({ format }: CommonFields): AskedRequest["grammar"] {
  if (format === null || format === undefined || format === "") return null;
  return format === "json" ? jsonObjectGrammar() : schemaAt(format, "format");
}

function scoresOf({ logprobs, top_logprobs: top }: CommonFields): LogprobOptions | null {
  if (logprobs) return { alternatives: top, includesPrompt: false };
  if (top === 0) return null;
  throw new ServiceError("invalid_value", "top_logprobs needs logprobs: true", {
    param: "top_logprobs",
  });
}
