// A connection that reads a stream written elsewhere: its disconnect or slowness does not affect the writer.

import type { Request, Response } from "express";
import type { Logger } from "pino";
import type { Frame } from "../../api/dialect.ts";
import type { ServiceError } from "../../errors.ts";
import { requestIdOf } from "../server/response-locals.ts";
import { destroyIfStuck, watchClient } from "./disconnect.ts";
import type { Reader } from "./follow-log.ts";
import { sseFraming } from "./framing.ts";
import { type SseOptions, SseStream } from "./sse.ts";

export type ReaderDeps = Pick<SseOptions, "socketWatch" | "heartbeatMs" | "stallTimeoutMs"> & {
  readonly log: Logger;
};

type ReaderOptions = Pick<SseOptions, "res" | "framing" | "waitStatus"> & {
  readonly req: Request;
  readonly errorFrame: (error: ServiceError) => Frame;
};

export function makeReader(options: ReaderOptions, deps: ReaderDeps): Reader {
  const { req, res, errorFrame } = options;
  const { stallTimeoutMs } = deps;
  const { signal, abort, dispose } = watchClient(req, res); // the writer keeps the time limits
  const sse = new SseStream({ ...options, ...deps, signal, abort });
  const leave = () => {
    sse.close();
    dispose();
    destroyIfStuck(res, stallTimeoutMs);
  };
  return { sse, signal, errorFrame, logger: deps.log, requestId: requestIdOf(res), leave };
}

/** Answers HEAD with the headers of a stream. The stream does not count this as a reader. */
export function endHead(res: Response): void {
  res.writeHead(200, { "content-type": sseFraming(null).contentType }).end();
}
