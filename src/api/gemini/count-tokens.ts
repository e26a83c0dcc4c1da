// The endpoint POST /v1beta/models/{model}:countTokens: counts the prompt tokens that a generateContent would have.
// https://ai.google.dev/api/tokens

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { ParseContext } from "../dialect.ts";
import { type AboutRequest, callAbout, countTokens, type Endpoint } from "../endpoint.ts";
import * as field from "../shared/field-types.ts";
import { parseBody } from "../shared/parse-body.ts";
import { invalidValue } from "../shared/refusals.ts";
import { GEMINI, geminiTokenCount } from "./answer.ts";
import { readReasoning } from "./config.ts";
import { contents } from "./content.ts";
import { type GeminiRequest, geminiFields, geminiGenerate, POLICY, requestOf } from "./generate.ts";
import { normalize } from "./normalize.ts";

/** Either the fields of a request, or a whole request in `generateContentRequest`. */
const schema = z.object({
  ...geminiFields,
  contents: contents.nullish(),
  generateContentRequest: field.optional(
    z.looseObject(geminiFields),
    "A whole request, instead of contents and the other fields.",
  ),
});

export const geminiCountTokens: Endpoint = {
  path: "/v1beta/models/{model}:countTokens",

  contract: {
    name: "GeminiTokenCount",
    tag: GEMINI,
    summary: "Counts the tokens of a conversation",
    body: schema,
    ...POLICY,
    example: { contents: [{ role: "user", parts: [{ text: "Hi" }] }] },
    answer: geminiTokenCount,
    codes: geminiGenerate.contract.codes,
  },

  parse: (body, context) => callAbout(parsePrompt(body, context), countTokens(encodeCount)),
};

function encodeCount(totalTokens: number) {
  return { totalTokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }] };
}

function parsePrompt(body: unknown, context: ParseContext): AboutRequest {
  const given = normalize(body);
  const { fields, ignoredParams } = parseBody(schema, given.body, POLICY);
  const whole = wholeRequest(fields);
  return {
    requests: [requestOf(whole, context)],
    model: context.model ?? null,
    ignoredParams: [...ignoredParams, ...given.ignoredParams],
    wishes: readReasoning(whole.generationConfig).wishes,
  };
}

function wholeRequest(fields: z.output<typeof schema>): GeminiRequest {
  const { generateContentRequest: whole, contents: given } = fields;
  if (whole && given)
    throw invalidValue("generateContentRequest", "cannot be used together with contents");
  if (whole) return whole;
  if (given) return { ...fields, contents: given };
  throw new ServiceError("missing_parameter", "contents is required", { param: "contents" });
}
