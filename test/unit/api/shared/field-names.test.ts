// Every API names the fields of our requests as its clients know them.

import { expect, test } from "vitest";
import { anthropicMessages } from "../../../../src/api/anthropic/messages.ts";
import type { Dialect } from "../../../../src/api/dialect.ts";
import { geminiGenerate } from "../../../../src/api/gemini/generate.ts";
import { nativeInfill } from "../../../../src/api/llama-cpp/infill.ts";
import { ollamaChat } from "../../../../src/api/ollama/chat.ts";
import { ollamaGenerate } from "../../../../src/api/ollama/generate.ts";
import { openaiChat } from "../../../../src/api/openai/chat.ts";
import { openaiCompletions } from "../../../../src/api/openai/completions.ts";
import { openaiResponses } from "../../../../src/api/responses/responses.ts";
import { inWireTerms } from "../../../../src/api/shared/field-names.ts";
import { ServiceError } from "../../../../src/errors.ts";
import type { RequestField } from "../../../../src/generation/request-field.ts";

/** The fields that an error may name, with their names in the API. */
const NAMES: readonly (readonly [Dialect, { readonly [F in RequestField]?: string }])[] = [
  [
    openaiChat,
    {
      ...{ model: "model", messages: "messages", tools: "tools", grammar: "grammar" },
      ...{ logitBias: "logit_bias", choices: "n" },
    },
  ],
  [openaiCompletions, { prompt: "prompt", suffix: "suffix", logitBias: "logit_bias" }],
  [
    openaiResponses,
    {
      ...{ messages: "input", tools: "tools" },
      ...{ logitBias: "logit_bias", previousId: "previous_response_id" },
    },
  ],
  [anthropicMessages, { messages: "messages", tools: "tools" }],
  [
    geminiGenerate,
    {
      ...{ messages: "contents", choices: "generationConfig.candidateCount", tools: "tools" },
    },
  ],
  [nativeInfill, { prompt: "input_prefix", suffix: "input_suffix", logitBias: "logit_bias" }],
  [ollamaChat, { messages: "messages", tools: "tools" }],
  [ollamaGenerate, { messages: "prompt", prompt: "prompt", suffix: "suffix" }],
];

const CASES = NAMES.flatMap(([dialect, names]) =>
  Object.entries(names).map(([ours, theirs]) => [dialect.path, ours, theirs, dialect] as const),
);

test.each(CASES)("%s names %s %s, also in the message", (_path, ours, theirs, dialect) => {
  const field = ours as RequestField;
  const error = new ServiceError("invalid_value", `${field} is wrong`, { field });

  const encoded = JSON.stringify(dialect.encodeError(error, "id"));

  expect(encoded).toMatch(new RegExp(`"(param|field)":"${theirs}"`));
  expect(encoded).toMatch(new RegExp(`"${theirs}(:| is wrong)`));
});

const words = () => "too long";

test("a path from the client stays as it is, whatever it is called", () => {
  const error = new ServiceError("invalid_value", "messages: no", { param: "messages" });

  expect(inWireTerms(error, { messages: "input" }, words)).toMatchObject({
    ...{ message: error.message, param: "messages" },
  });
});

test("only the beginning of a message is renamed, and the rest of the error stays", () => {
  const cause = new Error("inner");
  const options = { field: "messages", cause, retryAfterSeconds: 3 } as const;
  const error = new ServiceError("template_error", "rejects these messages: messages", options);

  expect(inWireTerms(error, { messages: "input" }, words)).toMatchObject({
    ...{ code: "template_error", message: error.message, cause, retryAfterSeconds: 3 },
    ...{ field: null, param: "input" },
  });
});
