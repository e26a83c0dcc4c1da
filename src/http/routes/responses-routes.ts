// Below /v1/responses/{id}: a response that is kept, for its owner: to read, to follow, to stop, to delete.
// https://platform.openai.com/docs/api-reference/responses

import type { Express, Request, Response } from "express";
import {
  encodeDeleted,
  encodeInputItems,
  inputItemsQuery,
  retrieveQuery,
} from "../../api/responses/queries.ts";
import { openaiResponses } from "../../api/responses/responses.ts";
import { ServiceError } from "../../errors.ts";
import type { KeptResponse } from "../../resume/response-store.ts";
import type { HandlerDeps } from "../generate/exchange.ts";
import { methodNotAllowed, ownerOf } from "../server/middleware.ts";
import { followLog } from "../stream/follow-log.ts";
import { sseFraming } from "../stream/framing.ts";
import { endHead, makeReader } from "../stream/reader.ts";
import { checkedQuery } from "./checked-query.ts";

const ONE = `${openaiResponses.path}/:id`;
const CANCEL = `${ONE}/cancel`;
const INPUT_ITEMS = `${ONE}/input_items`;

/** A response that was stopped has ended by then, unless its worker hangs. */
const STOP_MS = 5_000;

export function mountResponses(app: Express, deps: HandlerDeps): void {
  const { responses } = deps;
  const kept = (req: Request, res: Response) => responses.get(idOf(req), ownerOf(res));

  app.get(ONE, (req, res) => {
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

type Asking = {
  readonly req: Request;
  readonly res: Response;
  readonly deps: HandlerDeps;
  readonly after: number;
};

function stream({ log, waitStatus: news }: KeptResponse, { req, res, deps, after }: Asking): void {
  log.check(after);
  if (req.method === "HEAD") return endHead(res);
  const reader = makeReader({
    ...{ req, res, deps, news, framing: sseFraming(null) },
    errorFrame: (error) => ({ data: JSON.stringify(openaiResponses.encodeError(error, "")) }),
  });
  void followLog({ ...reader, log, after });
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
