// POST /v1beta/models/{model}:countTokens: how long a prompt is, as its answer's usage would say.
// https://ai.google.dev/api/tokens

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { ParseContext } from "../dialect.ts";
import type { Endpoint } from "../endpoint.ts";
import { parseBody } from "../shared/parse-body.ts";
import { geminiError, geminiTokenCount } from "./answer.ts";
import { contents, refuseMedia } from "./content.ts";
import {
  type GeminiRequest,
  geminiFields,
  geminiGenerate,
  requestOf,
  UNSUPPORTED,
} from "./generate.ts";
import { isObject, spelled } from "./spelling.ts";

/** The conversation alone, with what belongs to it, or a whole request. */
const schema = z.object({
  ...geminiFields,
  contents: contents.nullish(),
  generateContentRequest: z.looseObject(geminiFields).nullish(),
});

export const geminiCountTokens: Endpoint = {
  path: "/v1beta/models/{model}:countTokens",

  contract: {
    name: "GeminiTokenCount",
    tag: "Gemini",
    summary: "Counts the tokens of a conversation",
    body: schema,
    unsupported: UNSUPPORTED,
    example: { contents: [{ role: "user", parts: [{ text: "Hi" }] }] },
    answer: geminiTokenCount,
    error: geminiError,
    codes: geminiGenerate.contract.codes,
  },

  parse(body, context) {
    const asked = parseAsked(body, context);
    const { request } = asked;
    return {
      ...asked,
      answer: async (ask) => {
        const { promptTokens } = await ask({ type: "prepare", request });
        const totalTokens = promptTokens.length;
        return {
          totalTokens,
          promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }],
        };
      },
    };
  },
};

function parseAsked(body: unknown, context: ParseContext) {
  const given = spelled(body);
  refuseMedia(given);
  if (isObject(given)) refuseMedia(given.generateContentRequest);
  const { fields, ignoredParams } = parseBody(schema, given, UNSUPPORTED);
  const request = requestOf(wholeRequest(fields), context);
  return { request, model: context.model ?? null, ignoredParams };
}

function wholeRequest(fields: z.output<typeof schema>): GeminiRequest {
  const { generateContentRequest: whole, contents: said } = fields;
  if (whole && said) {
    throw new ServiceError(
      "invalid_value",
      "generateContentRequest cannot be used here: contents already says what is counted",
      { param: "generateContentRequest" },
    );
  }
  if (whole) return whole;
  if (said) return { ...fields, contents: said };
  throw new ServiceError("missing_parameter", "contents is required", { param: "contents" });
}
