// Gemini's model list. https://ai.google.dev/api/models

import { z } from "zod";
import * as field from "../shared/field-types.ts";
import { wholeNumber } from "../shared/queries.ts";

const METHODS = ["generateContent", "streamGenerateContent", "countTokens"] as const;
const DEFAULT_PAGE = 50;

export const geminiModel = z.strictObject({
  name: z.string(),
  baseModelId: z.string(),
  version: z.string(),
  displayName: z.string(),
  description: z.string(),
  inputTokenLimit: z.int().optional(),
  outputTokenLimit: z.int().optional(),
  supportedGenerationMethods: z.array(z.enum(METHODS)),
  temperature: z.literal(1),
  maxTemperature: z.literal(2),
  topP: z.literal(1),
});

export const geminiModelList = z.strictObject({
  models: z.array(geminiModel),
  nextPageToken: z.string().optional(),
});

/** All /v1beta routes accept `?key=`; the authentication middleware has already checked it. */
const keyQuery = {
  key: field.text("An API key, for clients that cannot send headers."),
};

export const geminiModelQuery = z.object(keyQuery);

export const geminiModelsQuery = z.object({
  ...keyQuery,
  pageSize: field.optional(wholeNumber(0, 1_000_000), "Maximum number of models; 0 or none: 50."),
  pageToken: field.optional(wholeNumber(0, 1_000_000), "`nextPageToken` of the previous page."),
});

type Page = z.output<typeof geminiModelsQuery>;
export type GeminiModel = z.output<typeof geminiModel>;

/** @param contextTokens null until the model has been loaded */
export function describeGeminiModel(id: string, contextTokens: number | null): GeminiModel {
  return {
    name: `models/${id}`,
    baseModelId: id,
    version: "1",
    displayName: id,
    description: "A GGUF model, served by Sluice",
    ...(contextTokens === null
      ? {}
      : { inputTokenLimit: contextTokens, outputTokenLimit: contextTokens }),
    supportedGenerationMethods: [...METHODS],
    temperature: 1,
    maxTemperature: 2,
    topP: 1,
  };
}

/** One page of the list. A page token is the number of models before the page. */
export function pageOf(
  models: readonly GeminiModel[],
  { pageSize, pageToken }: Page,
): z.output<typeof geminiModelList> {
  const from = pageToken ?? 0;
  const to = from + (pageSize || DEFAULT_PAGE);
  const next = to < models.length ? { nextPageToken: `${to}` } : {};
  return { models: models.slice(from, to), ...next };
}
