// Headers that keep a browser from making of an answer what it is not; and the strict ones for whoever mounts a page.

import type { RequestHandler } from "express";
import helmet from "helmet";

export const NO_SNIFF = { "x-content-type-options": "nosniff" } as const;

export function noSniff(): RequestHandler {
  return (_req, res, next) => {
    res.set(NO_SNIFF);
    next();
  };
}

/** A page has its scripts and styles as files of its own: nothing inline, nothing from elsewhere, in nobody's frame. */
const ALLOWED_SOURCES = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", "data:"],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

type Sources = Partial<Record<keyof typeof ALLOWED_SOURCES, readonly string[]>>;

/**
 * For every path that sends HTML.
 * @param more sources instead of the strict ones: `{ scriptSrc: ["'self'", "'sha256-...'"] }` for an inline script
 */
export function pageHeaders(more: Sources = {}): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { ...ALLOWED_SOURCES, ...more } },
    // It would bind all that is served from localhost, by whomever, to HTTPS: the operator's decision, in the proxy.
    strictTransportSecurity: false,
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
  });
}
