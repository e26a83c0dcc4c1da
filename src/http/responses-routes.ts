// Below /v1/responses/{id}: a response that is kept, for its owner: to read, to follow, to stop, to delete.
// https://platform.openai.com/docs/api-reference/responses

import type { Express, Request, Response } from "express";
import { openaiResponses } from "../api/openai-responses.ts";
import {
  encodeDeleted,
  encodeInputItems,
  inputItemsQuery,
  parseQuery,
  retrieveQuery,
} from "../api/responses-queries.ts";
import { ServiceError } from "../errors.ts";
import { eventsDropped } from "../resume/event-log.ts";
import type { KeptResponse } from "../resume/response-store.ts";
import { watchClient } from "./disconnect.ts";
import { destroyIfStuck, type HandlerDeps } from "./exchange.ts";
import { followLog } from "./follow-log.ts";
import { nameIgnored, refuseUnknown } from "./ignored-params.ts";
import { methodNotAllowed, ownerOf, requestIdOf } from "./middleware.ts";
import { SseStream } from "./sse.ts";

const ONE = `${openaiResponses.path}/:id`;
const CANCEL = `${ONE}/cancel`;
const INPUT_ITEMS = `${ONE}/input_items`;

/** A response that was stopped has ended by then, unless its worker hangs. */
const STOP_MS = 5_000;

export function mountResponses(app: Express, deps: HandlerDeps): void {
  const { responses } = deps;
  const kept = (req: Request, res: Response) => responses.get(idOf(req), ownerOf(res));

  app.get(ONE, async (req, res) => {
    const query = checkedQuery(req, res, retrieveQuery, deps);
    const response = kept(req, res);
    if (query.stream)
      return stream(response, { req, res, deps, after: query.starting_after ?? -1 });
    refuseAlone(query.starting_after);
    res.json(response.state());
  });
  app.delete(ONE, (req, res) => {
    responses.delete(idOf(req), ownerOf(res));
    res.json(encodeDeleted(idOf(req)));
  });
  app.all(ONE, methodNotAllowed("GET, DELETE"));

  app.post(CANCEL, async (req, res) => {
    const response = kept(req, res);
    await stop(response);
    res.json(response.state());
  });
  app.all(CANCEL, methodNotAllowed("POST"));

  app.get(INPUT_ITEMS, (req, res) => {
    const query = checkedQuery(req, res, inputItemsQuery, deps);
    res.json(encodeInputItems(kept(req, res).input(), query));
  });
  app.all(INPUT_ITEMS, methodNotAllowed("GET"));
}

function idOf(req: Request): string {
  return String(req.params.id);
}

function checkedQuery<T extends Parameters<typeof parseQuery>[0]>(
  req: Request,
  res: Response,
  schema: T,
  { options }: HandlerDeps,
) {
  const { fields, ignoredParams } = parseQuery(schema, req.query);
  refuseUnknown({ ignoredParams }, options.isStrict);
  nameIgnored(res, { ignoredParams });
  return fields;
}

function refuseAlone(startingAfter: number | null | undefined): void {
  if (startingAfter === null || startingAfter === undefined) return;
  throw new ServiceError(
    "invalid_value",
    "starting_after is about a stream: it needs stream=true",
    {
      param: "starting_after",
    },
  );
}

type Reader = {
  readonly req: Request;
  readonly res: Response;
  readonly deps: HandlerDeps;
  readonly after: number;
};

async function stream(
  { log, news }: KeptResponse,
  { req, res, deps, after }: Reader,
): Promise<void> {
  if (log.isDropped) throw eventsDropped();
  const { heartbeatMs, stallTimeoutMs, requestTimeoutMs } = deps.options;
  const { signal, dispose } = watchClient(req, res, requestTimeoutMs);
  const sse = new SseStream({
    res,
    heartbeatMs,
    heartbeat: null,
    stallTimeoutMs,
    signal,
    status: news,
  });
  const requestId = requestIdOf(res);
  try {
    await followLog({
      ...{ log, after, sse, signal, requestId, logger: deps.log },
      errorFrame: (error) => ({
        data: JSON.stringify(openaiResponses.encodeError(error, requestId)),
      }),
    });
  } finally {
    dispose();
    destroyIfStuck(res, stallTimeoutMs);
  }
}

/** @throws ServiceError 400 for one that has ended by itself, as OpenAI has it; stopping twice is no mistake */
async function stop(response: KeptResponse): Promise<void> {
  if (response.isRunning) {
    response.abort(new ServiceError("cancelled", "the response was stopped from outside"));
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise((resolve) => {
      timer = setTimeout(resolve, STOP_MS);
    });
    await Promise.race([response.hasEnded, limit]);
    clearTimeout(timer);
    return;
  }
  const { status } = response.state() as { readonly status: string };
  if (status === "cancelled") return;
  throw new ServiceError("invalid_value", `the response has ended: it is ${status}`);
}
