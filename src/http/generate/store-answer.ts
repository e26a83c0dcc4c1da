// Reserves a place in the store for one answer, which its client can read while it is generated and afterwards.

import type { StoredAnswerEncoder, StoringOptions } from "../../api/dialect.ts";
import type { KeptResponse, StoredResponses } from "../../resume/stored-responses.ts";
import type { RequestEnds } from "../stream/disconnect.ts";
import type { Exchange } from "./exchange.ts";

export type StoreDeps = { readonly responses: Pick<StoredResponses, "begin"> };

type StoreOptions = Pick<Exchange, "admission" | "waitStatus"> &
  Pick<RequestEnds, "abort"> &
  Pick<StoringOptions, "previousId"> & {
    readonly owner: string;
    readonly encoder: StoredAnswerEncoder;
  };

/** Null if the store is full. @throws ServiceError if the previous response has been removed in the meantime */
export function storeAnswer(options: StoreOptions, { responses }: StoreDeps): KeptResponse | null {
  const { owner, encoder, previousId, admission, waitStatus, abort } = options;
  const isWaiting = () => admission.place !== null;
  return responses.begin({
    id: encoder.id,
    owner,
    previousId,
    input: encoder.input(),
    state: () => encoder.state(isWaiting()),
    output: () => encoder.output(),
    replay: () => encoder.replay(),
    waitStatus,
    abort,
  });
}
