// The dialect of POST /api/generate: one user message, or a raw prompt. https://docs.ollama.com/api/generate

import { z } from "zod";
import type { AskedPrompt, Message } from "../../generation/request.ts";
import type { Dialect } from "../dialect.ts";
import * as field from "../shared/field-types.ts";
import { type FieldPolicy, parseBody } from "../shared/parse-body.ts";
import { invalidValue } from "../shared/refusals.ts";
import { type GenerateFields, generateForms, OLLAMA } from "./answer.ts";
import { type AnswerPart, noticeOf } from "./encoder.ts";
import { ollamaErrors } from "./errors.ts";
import {
  commonFields,
  modelActionOf,
  POLICY as POLICY_IN_BOTH,
  parsedOf,
  readReasoning,
  requestOf,
} from "./fields.ts";

const POLICY: FieldPolicy = {
  unsupported: {
    ...POLICY_IN_BOTH.unsupported,
    context: [],
    messages: [],
    tools: [],
    width: [0],
    height: [0],
    steps: [0],
  },
  replacements: {
    ...POLICY_IN_BOTH.replacements,
    context: "POST /api/chat",
    messages: "POST /api/chat",
    tools: "POST /api/chat",
  },
  wishes: { ...POLICY_IN_BOTH.wishes, tool_choice: [], truncate: [false] },
};

const schema = z.object({
  ...commonFields,
  prompt: field.text("The question. With raw or suffix: the text before the answer."),
  system: field.text("System message, placed before the question."),
  suffix: field.suffix,
  raw: field.off("Whether to send the prompt without a chat template, control tokens included."),
});

type Fields = z.output<typeof schema>;

function encodePart({ text = "", reasoning }: AnswerPart): GenerateFields {
  return { response: text, ...(reasoning === undefined ? {} : { thinking: reasoning }) };
}

export const ollamaGenerate: Dialect = {
  path: "/api/generate",

  contract: {
    name: "OllamaGeneration",
    tag: OLLAMA,
    summary: "Answers one question, or continues a text",
    body: schema,
    ...POLICY,
    example: {
      model: "builtin",
      prompt: "What is streaming?",
      options: { num_predict: 60 },
      stream: false,
    },
    answer: generateForms.answer,
    event: generateForms.event,
    codes: ["unsupported_schema", "template_error", "context_length_exceeded"],
  },

  parse(body, context) {
    const { fields, ignoredParams } = parseBody(schema, body, POLICY);
    const request = requestOf(fields, promptOf(fields), context);
    const parsed = parsedOf(fields, ignoredParams, encodePart);
    const isLoad = !fields.prompt && !fields.suffix;
    return isLoad
      ? { ...parsed, ignoredParams, requests: [], modelAction: modelActionOf(fields, encodePart) }
      : { ...parsed, requests: [request] };
  },

  encodeError: ollamaErrors({ messages: "prompt" }),
  lines: { notice: noticeOf(encodePart) },
};

function promptOf(fields: Fields): AskedPrompt {
  const { prompt, suffix, system, raw } = fields;
  const text = prompt ?? "";
  if (raw) refuseTemplated(fields, "raw", "the prompt bypasses the chat template");
  if (suffix) {
    refuseTemplated(fields, "suffix", "filling in between two texts bypasses the chat template");
    return { type: "infill", prefix: text, suffix };
  }
  if (raw) return { type: "text", text };
  const messages: readonly Message[] = [
    ...(system ? [{ role: "system" as const, content: system }] : []),
    { role: "user", content: text },
  ];
  return {
    type: "messages",
    messages,
    tools: null,
    continuesLast: false,
    reasoning: readReasoning(fields),
    variables: {},
  };
}

/** Refuses the fields that only a chat template can apply. */
function refuseTemplated({ system, think }: Fields, other: string, why: string): void {
  for (const [param, isSet] of Object.entries({ system: Boolean(system), think: Boolean(think) })) {
    if (isSet) throw invalidValue(param, `cannot be used together with ${other}: ${why}`);
  }
}
