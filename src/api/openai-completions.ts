// POST /v1/completions: text in, text on. https://platform.openai.com/docs/api-reference/completions

import { z } from "zod";
import type { Dialect } from "./dialect.ts";
import { parseBody, sharedFields, sharedRequest, unsupportedWith } from "./openai-request.ts";
import { type AnswerShape, encodeOpenaiError, OpenaiEncoder } from "./openai-shared.ts";

const UNSUPPORTED = unsupportedWith({
  best_of: [1],
  echo: [false],
  suffix: [""],
});

const schema = z.object({
  ...sharedFields,
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

const SHAPE: AnswerShape = {
  idPrefix: "cmpl",
  chunkObject: "text_completion",
  bodyObject: "text_completion",
  opening: null,
  delta: (text) => ({ text }),
  closing: { text: "" },
  whole: (text) => ({ text }),
};

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
        new OpenaiEncoder(SHAPE, identity, fields.stream_options?.include_usage ?? false),
    };
  },

  encodeError: encodeOpenaiError,
};
