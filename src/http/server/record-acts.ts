// Tells the audit what administrators do: load, unload, pull, rename and delete models.

import type { RequestHandler } from "express";
import type { AdminAct } from "../../journal/audit.ts";
import { requestFacts } from "./ended-request.ts";
import { localsOf } from "./response-locals.ts";

/** @param acted gets each act when its answer has ended, whether it was carried out or refused */
export function recordActs(acted: (act: AdminAct) => void): RequestHandler {
  return (req, res, next) => {
    if (req.method !== "POST" && req.method !== "DELETE") return next();
    const path = req.originalUrl.split("?")[0] ?? "";
    res.once("close", () => {
      const { requestId, key, client, status } = requestFacts(req, res, null);
      const model = localsOf(res).modelAsked ?? null;
      acted({ requestId, key, client, status, act: `${req.method} ${path}`, model });
    });
    next();
  };
}
