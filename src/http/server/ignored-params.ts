// Fields of a body that nobody knows: named to the client, or refused under --strict.

import type { Response } from "express";
import { ServiceError } from "../../errors.ts";

/** A header has its limits: so many ignored fields are named, and so much of each name. */
const MAX_NAMED = 20;
const MAX_NAME_CHARS = 64;

type Parsed = { readonly ignoredParams: readonly string[] };

export function refuseUnknown({ ignoredParams }: Parsed, isStrict: boolean): void {
  const [param] = ignoredParams;
  if (!isStrict || param === undefined) return;
  throw new ServiceError(
    "unknown_parameter",
    `${param} would be ignored, which --strict does not allow`,
    {
      param,
    },
  );
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
