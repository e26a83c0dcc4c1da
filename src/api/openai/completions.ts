// The dialect of POST /v1/completions, which continues a text. https://platform.openai.com/docs/api-reference/completions

import { z } from "zod";
import type { AskedPrompt, LogprobOptions } from "../../generation/request.ts";
import type { Dialect } from "../dialect.ts";
import { policyWith } from "../shared/field-policy.ts";
import * as field from "../shared/field-types.ts";
import { requestsOf, sharedFields } from "../shared/fields.ts";
import { parseBody } from "../shared/parse-body.ts";
import { invalidValue, notSupported } from "../shared/refusals.ts";
import { formatOf } from "../shared/schema-grammar.ts";
import { OPENAI } from "./answer.ts";
import { type CompletionText, completion, completionChunk } from "./completions-answer.ts";
import { type AnswerShape, encodeOpenaiError, OpenaiEncoder } from "./encoder.ts";
import { completionLogprobs } from "./logprobs.ts";

const POLICY = policyWith({
  unsupported: {
    messages: [],
    tools: [],
    tool_choice: ["none", "auto"],
    functions: [],
    function_call: ["none", "auto"],
    format: [],
    top_logprobs: [0],
  },
  wishes: {
    reasoning_effort: ["none"],
    reasoning: [],
    thinking: [{ type: "disabled" }],
    thinking_budget_tokens: [-1, 0],
    chat_template_kwargs: [],
    enable_thinking: [false],
    think: [false],
  },
  sameAs: {
    max_completion_tokens: "max_tokens",
    max_output_tokens: "max_tokens",
    n_predict: "max_tokens",
  },
});

/** Limit on the prompts of one request, and on the choices of all its prompts together. */
const MAX_PROMPTS = 64;
export const MAX_TOKEN_ID = 2 ** 31 - 1;
const PROMPT_VALUES = `must be a string, a list of token ids, or a list of up to ${MAX_PROMPTS} of either`;

type GivenPrompt = string | readonly (string | number | readonly number[])[];

/** Only distinguishes strings from lists. `refuseInvalidLists` has already checked the ids, up to a million of them. */
function isPrompt(given: unknown): given is GivenPrompt {
  if (typeof given === "string") return true;
  if (!Array.isArray(given) || given.length === 0) return false;
  const kindOf = (each: unknown) => (Array.isArray(each) ? "list" : typeof each);
  const kind = kindOf(given[0]);
  const isKnown = kind === "string" || kind === "list" || kind === "number";
  return isKnown && given.every((each) => kindOf(each) === kind);
}

const schema = z.object({
  ...sharedFields,
  prompt: z
    .custom<GivenPrompt>(isPrompt, PROMPT_VALUES)
    .meta({ anyOf: field.textsOrIds(MAX_PROMPTS, {}, { maximum: MAX_TOKEN_ID }) })
    .describe("A text or its token ids, or several of either."),
  max_tokens: field.count("Maximum number of tokens; -1 means no limit, and 0 requires echo.", -1),
  suffix: field.suffix,
  echo: field.off("Whether to put the prompt before the answer."),
  logprobs: field.optional(
    z.union([z.int().min(0).max(field.MAX_ALTERNATIVES), z.literal(false)], {
      error: `must be an integer from 0 to ${field.MAX_ALTERNATIVES}`,
    }),
    "Returns log probabilities of every token, and of this many alternatives.",
  ),
  best_of: field.withoutEffect(z.int(), "Omit it, or set it to the value of n."),
});

type Fields = z.output<typeof schema>;

const SHAPE: AnswerShape = {
  idPrefix: "cmpl",
  chunkObject: "text_completion",
  bodyObject: "text_completion",
  text: (text): CompletionText => ({ text }),
  delta: ({ text, logprobs }, { offset }): CompletionText => ({
    text,
    ...(logprobs ? { logprobs: completionLogprobs(logprobs, offset) } : {}),
  }),
  opening: null,
  closing: { text: "" },
  whole: ({ text, logprobs }): CompletionText => ({
    text,
    ...(logprobs.length > 0 ? { logprobs: completionLogprobs(logprobs, 0) } : {}),
  }),
};

export const openaiCompletions: Dialect = {
  path: "/v1/completions",

  contract: {
    name: "Completion",
    tag: OPENAI,
    summary: "Continues a text",
    body: schema,
    ...POLICY,
    example: { prompt: "Streaming is", max_tokens: 40 },
    answer: completion,
    event: completionChunk,
    lastData: "[DONE]",
    codes: ["unsupported_schema", "context_length_exceeded"],
  },

  parse(body, context) {
    refuseInvalidLists((body as { prompt?: unknown } | null)?.prompt);
    const { fields, ignoredParams } = parseBody(schema, body, POLICY);
    refuseContradictions(fields);
    const own = {
      prompts: readPrompts(fields),
      format: formatOf(fields),
      maxTokens: fields.max_tokens ?? null,
      logprobs: logprobOptions(fields),
      echoesPrompt: fields.echo,
    };
    const encoded = { ...fields, logprobs: own.logprobs };
    return {
      ...requestsOf(fields, own, context),
      ignoredParams,
      encoder: (identity) => new OpenaiEncoder(SHAPE, identity, encoded),
    };
  },

  encodeError: encodeOpenaiError,
};

/** Checks lists before the schema does: zod would be slow over a million prompts or ids. */
function refuseInvalidLists(prompt: unknown): void {
  if (!Array.isArray(prompt)) return;
  if (typeof prompt[0] === "number") return refuseInvalidIds(prompt, "prompt");
  if (prompt.length > MAX_PROMPTS) throw invalidValue("prompt", PROMPT_VALUES);
  for (const [index, each] of prompt.entries())
    if (Array.isArray(each)) refuseInvalidIds(each, `prompt[${index}]`);
}

function refuseInvalidIds(ids: readonly unknown[], path: string): void {
  if (ids.length === 0) throw invalidValue(path, "must have at least one token id");
  const index = ids.findIndex(
    (id) => !Number.isInteger(id) || (id as number) < 0 || (id as number) > MAX_TOKEN_ID,
  );
  if (index < 0) return;
  throw invalidValue(
    `${path}[${index}]`,
    `must be a token id: an integer from 0 to ${MAX_TOKEN_ID}`,
  );
}

function readPrompts({ prompt, suffix, n }: Fields): readonly AskedPrompt[] {
  const isOne = typeof prompt === "string" || typeof prompt[0] === "number";
  const given = (isOne ? [prompt] : prompt) as readonly (string | readonly number[])[]; // the schema refuses mixed lists
  if (given.length * n > MAX_PROMPTS)
    throw invalidValue("n", `times the number of prompts must be at most ${MAX_PROMPTS}`);
  return given.map((each): AskedPrompt => {
    if (typeof each === "string")
      return suffix ? { type: "infill", prefix: each, suffix } : { type: "text", text: each };
    if (!suffix) return { type: "tokens", tokens: each };
    throw invalidValue("suffix", "requires a prompt that is a string, not token ids");
  });
}

function refuseContradictions({ max_tokens, echo, suffix, best_of, n, grammar }: Fields): void {
  if (max_tokens === 0 && !echo)
    throw invalidValue("max_tokens", "must be at least 1 (0 only with echo); -1 means no limit");
  if (echo && suffix) throw invalidValue("echo", "cannot be used together with suffix");
  if (echo && grammar) throw invalidValue("echo", "cannot be used together with grammar");
  if (typeof best_of === "number" && best_of !== n)
    throw notSupported(
      "best_of",
      "is not supported by this server; omit it or set it to the value of n",
    );
}

function logprobOptions({ logprobs, echo }: Fields): LogprobOptions | null {
  if (typeof logprobs !== "number") return null;
  return { alternatives: logprobs, includesPrompt: echo };
}
