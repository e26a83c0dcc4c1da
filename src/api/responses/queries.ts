// What is asked about a response that is kept: queries of the paths below /v1/responses/{id}, and the answers that are not
// the response itself. https://platform.openai.com/docs/api-reference/responses

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import { flag, wholeNumber } from "../shared/queries.ts";

/** Of `GET /v1/responses/{id}`. */
export const retrieveQuery = z.object({
  stream: flag.nullish(),
  /** `sequence_number` of the last event that the client has. */
  starting_after: wholeNumber(0, Number.MAX_SAFE_INTEGER).nullish(),
  include: z.unknown().optional(), // there is nothing that it would add
  "include[]": z.unknown().optional(),
  include_obfuscation: flag.nullish(), // nothing is padded
});

/** Of `GET /v1/responses/{id}/input_items`. */
export const inputItemsQuery = z.object({
  limit: wholeNumber(1, 100).nullish(),
  order: z.enum(["asc", "desc"], "asc or desc").nullish(),
  /** Id of the item after which the list begins. */
  after: z.string().nullish(),
  include: z.unknown().optional(), // there is nothing that it would add
  "include[]": z.unknown().optional(),
});

export type InputItemsQuery = z.output<typeof inputItemsQuery>;

const DEFAULT_LIMIT = 20;

/** One page of a list, in OpenAI's form. @throws ServiceError 400 naming `after` */
export function encodeInputItems(
  items: readonly object[],
  { limit, order, after }: InputItemsQuery,
): object {
  const all = items as readonly { readonly id: string }[]; // kept items have ids
  const ordered = order === "asc" ? all : all.toReversed();
  const begin = after ? placeAfter(after, ordered) : 0;
  const data = ordered.slice(begin, begin + (limit ?? DEFAULT_LIMIT));
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: begin + data.length < ordered.length,
  };
}

function placeAfter(after: string, items: readonly { readonly id: string }[]): number {
  const place = items.findIndex(({ id }) => id === after);
  if (place >= 0) return place + 1;
  throw new ServiceError("invalid_value", "after: there is no item of this id", { param: "after" });
}

export function encodeDeleted(id: string): object {
  return { id, object: "response", deleted: true };
}
