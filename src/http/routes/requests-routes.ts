// /v1/requests: lists the caller's requests, waiting and running, and stops them.

import type { Express } from "express";
import { encodeRequests, encodeStopped } from "../../api/sluice/requests.ts";
import { ServiceError } from "../../errors.ts";
import type { Admissions } from "../../queue/admissions.ts";
import { methodNotAllowed, mountGet } from "../server/middleware.ts";
import { ownerOf } from "../server/response-locals.ts";

const REQUESTS_PATH = "/v1/requests";
const ONE = `${REQUESTS_PATH}/:id`;

/** @param queues whose requests are listed: only a request's owner may list and stop it */
export function mountRequests(app: Express, queues: ReadonlySet<Admissions>): void {
  const requestsOf = (owner: string) =>
    [...queues]
      .flatMap((queue) => queue.of(owner))
      .sort((one, other) => one.enteredAtMs - other.enteredAtMs);
  mountGet(app, REQUESTS_PATH, (_req, res) => {
    res.json(encodeRequests(requestsOf(ownerOf(res)).flatMap(({ listed }) => listed ?? [])));
  });
  app.delete(ONE, (req, res) => {
    const { id } = req.params;
    const found = requestsOf(ownerOf(res)).filter(({ listed }) => listed?.requestId === id);
    if (found.length === 0) {
      const shown = JSON.stringify(id.slice(0, 100));
      const message = `no request ${shown} is running; GET /v1/requests lists those that are`;
      throw new ServiceError("not_found", message);
    }
    const error = new ServiceError("cancelled", "the request was cancelled by DELETE /v1/requests");
    for (const request of found) request.abort(error);
    res.json(encodeStopped(id));
  });
  app.all(ONE, methodNotAllowed("DELETE"));
}
