// Security headers: no MIME sniffing on any answer, and a strict Content-Security-Policy for pages.

import type { RequestHandler } from "express";
import helmet from "helmet";

export const NO_SNIFF = { "x-content-type-options": "nosniff" } as const;

export function noSniff(): RequestHandler {
  return (_req, res, next) => {
    res.set(NO_SNIFF);
    next();
  };
}

/** Pages load scripts and styles from files of this server only, nothing inline, and cannot be framed. */
const ALLOWED_SOURCES = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", "data:"],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  workerSrc: ["'self'"],
  frameSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

type Sources = Partial<Record<keyof typeof ALLOWED_SOURCES, readonly string[]>>;

/**
 * Required for every path that sends HTML.
 * @param more sources that replace the strict ones: `{ scriptSrc: ["'self'", "'sha256-...'"] }` for an inline script
 */
export function pageHeaders(more: Sources = {}): RequestHandler {
  return headers({ ...ALLOWED_SOURCES, ...more }, "deny");
}

export type FrameRights = Sources & {
  /** Whether the frame has its own origin, so that it cannot read the page's storage. */
  readonly isSandboxed: boolean;
};

/** @param script the hash of the only script that the frame runs */
export function frameHeaders(
  script: string,
  { isSandboxed, ...more }: FrameRights,
): RequestHandler {
  const sources = {
    defaultSrc: ["'none'"],
    scriptSrc: [script],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'self'"],
    ...more,
  };
  const setHeaders = headers(
    isSandboxed ? { ...sources, sandbox: ["allow-scripts"] } : sources,
    "sameorigin",
  );
  return (req, res, next) => setHeaders(req, res.set("cache-control", "no-cache"), next);
}

function headers(
  directives: Readonly<Record<string, readonly string[]>>,
  framing: "deny" | "sameorigin",
): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    // HSTS would force HTTPS on every server of the same host name, such as localhost. The operator's proxy may set it.
    strictTransportSecurity: false,
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: framing },
  });
}
