// Before the engine sees a request, its schemas are compiled. Keywords of tools that are not enforced are known only then:
// they are named beside the ignored fields, or refused under --strict.

import type { Response } from "express";
import { NO_SCHEMAS } from "../../compile/compiled-request.ts";
import { type CompiledDocument, documentOf } from "../../compile/schema-document.ts";
import type { AskedRequest } from "../../generation/request.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { ownerOf } from "../server/response-locals.ts";
import type { HandlerDeps } from "./exchange.ts";

type Compiling = {
  readonly deps: Pick<HandlerDeps, "schemas" | "options">;
  readonly res: Response;
  readonly signal: AbortSignal;
  /** Undefined for a question about no request. */
  readonly request: AskedRequest | undefined;
  /** What is known to be ignored. */
  readonly ignoredParams: readonly string[];
};

/** @throws ServiceError 400 for schemas that cannot be compiled; the signal's reason */
export async function compileSchemas(compiling: Compiling): Promise<CompiledDocument> {
  const { deps, res, signal, request, ignoredParams } = compiling;
  const document = request ? documentOf(request) : null;
  if (!document) return NO_SCHEMAS;
  const compiled = await deps.schemas.compile(document, { signal, owner: ownerOf(res) });
  const { ignored } = compiled;
  refuseUnknown({ ignoredParams: ignored }, deps.options.isStrict);
  // A stream that has waited for long has sent its headers.
  if (!res.headersSent) nameIgnored(res, { ignoredParams: [...ignoredParams, ...ignored] });
  return compiled;
}
