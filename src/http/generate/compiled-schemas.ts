// Compiles the schemas of a request before the engine gets it. Only then are the schema keywords known that cannot be
// enforced: they are named beside the ignored fields, or refused with --strict.

import type { Response } from "express";
import { NO_SCHEMAS } from "../../compile/compiled-request.ts";
import type { SchemaCompiler } from "../../compile/schema-compiler.ts";
import { type CompiledDocument, documentOf } from "../../compile/schema-document.ts";
import type { Engine } from "../../engine/engine.ts";
import { orAborted } from "../../generation/deferred.ts";
import type { AskedRequest } from "../../generation/request.ts";
import { JSON_SYNTAX } from "../../generation/syntax.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { ownerOf } from "../server/response-locals.ts";

export type CompileDeps = {
  readonly engine: Pick<Engine, "firstLoad">;
  readonly schemas: Pick<SchemaCompiler, "compile">;
  readonly isStrict: boolean;
};

type CompileOptions = {
  readonly res: Response;
  readonly signal: AbortSignal;
  /** Undefined for a question that is not about a request. */
  readonly request: AskedRequest | undefined;
  /** The ignored fields known so far. */
  readonly ignoredParams: readonly string[];
};

/** @throws ServiceError 400 for schemas that cannot be compiled; the signal's reason */
export async function compileSchemas(
  { res, signal, request, ignoredParams }: CompileOptions,
  { engine, schemas, isStrict }: CompileDeps,
): Promise<CompiledDocument> {
  const document = request ? documentOf(request) : null;
  if (!document) return NO_SCHEMAS;
  const model = document.tools.length > 0 ? await orAborted(engine.firstLoad, signal) : null;
  const syntax = model?.argumentSyntax ?? JSON_SYNTAX;
  const compiled = await schemas.compile({ ...document, syntax }, { signal, owner: ownerOf(res) });
  const { ignored } = compiled;
  refuseUnknown({ ignoredParams: ignored }, isStrict);
  // A stream that has waited for a while has sent its headers already.
  if (!res.headersSent) nameIgnored(res, { ignoredParams: [...ignoredParams, ...ignored] });
  return compiled;
}
