// The end of an answer that is kept for its client: how it stands from then on, and whether somebody can go on from it.

import type { Frame } from "../../api/dialect.ts";
import { type ServiceError, wasStopped } from "../../errors.ts";
import { requestIdOf } from "../server/response-locals.ts";
import type { Accepted, Kept } from "./accept.ts";

export function endKept({ kept }: Accepted): void {
  if (kept) end(kept, null);
}

/** @returns the last frames of its stream; null where the dialect has none of its own */
export function failAnswer(
  { kept, encoder, record, res }: Accepted,
  error: ServiceError,
): readonly Frame[] | null {
  const frames = encoder.fail?.(error, requestIdOf(res), record.receipt) ?? null;
  if (kept) {
    kept.response.log.append(frames ?? []);
    end(kept, wasStopped(error) ? null : `it failed with ${error.code}`);
  }
  return frames;
}

function end({ response, encoder }: Kept, closed: string | null): void {
  response.end({
    state: encoder.state(false),
    output: encoder.output(),
    closed,
    replay: () => encoder.replay(),
  });
}
