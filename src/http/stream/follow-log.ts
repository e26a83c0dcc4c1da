// Sends the events of a log to one reader: first those it has missed, then the new ones, until the end.

import type { Logger } from "pino";
import type { Frame } from "../../api/dialect.ts";
import { type ServiceError, stackOf, toServiceError } from "../../errors.ts";
import type { EventLog } from "../../resume/event-log.ts";
import { endBroken, type SseStream } from "./sse.ts";

/** A connection that reads a log. */
export type Reader = {
  readonly sse: SseStream;
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal;
  readonly errorFrame: (error: ServiceError) => Frame;
  readonly logger: Logger;
  readonly requestId: string;
  /** Must be called when the reader is done. */
  readonly leave: () => void;
};

export type FollowOptions = Reader & {
  readonly log: EventLog;
  /** The number of the last event that the reader has; -1 for none. */
  readonly after: number;
};

/** Never throws: a failure ends this reader only, and does not affect the writer. */
export async function followLog(options: FollowOptions): Promise<void> {
  const { log, after, sse, signal, errorFrame, logger, requestId, leave } = options;
  try {
    sse.open();
    for await (const events of log.read(after, signal)) await sse.send(events);
    sse.end();
  } catch (thrown) {
    const error = toServiceError(thrown);
    if (error.code === "internal_error") {
      logger.error({ requestId, stack: stackOf(error.cause) }, "bug");
    }
    endBroken(sse, error, [errorFrame(error)]);
  } finally {
    leave();
  }
}
