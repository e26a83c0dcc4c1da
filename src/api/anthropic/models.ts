// Anthropic's model list, for clients that send the header `anthropic-version`. https://docs.anthropic.com/en/api/models-list

import { z } from "zod";
import * as field from "../shared/field-types.ts";
import { wholeNumber } from "../shared/queries.ts";
import { invalidValue } from "../shared/refusals.ts";

const count = z.int().min(0);
const DEFAULT_PAGE = 20;

export const anthropicModel = z.strictObject({
  type: z.literal("model"),
  id: z.string(),
  display_name: z.string(),
  created_at: z.iso.datetime(),
  max_input_tokens: count.nullable(),
  max_tokens: count.nullable(),
});

export const anthropicModelList = z.strictObject({
  data: z.array(anthropicModel),
  has_more: z.boolean(),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
});

export const anthropicModelsQuery = z.object({
  limit: field.optional(wholeNumber(1, 1000), `Maximum number of models (${DEFAULT_PAGE}).`),
  after_id: field.text("The page begins after this model."),
  before_id: field.text("The page ends before this model."),
  beta: field.ignored("Ignored: Anthropic's SDKs send it."),
});

export type AnthropicModel = z.output<typeof anthropicModel>;

type DescribedModel = {
  readonly id: string;
  readonly createdAtSeconds: number;
  /** Null until the model has been loaded. */
  readonly contextTokens: number | null;
};

export function encodeAnthropicModel(model: DescribedModel): AnthropicModel {
  const { id, createdAtSeconds, contextTokens } = model;
  return {
    type: "model",
    id,
    display_name: id,
    created_at: new Date(createdAtSeconds * 1000).toISOString(),
    max_input_tokens: contextTokens,
    max_tokens: contextTokens,
  };
}

/** One page of the list. @throws ServiceError 400 for a page beside a model that is not in the list */
export function anthropicPage(
  models: readonly AnthropicModel[],
  { limit, after_id, before_id }: z.output<typeof anthropicModelsQuery>,
): z.output<typeof anthropicModelList> {
  const size = limit ?? DEFAULT_PAGE;
  const start = after_id ? indexOf(after_id, "after_id", models) + 1 : 0;
  const end = before_id ? indexOf(before_id, "before_id", models) : models.length;
  const isBackward = Boolean(before_id) && !after_id;
  const from = isBackward ? Math.max(start, end - size) : start;
  const data = models.slice(from, Math.min(end, from + size));
  return {
    data,
    has_more: isBackward ? from > start : from + size < end,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}

function indexOf(id: string, param: string, models: readonly AnthropicModel[]): number {
  const index = models.findIndex((model) => model.id === id);
  if (index < 0) throw invalidValue(param, "must be the id of a model in the list");
  return index;
}
