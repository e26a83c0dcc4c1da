// /v1/streams/{id}: a stream whose connection was lost, for its owner or for whoever has its token: to read on, or to stop.

import type { Express, Request, RequestHandler, Response } from "express";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { streamQuery } from "../../api/shared/queries.ts";
import { ServiceError } from "../../errors.ts";
import type { KeptStream } from "../../resume/stream-store.ts";
import type { HandlerDeps } from "../generate/exchange.ts";
import { STREAMS_PATH } from "../generate/resumable-answer.ts";
import { methodNotAllowed, ownerOf } from "../server/middleware.ts";
import { followLog } from "../stream/follow-log.ts";
import { sseFraming } from "../stream/framing.ts";
import { endHead, makeReader } from "../stream/reader.ts";
import { checkedQuery } from "./checked-query.ts";

const ONE = `${STREAMS_PATH}/:id`;

/** For those who have a token, before anybody is asked for a key: an EventSource can send no header. */
export function mountStreamsByToken(app: Express, deps: HandlerDeps): void {
  const withToken: RequestHandler = (req, res, next) => {
    if (req.query.token === undefined || !["GET", "HEAD", "DELETE"].includes(req.method))
      return next();
    const token = String(req.query.token);
    return serve(req, res, deps, deps.streams.get(idOf(req), { token }));
  };
  app.all(ONE, withToken);
}

/** For the owner of the key. */
export function mountStreams(app: Express, deps: HandlerDeps): void {
  const asOwner: RequestHandler = (req, res) =>
    serve(req, res, deps, deps.streams.get(idOf(req), { owner: ownerOf(res) }));
  app.get(ONE, asOwner);
  app.delete(ONE, asOwner);
  app.all(ONE, methodNotAllowed("GET, DELETE"));
}

function idOf(req: Request): string {
  return String(req.params.id);
}

function serve(req: Request, res: Response, deps: HandlerDeps, stream: KeptStream): void {
  if (req.method === "HEAD") return endHead(res);
  if (req.method === "GET") return resume(req, res, deps, stream);
  deps.streams.stop(stream);
  res.status(204).end();
}

function resume(req: Request, res: Response, deps: HandlerDeps, stream: KeptStream): void {
  const after = lastEventId(req, checkedQuery(req, res, streamQuery, deps).last_event_id ?? -1);
  stream.log.check(after);
  if (stream.log.isReadTo(after)) return void res.status(204).end(); // an EventSource comes back until it hears this
  const reader = makeReader({
    ...{ req, res, deps, news: stream.waitStatus, framing: sseFraming(null) },
    errorFrame: (error) => ({ data: JSON.stringify(encodeOpenaiError(error)) }),
  });
  void followLog({ ...reader, log: stream.log, after }).finally(stream.attach());
}

/** An EventSource sends the header when it comes back, with the address that it began with. */
function lastEventId(req: Request, otherwise: number): number {
  const given = req.get("last-event-id");
  if (given === undefined || given === "") return otherwise;
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw new ServiceError("invalid_value", "last-event-id is the id of an event of this stream", {
    param: "last-event-id",
  });
}
