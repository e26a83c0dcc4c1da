// Pages of other origins: none may use this server, unless --cors-origin lets them. They are refused, not only left without
// headers: a request that its page may not read has been served all the same.

import cors from "cors";
import type { RequestHandler } from "express";
import { ServiceError } from "../../errors.ts";

/** What SDKs, EventSources and this API's own clients send. */
const REQUEST_HEADER =
  /^(accept|authorization|cache-control|content-type|idempotency-key|last-event-id|x-api-key|x-deadline-ms|x-request-id|x-requested-with|x-resumable|(anthropic|openai|x-goog|x-stainless)-[\w-]+)$/i;
const RATE_LIMITS = ["limit", "remaining", "reset"].flatMap((what) => [
  `x-ratelimit-${what}-requests`,
  `x-ratelimit-${what}-tokens`,
]);
const EXPOSED = [
  ...["location", "x-request-id", "request-id", "x-ignored-params", "retry-after", "server-timing"],
  ...RATE_LIMITS,
];
/** The longest that a browser remembers what it may do. */
const PREFLIGHT_SECONDS = 7_200;
const LONGEST_SHOWN = 100;

/** @param origins in lower case; `*` is any */
export function checkOrigin(origins: readonly string[]): RequestHandler {
  const allowed = new Set(origins);
  const isOpen = allowed.has("*");
  const share = cors((req, done) => {
    const wanted = req.headers["access-control-request-headers"]?.split(",") ?? [];
    done(null, {
      origin: isOpen ? "*" : true,
      methods: ["GET", "HEAD", "POST", "DELETE"],
      allowedHeaders: wanted.map((name) => name.trim()).filter((name) => REQUEST_HEADER.test(name)),
      exposedHeaders: EXPOSED,
      maxAge: PREFLIGHT_SECONDS,
    });
  });
  return (req, res, next) => {
    const origin = req.get("origin")?.toLowerCase();
    if (!isOpen) res.vary("origin");
    if (origin === undefined || isOwn(origin, req.host)) return next();
    if (isOpen || allowed.has(origin)) return share(req, res, next);
    const shown = origin.slice(0, LONGEST_SHOWN);
    throw new ServiceError(
      "origin_not_allowed",
      `pages of ${shown} may not use this server: --cors-origin ${shown} lets them`,
    );
  };
}

/** The scheme may be another: a proxy in front may speak HTTPS. */
function isOwn(origin: string, host: string | undefined): boolean {
  const [, scheme, authority] = /^(https?):\/\/(.+)$/.exec(origin) ?? [];
  const usualPort = scheme === "https" ? /:443$/ : /:80$/;
  return authority !== undefined && authority === host?.toLowerCase().replace(usualPort, "");
}
