// The dialects of POST /v1beta/models/{model}:generateContent and :streamGenerateContent.
// https://ai.google.dev/api/generate-content

import { z } from "zod";
import type { AskedRequest } from "../../generation/request.ts";
import type { Dialect, ParseContext, ParsedRequest } from "../dialect.ts";
import { CHAT_CODES } from "../shared/contract.ts";
import * as field from "../shared/field-types.ts";
import { PLAIN_REQUEST, wrapSeed } from "../shared/fields.ts";
import { type FieldPolicy, parseBody } from "../shared/parse-body.ts";
import { GEMINI, geminiAnswer } from "./answer.ts";
import { generationConfig, readConfig, readReasoning } from "./config.ts";
import { contents, readContents, systemInstruction } from "./content.ts";
import { GeminiEncoder } from "./encoder.ts";
import { encodeGeminiError } from "./errors.ts";
import { normalize } from "./normalize.ts";
import { readTools, toolFields } from "./tools.ts";

/** `cachedContent` is a part of the prompt that only Google's server has. */
export const POLICY: FieldPolicy = {
  unsupported: { cachedContent: [""], continuationToken: [""], generationOutputConfig: [] },
  wishes: {
    modelArmorConfig: [],
    "toolConfig.functionCallingConfig.streamFunctionCallArguments": [false],
  },
};

export const geminiFields = {
  model: field.withoutEffect(z.string(), "Ignored: the path names the model."),
  contents,
  systemInstruction,
  ...toolFields,
  generationConfig,
  serviceTier: z
    .enum(["unspecified", "standard", "priority", "flex"])
    .nullish()
    .meta({ default: "standard" })
    .describe("flex runs when no other request waits. The other values are the same."),
  safetySettings: field.ignored("Ignored: this server does not filter answers."),
  labels: field.ignored("The client's notes. Ignored."),
};

const schema = z.object(geminiFields);

export type GeminiRequest = z.output<typeof schema>;

const streamQuery = z.object({
  alt: z
    .enum(["sse", "json"])
    .optional()
    .meta({ default: "json" })
    .describe("sse: the stream is server-sent events. json: it is one JSON array."),
});

export const geminiGenerate: Dialect = dialectOf({
  method: "generateContent",
  name: "GeminiContent",
  isStreamed: false,
});

export const geminiStream: Dialect = dialectOf({
  method: "streamGenerateContent",
  name: "GeminiStream",
  isStreamed: true,
});

type Kind = { readonly method: string; readonly name: string; readonly isStreamed: boolean };

function dialectOf({ method, name, isStreamed }: Kind): Dialect {
  return {
    path: `/v1beta/models/{model}:${method}`,

    contract: {
      name,
      tag: GEMINI,
      summary: isStreamed ? "Answers a conversation, as a stream" : "Answers a conversation",
      body: schema,
      ...POLICY,
      example: {
        contents: [{ role: "user", parts: [{ text: "What is streaming?" }] }],
        generationConfig: { maxOutputTokens: 60 },
      },
      answer: geminiAnswer,
      ...(isStreamed ? { event: geminiAnswer, isOnlyStreamed: true, query: streamQuery } : {}),
      codes: CHAT_CODES,
    },

    parse: (body, context) => parse(body, context, isStreamed),
    encodeError: encodeGeminiError,
  };
}

function parse(body: unknown, context: ParseContext, isStreamed: boolean): ParsedRequest {
  const given = normalize(body);
  const { fields, ignoredParams } = parseBody(schema, given.body, POLICY);
  const request = requestOf(fields, context);
  const { generationConfig: config } = fields;
  return {
    requests: Array.from({ length: config.candidateCount }, (_, index) => ({
      ...request,
      sampling: { ...request.sampling, seed: wrapSeed(request.sampling.seed + index) },
    })),
    choicesPerPrompt: config.candidateCount,
    model: context.model ?? null,
    isStreamed,
    flush: "token",
    isFlex: fields.serviceTier === "flex",
    ignoredParams: [...ignoredParams, ...given.ignoredParams],
    wishes: readReasoning(config).wishes,
    encoder: (identity) =>
      new GeminiEncoder(identity, {
        includesReasoning: config.thinkingConfig?.includeThoughts ?? false,
        includesLogprobs: config.responseLogprobs,
      }),
  };
}

/** The request for one candidate. @throws ServiceError 400, naming the field */
export function requestOf(fields: GeminiRequest, context: ParseContext): AskedRequest {
  const messages = readContents(fields);
  const { generationConfig: config } = fields;
  return {
    prompt: {
      type: "messages",
      messages,
      tools: readTools(fields),
      continuesLast: messages.at(-1)?.role === "assistant",
      reasoning: readReasoning(config).reasoning,
      variables: {},
    },
    ...readConfig(config, context),
    ...PLAIN_REQUEST,
  };
}
