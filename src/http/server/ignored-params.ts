// Ignored fields of a request: named in the header x-ignored-params, or refused with --strict.

import type { Response } from "express";
import { ServiceError } from "../../errors.ts";

/** The header names at most this many fields, with this many characters of each. */
const MAX_NAMED = 20;
const MAX_NAME_CHARS = 120;

type Parsed = { readonly ignoredParams: readonly string[] };

export function refuseUnknown({ ignoredParams }: Parsed, isStrict: boolean): void {
  const [param] = ignoredParams;
  if (!isStrict || param === undefined) return;
  const message = `${param} is not supported, and --strict refuses fields that would be ignored`;
  throw new ServiceError("unknown_parameter", message, { param });
}

export function nameIgnored(res: Response, { ignoredParams }: Parsed): void {
  if (ignoredParams.length === 0) return;
  const shown = ignoredParams.slice(0, MAX_NAMED).map((name) => {
    const encoded = encodeURIComponent(name.slice(0, MAX_NAME_CHARS).toWellFormed());
    return encoded.replaceAll("%5B", "[").replaceAll("%5D", "]");
  });
  const more = ignoredParams.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  res.setHeader("x-ignored-params", shown.join(", "));
}
