// What the HTTP layer knows about a request that ends, whatever handled it.

import type { Request, Response } from "express";
import type { ServiceError } from "../../errors.ts";
import type { EndedRequest } from "../../journal/journal.ts";
import { localsOf, requestIdOf } from "./response-locals.ts";

/** @param failure not yet sent if the headers are not; null for a complete answer */
export function requestFacts(
  req: Request,
  res: Response,
  failure: ServiceError | null,
): Pick<EndedRequest, "requestId" | "key" | "client" | "status" | "failure" | "trace"> {
  return {
    requestId: requestIdOf(res),
    key: localsOf(res).caller?.name ?? null,
    client: req.ip ?? null,
    status: res.headersSent ? res.statusCode : (failure?.traits.status ?? res.statusCode),
    failure,
    trace: localsOf(res).trace ?? null,
  };
}
