// Query strings of the paths below /v1/responses/{id}, and their answers except the response itself.
// https://platform.openai.com/docs/api-reference/responses

import { z } from "zod";
import * as field from "../shared/field-types.ts";
import { flag, wholeNumber } from "../shared/queries.ts";
import { invalidValue } from "../shared/refusals.ts";

/** Everything is always included. `include[]` is another spelling. */
const included = {
  include: z.unknown().optional().describe("Ignored: everything is always included."),
  "include[]": z.unknown().optional(),
};

/** Query of `GET /v1/responses/{id}`. */
export const retrieveQuery = z.object({
  stream: field.optional(flag, "Whether to stream the response's events from the first one."),
  starting_after: field.optional(
    wholeNumber(0, Number.MAX_SAFE_INTEGER),
    "For a stream: `sequence_number` of the last event received.",
  ),
  ...included,
  include_obfuscation: field.optional(flag, "Ignored: this server does not pad its events."),
});

/** Query of `GET /v1/responses/{id}/input_items`. */
export const inputItemsQuery = z.object({
  limit: field.optional(wholeNumber(1, 100), "Maximum number of items: 1 to 100. Default: 20."),
  order: field.optional(
    z.enum(["asc", "desc"], "must be asc or desc"),
    "Order of the items. Default: latest first.",
  ),
  after: field.text("Id of the item before the first one to return."),
  ...included,
});

export type InputItemsQuery = z.output<typeof inputItemsQuery>;

const DEFAULT_LIMIT = 20;

/** One page of a list in OpenAI's form. @throws ServiceError 400 naming `after` */
export function encodeInputItems(
  items: readonly object[],
  { limit, order, after }: InputItemsQuery,
): object {
  const all = items as readonly { readonly id: string }[]; // stored items have ids
  const ordered = order === "asc" ? all : all.toReversed();
  const begin = after ? indexAfter(after, ordered) : 0;
  const data = ordered.slice(begin, begin + (limit ?? DEFAULT_LIMIT));
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: begin + data.length < ordered.length,
  };
}

function indexAfter(after: string, items: readonly { readonly id: string }[]): number {
  const index = items.findIndex(({ id }) => id === after);
  if (index >= 0) return index + 1;
  throw invalidValue("after", "must be the id of one of the items");
}

export function encodeDeleted(id: string): object {
  return { id, object: "response", deleted: true };
}
