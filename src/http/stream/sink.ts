// The end of an answer's way: deliver.ts writes the frames of one answer to one sink.

import type { Frame } from "../../api/dialect.ts";
import type { ServiceError } from "../../errors.ts";
import type { KeptResponse } from "../../resume/stored-responses.ts";

export interface Sink {
  /** Whether it takes the whole answer as one body, in a single frame, instead of the frames of a stream. */
  readonly takesBody: boolean;
  /** The request was accepted: its answer begins. @param response null if the answer is not stored */
  begin(response: KeptResponse | null): void;
  /** @returns a promise if the sink is full: it resolves when it takes more. @throws ServiceError, if no client reads any more */
  send(frames: readonly Frame[]): Promise<void> | undefined;
  /** The answer is complete. Called before the engine has freed the slot, so that the client does not wait for that. */
  end(): void;
  /** The answer failed, before or after `begin()`. @param last the frames that tell the client so */
  fail(error: ServiceError, last: readonly Frame[]): void;
  /** Nothing follows. Called once, after `end()` or `fail()`. */
  close(): void;
}
