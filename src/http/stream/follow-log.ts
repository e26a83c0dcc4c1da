// A reader of a kept stream: what it missed, then what comes, until the end.

import type { Logger } from "pino";
import type { Frame } from "../../api/dialect.ts";
import { type ServiceError, stackOf, toServiceError } from "../../errors.ts";
import type { EventLog } from "../../resume/event-log.ts";
import { endBroken, type SseStream } from "./sse.ts";

/** A connection that reads. */
export type Reader = {
  readonly sse: SseStream;
  /** Aborted when it is gone. */
  readonly signal: AbortSignal;
  readonly errorFrame: (error: ServiceError) => Frame;
  readonly logger: Logger;
  readonly requestId: string;
  /** To be called when it has read all that it is to read. */
  readonly leave: () => void;
};

export type Following = Reader & {
  readonly log: EventLog;
  /** Number of the last event that the reader has; -1 for none. */
  readonly after: number;
};

/** Never throws: what goes wrong here ends this reader alone, and the writer never hears of it. */
export async function followLog(following: Following): Promise<void> {
  const { log, after, sse, signal, errorFrame, logger, requestId, leave } = following;
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
