// POST /v1/completions: text in, text on. https://platform.openai.com/docs/api-reference/completions

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { AskedPrompt, LogprobOptions } from "../../generation/request.ts";
import type { Dialect } from "../dialect.ts";
import { withoutEffect } from "../shared/contract.ts";
import {
  defaulted,
  MOST_ALTERNATIVES,
  requestsOf,
  sharedFields,
  unsupportedWith,
} from "../shared/fields.ts";
import { parseBody } from "../shared/parse-body.ts";
import { openaiError } from "./answer.ts";
import { type CompletionText, completion, completionChunk } from "./completions-answer.ts";
import { type AnswerShape, encodeOpenaiError, OpenaiEncoder } from "./encoder.ts";
import { completionLogprobs } from "./logprobs.ts";

const UNSUPPORTED = unsupportedWith({
  messages: [],
  tools: [],
  tool_choice: ["none", "auto"],
  functions: [],
  function_call: ["none", "auto"],
  max_completion_tokens: [],
  max_output_tokens: [],
  reasoning_effort: ["none"],
  thinking_budget_tokens: [-1, 0],
  chat_template_kwargs: [],
  enable_thinking: [false],
  think: [false],
  format: [],
  top_logprobs: [0],
});

/** Prompts of one request, and choices of all of them. */
const MOST_PROMPTS = 64;
const LAST_ID = 2 ** 31 - 1;
const FORMS = `a string or a list of token ids, or up to ${MOST_PROMPTS} of either in a list`;

type GivenPrompt = string | readonly (string | number | readonly number[])[];

/** Lists are looked at before, in one go: there may be a million ids. Here only texts and lists are told apart. */
function isPrompt(given: unknown): given is GivenPrompt {
  if (typeof given === "string") return true;
  if (!Array.isArray(given) || given.length === 0) return false;
  const kindOf = (each: unknown) => (Array.isArray(each) ? "list" : typeof each);
  const kind = kindOf(given[0]);
  const isKnown = kind === "string" || kind === "list" || kind === "number";
  return isKnown && given.every((each) => kindOf(each) === kind);
}

const text = { type: "string" };
const ids = {
  type: "array",
  items: { type: "integer", minimum: 0, maximum: LAST_ID },
  minItems: 1,
};
/** The same as a JSON schema. */
const PROMPT_FORMS = [
  ...[text, ids],
  ...[text, ids].map((items) => ({ type: "array", items, minItems: 1, maxItems: MOST_PROMPTS })),
];

const schema = z.object({
  ...sharedFields,
  prompt: z.custom<GivenPrompt>(isPrompt, FORMS).meta({ anyOf: PROMPT_FORMS }),
  max_tokens: z.int().min(-1).nullish(),
  suffix: z.string().nullish(),
  echo: defaulted(z.boolean(), false),
  logprobs: z
    .union([z.int().min(0).max(MOST_ALTERNATIVES), z.literal(false)], {
      error: `0 to ${MOST_ALTERNATIVES}`,
    })
    .nullish(),
  best_of: withoutEffect(z.int().nullish()), // the same as n, or refused
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
    tag: "OpenAI",
    summary: "Goes on with a text",
    body: schema,
    unsupported: UNSUPPORTED,
    example: { prompt: "Streaming is", max_tokens: 40 },
    answer: completion,
    event: completionChunk,
    lastData: "[DONE]",
    error: openaiError,
    codes: ["unsupported_schema", "context_length_exceeded"],
  },

  parse(body, context) {
    refuseWrongLists((body as { prompt?: unknown } | null)?.prompt);
    const { fields, ignoredParams } = parseBody(schema, body, UNSUPPORTED);
    refuseContradictions(fields);
    const prompts = readPrompts(fields);
    return {
      ...requestsOf(
        fields,
        {
          prompts,
          maxTokens: fields.max_tokens ?? null,
          logprobs: scoreWish(fields),
          echoesPrompt: fields.echo,
        },
        context,
      ),
      ignoredParams,
      encoder: (identity) =>
        new OpenaiEncoder(SHAPE, identity, {
          includesUsage: fields.stream_options?.include_usage ?? false,
          includesScores: typeof fields.logprobs === "number",
          serviceTier: fields.service_tier ?? null,
        }),
    };
  },

  encodeError: encodeOpenaiError,
};

/** Lists are looked at before the schema is asked: it would take its time over a million prompts or ids. */
function refuseWrongLists(prompt: unknown): void {
  if (!Array.isArray(prompt)) return;
  if (typeof prompt[0] === "number") return refuseWrongIds(prompt, "prompt");
  if (prompt.length > MOST_PROMPTS) throw wrong("prompt", `is ${FORMS}`);
  for (const [index, each] of prompt.entries())
    if (Array.isArray(each)) refuseWrongIds(each, `prompt[${index}]`);
}

function refuseWrongIds(ids: readonly unknown[], path: string): void {
  if (ids.length === 0) throw wrong(path, "has at least one token id");
  const index = ids.findIndex(
    (id) => !Number.isInteger(id) || (id as number) < 0 || (id as number) > LAST_ID,
  );
  if (index >= 0) throw wrong(`${path}[${index}]`, "is a token id: an integer >=0");
}

function readPrompts({ prompt, suffix, n }: Fields): readonly AskedPrompt[] {
  const given = asList(prompt);
  if (given.length * n > MOST_PROMPTS)
    throw wrong("n", `times the number of prompts is at most ${MOST_PROMPTS}`);
  if (!suffix) return given.map(asPrompt);
  return given.map((each) => {
    if (typeof each === "string") return { type: "infill", prefix: each, suffix };
    throw wrong("suffix", "needs a prompt that is a text, not token ids");
  });
}

function asList(prompt: Fields["prompt"]): readonly (string | readonly number[])[] {
  if (typeof prompt === "string") return [prompt];
  if (typeof prompt[0] === "number") return [prompt as readonly number[]]; // the schema lets no mixture through
  return prompt as readonly (string | readonly number[])[];
}

function asPrompt(given: string | readonly number[]): AskedPrompt {
  return typeof given === "string"
    ? { type: "text", text: given }
    : { type: "tokens", tokens: given };
}

function refuseContradictions({ max_tokens, echo, suffix, best_of, n, grammar }: Fields): void {
  if (max_tokens === 0 && !echo)
    throw wrong("max_tokens", "is at least 1 (0 only with echo); -1 is no limit");
  if (echo && suffix) throw wrong("echo", "cannot be used together with suffix");
  if (echo && grammar) throw wrong("echo", "cannot be used together with grammar");
  if (typeof best_of === "number" && best_of !== n) {
    throw new ServiceError(
      "unsupported_parameter",
      "best_of is not supported by this server; it may be left out or be the same as n",
      { param: "best_of" },
    );
  }
}

function scoreWish({ logprobs, echo }: Fields): LogprobOptions | null {
  if (typeof logprobs !== "number") return null;
  return { alternatives: logprobs, includesPrompt: echo };
}

function wrong(param: string, reason: string): ServiceError {
  return new ServiceError("invalid_value", `${param} ${reason}`, { param });
}
