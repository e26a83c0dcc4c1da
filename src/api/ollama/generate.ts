// POST /api/generate: one question, or a text as it is. https://docs.ollama.com/api/generate

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { AskedPrompt, Message } from "../../generation/request.ts";
import type { Dialect } from "../dialect.ts";
import { defaulted } from "../shared/fields.ts";
import { parseBody, type Replacements, type Unsupported } from "../shared/parse-body.ts";
import { type GenerateFields, generateForms, ollamaError } from "./answer.ts";
import { type EncodedShape, noticeOf } from "./encoder.ts";
import { errorsNamed } from "./errors.ts";
import {
  commonFields,
  loadedAtOnce,
  parsedOf,
  REPLACEMENTS as REPLACEMENTS_IN_BOTH,
  readReasoning,
  requestOf,
  UNSUPPORTED as UNSUPPORTED_IN_BOTH,
} from "./fields.ts";

const UNSUPPORTED: Unsupported = {
  ...UNSUPPORTED_IN_BOTH,
  context: [],
  messages: [],
  tools: [],
  truncate: [false],
  ...{ width: [0], height: [0], steps: [0] },
};
const REPLACEMENTS: Replacements = {
  ...REPLACEMENTS_IN_BOTH,
  context: "POST /api/chat",
  messages: "POST /api/chat",
  tools: "POST /api/chat",
};

const schema = z.object({
  ...commonFields,
  prompt: z.string().nullish(),
  system: z.string().nullish(),
  suffix: z.string().nullish(),
  raw: defaulted(z.boolean(), false),
});

type Fields = z.output<typeof schema>;

const SHAPE: EncodedShape = {
  fields: ({ text = "", thinking }): GenerateFields => ({
    response: text,
    ...(thinking === undefined ? {} : { thinking }),
  }),
};

export const ollamaGenerate: Dialect = {
  path: "/api/generate",

  contract: {
    name: "OllamaGeneration",
    tag: "Ollama",
    summary: "Answers one question, or goes on with a text",
    body: schema,
    unsupported: UNSUPPORTED,
    replacements: REPLACEMENTS,
    example: {
      model: "builtin",
      prompt: "What is streaming?",
      options: { num_predict: 60 },
      stream: false,
    },
    answer: generateForms.answer,
    event: generateForms.event,
    error: ollamaError,
    codes: ["unsupported_schema", "template_error", "context_length_exceeded"],
  },

  parse(body, context) {
    const { fields, ignoredParams } = parseBody(schema, body, UNSUPPORTED, REPLACEMENTS);
    const request = requestOf(fields, promptOf(fields), context);
    const parsed = parsedOf(fields, ignoredParams, SHAPE);
    const isLoad = !fields.prompt && !fields.suffix;
    return isLoad
      ? { ...parsed, requests: [], immediateBody: loadedAtOnce(fields, SHAPE) }
      : { ...parsed, requests: [request] };
  },

  encodeError: errorsNamed({ context_length_exceeded: { messages: "prompt" } }),
  lines: { notice: noticeOf(SHAPE) },
};

function promptOf(fields: Fields): AskedPrompt {
  const { prompt, suffix, system, raw } = fields;
  const text = prompt ?? "";
  if (raw) refuseTemplated(fields, "raw", "the prompt goes to the model as it is");
  if (suffix) {
    refuseTemplated(fields, "suffix", "the answer belongs between two texts");
    return { type: "infill", prefix: text, suffix };
  }
  if (raw) return { type: "text", text };
  const messages: readonly Message[] = [
    ...(system ? [{ role: "system" as const, content: system }] : []),
    { role: "user", content: text },
  ];
  const reasoning = readReasoning(fields);
  return {
    type: "messages",
    messages,
    tools: null,
    continuesLast: false,
    reasoning,
    variables: {},
  };
}

/** What only a chat template can say to the model. */
function refuseTemplated({ system, think }: Fields, beside: string, why: string): void {
  for (const [param, isSet] of Object.entries({ system: Boolean(system), think: Boolean(think) })) {
    if (!isSet) continue;
    throw new ServiceError("invalid_value", `${param} cannot be used beside ${beside}: ${why}`, {
      param,
    });
  }
}
