// Client gone → AbortSignal. Also aborts from the server's side; time-limits.ts adds those of time.

import { setMaxListeners } from "node:events";
import type { Request, Response } from "express";
import { ServiceError } from "../../errors.ts";

export type ClientWatch = {
  readonly signal: AbortSignal;
  readonly abort: (error: ServiceError) => void;
  /** Aborted when the answer is to end with what there is. */
  readonly deadline: AbortSignal;
  readonly end: (error: ServiceError) => void;
  /** From now on the client may leave. */
  readonly detach: () => void;
  /** To be called at the request's end: a kept-alive connection outlives it. */
  readonly dispose: () => void;
};

/** The signal is aborted when the client is gone, or by `abort`. Always with a ServiceError. */
export function watchClient(req: Request, res: Response): ClientWatch {
  const controller = new AbortController();
  const deadline = new AbortController();
  setMaxListeners(0, controller.signal, deadline.signal); // each choice of an answer listens in several places
  const { socket } = req;
  const abort = (error: ServiceError) => controller.abort(error);
  const onGone = () => {
    if (!res.writableFinished) abort(new ServiceError("aborted", "the client has left"));
  };
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
  return {
    signal: controller.signal,
    abort,
    deadline: deadline.signal,
    end: (error) => deadline.abort(error),
    detach,
    dispose: detach,
  };
}

/** Closes the connection of a response that has ended, but whose client does not read the rest within the limit. */
export function destroyIfStuck(res: Response, stallTimeoutMs: number): void {
  if (res.writableFinished || res.destroyed) return;
  const timer = setTimeout(() => res.destroy(), stallTimeoutMs);
  timer.unref();
  res.once("close", () => clearTimeout(timer));
}
