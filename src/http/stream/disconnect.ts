// Turns a client's disconnect into an AbortSignal. The server can abort too; time-limits.ts adds the time limits.

import { setMaxListeners } from "node:events";
import type { Request, Response } from "express";
import { ServiceError } from "../../errors.ts";

/** Ends one request. */
export type RequestEnds = {
  readonly signal: AbortSignal;
  readonly abort: (error: ServiceError) => void;
  /** Aborted when the answer must end with the text it has. */
  readonly deadline: AbortSignal;
  readonly end: (error: ServiceError) => void;
};

export type ClientWatch = RequestEnds & {
  /** From now on a disconnect aborts nothing. */
  readonly detach: () => void;
  /** Must be called when the request ends: a keep-alive connection outlives it. */
  readonly dispose: () => void;
};

/** The signal is aborted when the client disconnects, or by `abort`; always with a ServiceError. */
export function watchClient(req: Request, res: Response): ClientWatch {
  const ends = requestEnds();
  const { socket } = req;
  const onDisconnect = () => {
    if (!res.writableFinished) ends.abort(new ServiceError("aborted", "the client disconnected"));
  };
  // Not `close` of the request: it fires as soon as the body is read. A half-closed connection (`end`) counts as a disconnect.
  res.once("close", onDisconnect);
  socket.once("end", onDisconnect);
  // A pipelined request whose answer has to wait gets no other event. A connection may have many of them.
  socket.once("close", onDisconnect);
  socket.setMaxListeners(0);
  if (socket.destroyed) onDisconnect();
  const detach = () => {
    res.off("close", onDisconnect);
    socket.off("end", onDisconnect);
    socket.off("close", onDisconnect);
  };
  return { ...ends, detach, dispose: detach };
}

/** For a request without a connection: only the server aborts it. */
export function requestEnds(): RequestEnds {
  const controller = new AbortController();
  const deadline = new AbortController();
  setMaxListeners(0, controller.signal, deadline.signal); // each choice adds several listeners
  return {
    signal: controller.signal,
    abort: (error) => controller.abort(error),
    deadline: deadline.signal,
    end: (error) => deadline.abort(error),
  };
}
