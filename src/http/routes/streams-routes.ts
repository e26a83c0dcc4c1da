// /v1/streams/{id}: continues or stops a resumable stream, for its owner or for a client that has its token.

import type { Express, Request, RequestHandler, Response } from "express";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { streamQuery } from "../../api/shared/queries.ts";
import { invalidValue } from "../../api/shared/refusals.ts";
import { ServiceError } from "../../errors.ts";
import type { Claim, KeptAnswer } from "../../resume/kept-answers.ts";
import { STREAMS_PATH } from "../generate/sinks.ts";
import { StreamTakeUp, type TakeUpDeps } from "../generate/take-up.ts";
import { methodNotAllowed } from "../server/middleware.ts";
import { localsOf, ownerOf } from "../server/response-locals.ts";
import { BARE_SSE, framingOf } from "../stream/framing.ts";
import { endHead, LogReader, type LogReaderDeps } from "../stream/log-reader.ts";
import { checkedQuery } from "./checked-query.ts";

const ONE = `${STREAMS_PATH}/:id`;

export type StreamsDeps = LogReaderDeps &
  TakeUpDeps & {
    readonly isStrict: boolean;
  };

type StreamRoutes = {
  /** For clients with a token. Goes before the authentication middleware: an EventSource cannot send a key in a header. */
  readonly mountByToken: (app: Express) => void;
  /** For the owner of the key. */
  readonly mountByOwner: (app: Express) => void;
};

export function streamRoutes(deps: StreamsDeps): StreamRoutes {
  const takeUp = new StreamTakeUp(deps);
  const serve = (call: Omit<StreamCall, "takeUp">) => serveStream({ ...call, takeUp }, deps);
  const withToken: RequestHandler = (req, res, next) => {
    if (req.query.token === undefined || !["GET", "HEAD", "DELETE"].includes(req.method))
      return next();
    return serve({ req, res, claim: { token: String(req.query.token) } });
  };
  const asOwner: RequestHandler = (req, res) => serve({ req, res, claim: { owner: ownerOf(res) } });
  return {
    mountByToken: (app) => void app.all(ONE, withToken),
    mountByOwner: (app) => {
      app.get(ONE, asOwner);
      app.delete(ONE, asOwner);
      app.all(ONE, methodNotAllowed("GET, DELETE"));
    },
  };
}

type StreamCall = {
  readonly req: Request;
  readonly res: Response;
  readonly claim: Claim;
  readonly takeUp: StreamTakeUp;
};

/** @throws ServiceError `not_found`, or `engine_unavailable` if the nodes cannot be asked */
async function serveStream(
  { req, res, claim, takeUp }: StreamCall,
  deps: StreamsDeps,
): Promise<void> {
  const { streams } = deps;
  const id = String(req.params.id);
  const stream = streams.find(id, claim) ?? (await takeUp.find(id, claim));
  if (!stream) {
    const message = `no such stream; streams are kept for ${streams.options.keepMs / 1000} s without a reader (--resume-grace) and are lost on restart`;
    throw new ServiceError("not_found", message);
  }
  if (req.method === "HEAD") return endHead(res);
  if (req.method === "GET") return resume(req, res, deps, stream);
  if (stream.isRunning)
    stream.abort(new ServiceError("cancelled", "the stream was stopped by another request"));
  else streams.remove(stream);
  res.status(204).end();
}

function resume(req: Request, res: Response, deps: StreamsDeps, stream: KeptAnswer): void {
  const query = checkedQuery(req, res, streamQuery, deps.isStrict);
  const after = lastEventId(req, query.last_event_id ?? -1);
  stream.log.check(after);
  if (stream.log.isReadTo(after)) return void res.status(204).end(); // an EventSource reconnects until it gets a 204
  const errorFrame = (error: ServiceError) => ({ data: JSON.stringify(encodeOpenaiError(error)) });
  const { waitStatus } = stream;
  if (stream.isBare) localsOf(res).streamFormat ??= BARE_SSE;
  const reader = new LogReader({ req, res, framing: framingOf(res), waitStatus, errorFrame }, deps);
  void reader.follow(stream.log, after).finally(deps.streams.attach(stream));
}

/** When an EventSource reconnects, it sends the header to its first address, so the header counts before the query. */
function lastEventId(req: Request, otherwise: number): number {
  const given = req.get("last-event-id");
  if (given === undefined || given === "") return otherwise;
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw invalidValue("last-event-id", "must be the id of an event of this stream");
}
