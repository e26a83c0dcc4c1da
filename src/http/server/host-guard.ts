// Which names this server answers to. A page that lets its own name point to this machine (DNS rebinding) is of one origin
// with the server, so no rule about origins stops it; its requests carry its name, though, and nobody else's.

import { isIP } from "node:net";
import type { Request, RequestHandler } from "express";
import { ServiceError } from "../../errors.ts";

const LONGEST_SHOWN = 100;

/** @param names besides localhost and addresses; `*` is any */
export function checkHost(names: readonly string[]): RequestHandler {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return (req, _res, next) => {
    const stranger = known.has("*")
      ? undefined
      : authoritiesOf(req).find((each) => !isKnown(each, known));
    if (stranger === undefined) return next();
    const shown = stranger.slice(0, LONGEST_SHOWN);
    throw new ServiceError(
      "host_not_allowed",
      `this server does not answer to the name ${JSON.stringify(shown)}: --allowed-host lets it`,
    );
  };
}

/** A target with a host of its own counts before the header. Only HTTP/1.0 has neither, and no browser speaks that. */
function authoritiesOf({ originalUrl, headers }: Request): string[] {
  const [, inTarget] = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i.exec(originalUrl) ?? [];
  return [inTarget?.replace(/^.*@/, ""), headers.host].filter((each) => each !== undefined);
}

/** Addresses cannot be rebound: a browser that has one in its address line asked for it. */
function isKnown(authority: string, known: ReadonlySet<string>): boolean {
  const name = hostOf(authority);
  if (name === "localhost" || name.endsWith(".localhost") || isIP(name) > 0) return true;
  return known.has(name);
}

/** Without port, brackets, and the dot of a full name. */
export function hostOf(authority: string): string {
  const [, inBrackets, name = ""] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(authority) ?? [];
  return (inBrackets ?? name.replace(/\.$/, "")).toLowerCase();
}
