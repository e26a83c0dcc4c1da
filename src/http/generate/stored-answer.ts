// Ends an answer in the response store: its final state, and whether a later request may continue it.

import type { Frame } from "../../api/dialect.ts";
import { type ServiceError, wasStopped } from "../../errors.ts";
import { requestIdOf } from "../server/response-locals.ts";
import type { AcceptedExchange, StoredAnswer } from "./accept.ts";

export function endStoredAnswer({ stored }: AcceptedExchange): void {
  if (stored) end(stored, null);
}

/** @returns the last frames of the stream; null if the dialect has none for a failure */
export function failAnswer(
  { stored, encoder, record, res }: AcceptedExchange,
  error: ServiceError,
): readonly Frame[] | null {
  const frames = encoder.fail?.(error, requestIdOf(res), record.receipt) ?? null;
  if (stored) {
    stored.response.log.append(frames ?? []);
    end(stored, wasStopped(error) ? null : `it failed with ${error.code}`);
  }
  return frames;
}

function end({ response, encoder }: StoredAnswer, closed: string | null): void {
  response.end({
    state: encoder.state(false),
    output: encoder.output(),
    closed,
    replay: () => encoder.replay(),
  });
}
