// Protects against DNS rebinding: a web page whose own host name resolves to this machine has the same origin as the server,
// so the origin guard lets it pass. Its requests carry its own host name, so unknown host names are refused.

import { isIP } from "node:net";
import type { Request, RequestHandler } from "express";
import { ServiceError } from "../../errors.ts";

const MAX_SHOWN_CHARS = 100;

/** @param names allowed besides localhost and IP addresses; `*` allows any */
export function checkHost(names: readonly string[]): RequestHandler {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return (req, _res, next) => {
    const unknown = known.has("*")
      ? undefined
      : authoritiesOf(req).find((each) => !isKnown(each, known));
    if (unknown === undefined) return next();
    const shown = unknown.slice(0, MAX_SHOWN_CHARS);
    const message = `the host name ${JSON.stringify(shown)} is not allowed; allow it with --allowed-host`;
    throw new ServiceError("host_not_allowed", message);
  };
}

/** The host of an absolute request target, and the Host header. Only HTTP/1.0 may lack both, and no browser uses it. */
function authoritiesOf({ originalUrl, headers }: Request): string[] {
  const [, inTarget] = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i.exec(originalUrl) ?? [];
  return [inTarget?.replace(/^.*@/, ""), headers.host].filter((each) => each !== undefined);
}

/** IP addresses are always allowed: they cannot be rebound. */
function isKnown(authority: string, known: ReadonlySet<string>): boolean {
  const name = hostOf(authority);
  if (name === "localhost" || name.endsWith(".localhost") || isIP(name) > 0) return true;
  return known.has(name);
}

/** Removes the port, brackets, and the final dot of a fully qualified name. */
export function hostOf(authority: string): string {
  const [, inBrackets, name = ""] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(authority) ?? [];
  return (inBrackets ?? name.replace(/\.$/, "")).toLowerCase();
}
