// POST /v1/completions: text in, text on. https://platform.openai.com/docs/api-reference/completions

import { z } from "zod";
import type { AnswerEncoder, AnswerIdentity, Dialect } from "./dialect.ts";
import {
  DONE,
  encodeOpenaiError,
  encodeTimings,
  encodeUsage,
  frame,
  parseBody,
  sharedFields,
  sharedRequest,
  type Unsupported,
} from "./openai-shared.ts";

const UNSUPPORTED: Unsupported = {
  best_of: [1],
  echo: [false],
  suffix: [""],
  response_format: [{ type: "text" }],
};

/** What OpenAI generates without a limit; the operator's own limit comes before it. */
const schema = z.object({
  ...sharedFields,
  // OpenAI's legacy logprobs is a number.
  prompt: z.union(
    [
      z.string(),
      z
        .array(z.string())
        .length(1)
        .transform(([only]) => only ?? ""),
    ],
    {
      error: "a string (several prompts and token ids are not supported)",
    },
  ),
});

export const openaiCompletions: Dialect = {
  path: "/v1/completions",

  parse(body, context) {
    const { fields, ignoredParams } = parseBody(schema, body, UNSUPPORTED);
    return {
      request: {
        ...sharedRequest(fields, fields.max_tokens ?? null, context),
        prompt: { type: "text", text: fields.prompt },
      },
      model: fields.model ?? null,
      isStreamed: fields.stream,
      ignoredParams,
      encoder: (identity) =>
        new CompletionEncoder(identity, fields.stream_options?.include_usage ?? false),
    };
  },

  encodeError: encodeOpenaiError,
};

class CompletionEncoder implements AnswerEncoder {
  readonly #head: { id: string; object: string; created: number; model: string };
  readonly #includesUsage: boolean;
  readonly #beforeText: string;
  readonly #afterText: string;

  constructor({ id, model, createdAtSeconds }: AnswerIdentity, includesUsage: boolean) {
    this.#head = { id: `cmpl-${id}`, object: "text_completion", created: createdAtSeconds, model };
    this.#includesUsage = includesUsage;
    const [before = "", after = ""] = JSON.stringify(this.#chunk("\0", null)).split('"\\u0000"');
    this.#beforeText = before;
    this.#afterText = after;
  }

  start() {
    return [];
  }

  delta(text: string) {
    return { data: this.#beforeText + JSON.stringify(text) + this.#afterText };
  }

  finish(...[reason, receipt]: Parameters<AnswerEncoder["finish"]>) {
    const last = { ...this.#chunk("", reason), timings: encodeTimings(receipt) };
    if (!this.#includesUsage) return [frame(last), DONE];
    return [frame(last), frame({ ...this.#head, choices: [], usage: encodeUsage(receipt) }), DONE];
  }

  body(...[text, reason, receipt]: Parameters<AnswerEncoder["body"]>) {
    return {
      ...this.#head,
      choices: [{ text, index: 0, logprobs: null, finish_reason: reason }],
      usage: encodeUsage(receipt),
      timings: encodeTimings(receipt),
    };
  }

  #chunk(text: string, finishReason: string | null) {
    const choice = { text, index: 0, logprobs: null, finish_reason: finishReason };
    const usage = this.#includesUsage ? { usage: null } : {};
    return { ...this.#head, choices: [choice], ...usage };
  }
}
