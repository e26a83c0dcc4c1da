// Prepares a Gemini body for its schema: one spelling of its names, texts in place of parts that are not
// text, and no tools of Google's server.

import { isObject } from "../shared/refusals.ts";
import { withReadableParts } from "./parts.ts";
import { inCamelCase } from "./spelling.ts";
import { withoutHosted } from "./tools.ts";

type NormalizedBody = {
  readonly body: unknown;
  /** The tools that were left out. */
  readonly ignoredParams: readonly string[];
};

/** @throws ServiceError 400 for media, and for bodies that are nested too deeply */
export function normalize(given: unknown): NormalizedBody {
  const { body, ignoredParams } = readable(inCamelCase(given), "");
  if (!isObject(body) || !isObject(body.generateContentRequest)) return { body, ignoredParams };
  const inner = readable(body.generateContentRequest, "generateContentRequest.");
  return {
    body: { ...body, generateContentRequest: inner.body },
    ignoredParams: [...ignoredParams, ...inner.ignoredParams],
  };
}

function readable(body: unknown, prefix: string): NormalizedBody {
  return withoutHosted(withReadableParts(body, prefix), prefix);
}
