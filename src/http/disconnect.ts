// Client gone → AbortSignal. Also the request's total time limit, and aborts from the server's side.

import { setMaxListeners } from "node:events";
import type { Request, Response } from "express";
import { ServiceError } from "../errors.ts";

export type ClientWatch = {
  readonly signal: AbortSignal;
  readonly abort: (error: ServiceError) => void;
  /** From now on the client may leave. */
  readonly detach: () => void;
  /** To be called at the request's end: a kept-alive connection outlives it. */
  readonly dispose: () => void;
};

/** The signal is aborted when the client is gone, when the time is over, or by `abort`. Always with a ServiceError. */
export function watchClient(req: Request, res: Response, requestTimeoutMs: number): ClientWatch {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // each choice of an answer listens in several places
  const { socket } = req;
  const abort = (error: ServiceError) => controller.abort(error);
  const onGone = () => {
    if (!res.writableFinished) abort(new ServiceError("aborted", "the client has left"));
  };
  const timer = setTimeout(() => {
    const seconds = requestTimeoutMs / 1000;
    abort(new ServiceError("request_timeout", `not done within ${seconds} s (--request-timeout)`));
  }, requestTimeoutMs);
  // `close` of the request would fire as soon as its body is read. `end` is a client that half-closes: it has left too.
  res.once("close", onGone);
  socket.once("end", onGone);
  // A pipelined request that waits for its turn on the socket hears of nothing else; there may be many of them.
  socket.once("close", onGone);
  socket.setMaxListeners(0);
  if (socket.destroyed) onGone();
  const detach = () => {
    res.off("close", onGone);
    socket.off("end", onGone);
    socket.off("close", onGone);
  };
  const dispose = () => {
    clearTimeout(timer);
    detach();
  };
  return { signal: controller.signal, abort, detach, dispose };
}
