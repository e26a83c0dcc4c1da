// /v1/responses/{id}: reads, follows, cancels and deletes a stored response, for its owner.
// https://platform.openai.com/docs/api-reference/responses

import type { Express, Request, Response } from "express";
import type { Frame } from "../../api/dialect.ts";
import {
  encodeDeleted,
  encodeInputItems,
  inputItemsQuery,
  retrieveQuery,
} from "../../api/responses/queries.ts";
import { openaiResponses } from "../../api/responses/responses.ts";
import { invalidValue } from "../../api/shared/refusals.ts";
import { ServiceError } from "../../errors.ts";
import { settlesWithin } from "../../generation/deferred.ts";
import { inputItemsOf } from "../../resume/conversation.ts";
import {
  eventsOf,
  type KeptResponse,
  type StoredResponses,
} from "../../resume/stored-responses.ts";
import { methodNotAllowed, mountGet, mountPost } from "../server/middleware.ts";
import { ownerOf } from "../server/response-locals.ts";
import { framingOf } from "../stream/framing.ts";
import { endHead, LogReader, type LogReaderDeps } from "../stream/log-reader.ts";
import { checkedQuery } from "./checked-query.ts";

const RESPONSE_PATH = `${openaiResponses.path}/:id`;

/** A cancelled response ends within this time, unless its worker hangs. */
const STOP_MS = 5_000;

export type ResponsesDeps = LogReaderDeps & {
  readonly responses: Pick<StoredResponses, "get" | "delete">;
  readonly isStrict: boolean;
};

export function mountResponses(app: Express, deps: ResponsesDeps): void {
  const { responses, isStrict } = deps;
  const kept = (req: Request, res: Response) => responses.get(idOf(req), ownerOf(res));

  app.get(RESPONSE_PATH, (req, res) => {
    const query = checkedQuery(req, res, retrieveQuery, isStrict);
    const response = kept(req, res);
    if (!query.stream) {
      if (query.starting_after != null)
        throw invalidValue("starting_after", "requires stream=true");
      return void res.json(response.state());
    }
    const after = query.starting_after ?? -1;
    const log = eventsOf(response);
    log.check(after);
    if (req.method === "HEAD") return endHead(res);
    const { waitStatus } = response;
    const options = { req, res, framing: framingOf(res), waitStatus, errorFrame };
    void new LogReader(options, deps).follow(log, after);
  });
  app.delete(RESPONSE_PATH, (req, res) => {
    responses.delete(idOf(req), ownerOf(res));
    res.json(encodeDeleted(idOf(req)));
  });
  app.all(RESPONSE_PATH, methodNotAllowed("GET, DELETE"));

  mountPost(app, `${RESPONSE_PATH}/cancel`, async (req, res) => {
    const response = kept(req, res);
    await stop(response);
    res.json(response.state());
  });

  mountGet(app, `${RESPONSE_PATH}/input_items`, (req, res) => {
    const query = checkedQuery(req, res, inputItemsQuery, isStrict);
    res.json(encodeInputItems(inputItemsOf(kept(req, res).turn), query));
  });
}

function idOf(req: Request): string {
  return String(req.params.id);
}

function errorFrame(error: ServiceError): Frame {
  return { data: JSON.stringify(openaiResponses.encodeError(error, "")) };
}

/** @throws ServiceError 400 if it has ended otherwise, as OpenAI does; cancelling twice is allowed */
async function stop(response: KeptResponse): Promise<void> {
  if (response.isRunning) {
    response.abort(
      new ServiceError("cancelled", "the response was cancelled by a request to /cancel"),
    );
    await settlesWithin(response.hasEnded.promise, STOP_MS);
    return;
  }
  const { status } = response.state() as { readonly status: string };
  if (status === "cancelled") return;
  const message = `the response has ended already: its status is ${status}`;
  throw new ServiceError("invalid_value", message);
}
