// /v1/requests: lists the caller's requests, waiting and running, and stops them.

import type { Express } from "express";
import { encodeRequests, encodeStopped } from "../../api/sluice/requests.ts";
import type { RunningRequests } from "../generate/running-requests.ts";
import { methodNotAllowed } from "../server/middleware.ts";
import { ownerOf } from "../server/response-locals.ts";

const REQUESTS_PATH = "/v1/requests";
const ONE = `${REQUESTS_PATH}/:id`;

export type RequestsDeps = { readonly requests: Pick<RunningRequests, "of" | "stop"> };

export function mountRequests(app: Express, { requests }: RequestsDeps): void {
  app.get(REQUESTS_PATH, (_req, res) => {
    const now = performance.now();
    const listed = requests.of(ownerOf(res)).map(({ state, startedAtMs, ...request }) => ({
      ...request,
      ...state(),
      ageMs: now - startedAtMs,
    }));
    res.json(encodeRequests(listed));
  });
  app.all(REQUESTS_PATH, methodNotAllowed("GET"));
  app.delete(ONE, (req, res) => {
    requests.stop(req.params.id, ownerOf(res));
    res.json(encodeStopped(req.params.id));
  });
  app.all(ONE, methodNotAllowed("DELETE"));
}
