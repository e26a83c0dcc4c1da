// A connection that reads a stream which somebody else writes: it may leave, or fall behind, and disturbs nobody.

import type { Request, Response } from "express";
import type { Frame } from "../../api/dialect.ts";
import type { ServiceError } from "../../errors.ts";
import { destroyIfStuck, type HandlerDeps } from "../generate/exchange.ts";
import { requestIdOf } from "../server/response-locals.ts";
import { watchClient } from "./disconnect.ts";
import type { Reader } from "./follow-log.ts";
import { type Framing, sseFraming } from "./framing.ts";
import { SseStream } from "./sse.ts";

export type ReaderOptions = {
  readonly req: Request;
  readonly res: Response;
  readonly deps: Pick<HandlerDeps, "options" | "log" | "sockets">;
  readonly framing: Framing;
  readonly news: () => string | null;
  readonly errorFrame: (error: ServiceError) => Frame;
};

export function makeReader({ req, res, deps, framing, news, errorFrame }: ReaderOptions): Reader {
  const { heartbeatMs, stallTimeoutMs } = deps.options;
  const { signal, abort, dispose } = watchClient(req, res); // its time is that of whoever writes
  const { sockets } = deps;
  const sse = new SseStream({
    ...{ res, framing, heartbeatMs, stallTimeoutMs, signal, abort, sockets },
    status: news,
  });
  const leave = () => {
    sse.close();
    dispose();
    destroyIfStuck(res, stallTimeoutMs);
  };
  return { sse, signal, errorFrame, logger: deps.log, requestId: requestIdOf(res), leave };
}

/** HEAD asks for the headers of a stream alone. It changes nothing: not even whether somebody reads that stream. */
export function endHead(res: Response): void {
  res.writeHead(200, { "content-type": sseFraming(null).contentType }).end();
}
