// Refuses pages of other origins unless --cors-origin allows them. Leaving out the CORS headers would not be enough: the page
// could not read the answer, but the request would have been served.

import cors from "cors";
import type { RequestHandler } from "express";
import { ServiceError } from "../../errors.ts";

/** The request headers that SDKs, EventSource and this API's clients send. */
const REQUEST_HEADER =
  /^(accept|authorization|cache-control|content-type|idempotency-key|last-event-id|x-api-key|x-deadline-ms|x-request-id|x-requested-with|x-resumable|(anthropic|openai|x-goog|x-stainless)-[\w-]+)$/i;
const RATE_LIMITS = ["limit", "remaining", "reset"].flatMap((what) => [
  `x-ratelimit-${what}-requests`,
  `x-ratelimit-${what}-tokens`,
]);
const EXPOSED = [
  "location",
  "x-request-id",
  "request-id",
  "x-ignored-params",
  "x-cache-miss",
  "retry-after",
  "server-timing",
  ...RATE_LIMITS,
];
/** How long a browser may cache a preflight answer: the longest that browsers allow. */
const PREFLIGHT_SECONDS = 7_200;
const MAX_SHOWN_CHARS = 100;

/** @param origins the allowed ones in lower case; `*` allows any */
export function checkOrigin(origins: readonly string[]): RequestHandler {
  const allowed = new Set(origins);
  const isOpen = allowed.has("*");
  const share = cors((req, done) => {
    const requested = req.headers["access-control-request-headers"]?.split(",") ?? [];
    done(null, {
      origin: isOpen ? "*" : true,
      methods: ["GET", "HEAD", "POST", "DELETE"],
      allowedHeaders: requested
        .map((name) => name.trim())
        .filter((name) => REQUEST_HEADER.test(name)),
      exposedHeaders: EXPOSED,
      maxAge: PREFLIGHT_SECONDS,
    });
  });
  return (req, res, next) => {
    const origin = req.get("origin")?.toLowerCase();
    if (!isOpen) res.vary("origin");
    if (origin === undefined || isOwn(origin, req.host)) return next();
    if (isOpen || allowed.has(origin)) return share(req, res, next);
    const shown = origin.slice(0, MAX_SHOWN_CHARS);
    const message = `pages of ${shown} may not use this server; allow them with --cors-origin ${shown}`;
    throw new ServiceError("origin_not_allowed", message);
  };
}

/** The scheme may differ: a proxy in front may use HTTPS. */
function isOwn(origin: string, host: string | undefined): boolean {
  const [, scheme, authority] = /^(https?):\/\/(.+)$/.exec(origin) ?? [];
  const usualPort = scheme === "https" ? /:443$/ : /:80$/;
  return authority !== undefined && authority === host?.toLowerCase().replace(usualPort, "");
}
