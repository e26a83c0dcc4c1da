// Body fields that POST /api/chat and POST /api/generate share, and the requests that they become.

import { z } from "zod";
import type { AskedPrompt, AskedRequest, ReasoningOptions } from "../../generation/request.ts";
import { jsonObjectGrammar } from "../../grammar/json-schema.ts";
import type { AnswerIdentity, ModelAction, ParseContext, ParsedRequest } from "../dialect.ts";
import * as field from "../shared/field-types.ts";
import { logprobOptions, PLAIN_REQUEST } from "../shared/fields.ts";
import type { FieldPolicy } from "../shared/parse-body.ts";
import { ANSWER_FORM, schemaAt } from "../shared/schema-grammar.ts";
import { askedReasoning, contextWish } from "../shared/wishes.ts";
import { type EncodePart, headOf, OllamaEncoder } from "./encoder.ts";
import { OPTION_WISHES, options, readOptions } from "./options.ts";

/** How long the model stays in memory, which the settings of the server decide. */
export const keepAlive = keepAliveWith("");

function keepAliveWith(exception: string) {
  const ignored = "Ignored: the server decides how long a model stays loaded.";
  return field.withoutEffect(z.union([z.string(), z.number()]), ignored + exception);
}

export const modelName = z.string("must be the name of a model").describe("Id of a served model.");

const EFFORTS = ["low", "medium", "high", "max"] as const;

export const commonFields = {
  model: modelName,
  stream: field.on("Whether to stream the answer as lines of JSON."),
  options,
  format: field.optional(
    z.union(
      [z.enum(["json", ""]), z.record(z.string(), z.unknown())],
      "must be json or a JSON schema",
    ),
    ANSWER_FORM,
  ),
  think: field.optional(
    z.union([z.boolean(), z.enum(EFFORTS)], `must be true, false, ${EFFORTS.join(", ")}`),
    "Whether the model reasons before it answers, and how much.",
  ),
  ...field.logprobFields,
  keep_alive: keepAliveWith(
    " Only 0 in a request without a prompt unloads it, for keys with the scope admin.",
  ),
};

export type CommonFields = z.output<z.ZodObject<typeof commonFields>>;

/** Fields that other APIs have at the top level and Ollama has in `options`. */
const IN_OPTIONS = ["temperature", "top_p", "top_k", "seed", "stop", "num_predict", "num_ctx"];

/** `shift` is a wish that is not granted: a full context ends the answer here, and old tokens are never discarded. */
export const POLICY = {
  unsupported: {
    images: [],
    template: [""],
    _debug_render_only: [false],
    response_format: [],
  },
  replacements: { response_format: "format" },
  wishes: {
    ...OPTION_WISHES,
    shift: [false],
    max_tokens: [],
    ...Object.fromEntries(IN_OPTIONS.map((name) => [name, []])),
  },
} satisfies FieldPolicy;

/** @throws ServiceError 400 naming the field */
export function requestOf(
  fields: CommonFields,
  prompt: AskedPrompt,
  context: ParseContext,
): AskedRequest {
  return {
    prompt,
    ...readOptions(fields.options, context),
    ...PLAIN_REQUEST,
    grammar: grammarOf(fields),
    logprobs: logprobOptions(fields),
  };
}

/** The parts of a parsed request that do not depend on its prompt. */
export function parsedOf(
  fields: CommonFields,
  ignoredParams: readonly string[],
  encodePart: EncodePart,
): Omit<ParsedRequest, "requests"> {
  return {
    choicesPerPrompt: 1,
    model: fields.model,
    isStreamed: fields.stream,
    flush: "token",
    isFlex: false,
    ignoredParams: [...ignoredParams, ...(isZero(fields.keep_alive) ? ["keep_alive"] : [])],
    wishes: [
      ...contextWish("options.num_ctx", fields.options.num_ctx),
      ...reasoningOf(fields).wishes,
    ],
    encoder: (identity) => new OllamaEncoder(encodePart, identity, fields.logprobs),
  };
}

/** A request without a prompt asks to load or unload the model. */
export function modelActionOf({ keep_alive }: CommonFields, encodePart: EncodePart): ModelAction {
  const type = isZero(keep_alive) ? "unload" : "load";
  const body = (identity: AnswerIdentity) => ({
    ...headOf(identity),
    ...encodePart({}),
    done: true,
    done_reason: type,
  });
  return { type, field: "keep_alive", body };
}

/** 0, "0", "0s" and the like, as `ollama stop` sends it; not "05m". */
function isZero(keepAliveTime: CommonFields["keep_alive"]): boolean {
  return /^0+(\.0+)?[a-z]*$/.test(String(keepAliveTime ?? ""));
}

export function readReasoning(fields: CommonFields): ReasoningOptions {
  return reasoningOf(fields).reasoning;
}

function reasoningOf({ think }: CommonFields) {
  return askedReasoning({ efforts: [["think", think]], budgets: [] });
}

function grammarOf({ format }: CommonFields): AskedRequest["grammar"] {
  if (format === null || format === undefined || format === "") return null;
  return format === "json" ? jsonObjectGrammar() : schemaAt(format, "format");
}
