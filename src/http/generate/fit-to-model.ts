// Fits a request to the loaded model: compiles its schemas, in the syntax in which the model writes arguments, and finds the
// wishes that the model cannot grant. Only then are all ignored fields known. They are named, or refused with --strict.

import type { Response } from "express";
import type { Wish } from "../../api/dialect.ts";
import { NO_SCHEMAS } from "../../compile/compiled-request.ts";
import type { SchemaCompiler } from "../../compile/schema-compiler.ts";
import {
  type CompiledDocument,
  documentOf,
  type SchemaDocument,
} from "../../compile/schema-document.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import type { AskedRequest } from "../../generation/request.ts";
import { JSON_SYNTAX } from "../../generation/syntax.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { ownerOf } from "../server/response-locals.ts";

export type FitDeps = {
  readonly schemas: Pick<SchemaCompiler, "compile">;
  readonly isStrict: boolean;
};

type FitOptions = {
  readonly res: Response;
  /** Waits until the model is loaded. */
  readonly ready: () => Promise<ModelInfo>;
  readonly signal: AbortSignal;
  /** Undefined for a question that is not about a request. */
  readonly request: AskedRequest | undefined;
  /** The ignored fields known so far. */
  readonly ignoredParams: readonly string[];
  readonly wishes: readonly Wish[];
};

/** @throws ServiceError 400 for schemas that cannot be compiled; the signal's reason */
export async function fitToModel(
  { res, ready, signal, request, ignoredParams, wishes }: FitOptions,
  { schemas, isStrict }: FitDeps,
): Promise<CompiledDocument> {
  const document = request ? documentOf(request) : null;
  const dependsOnModel = wishes.length > 0 || (document?.tools.length ?? 0) > 0;
  const model = dependsOnModel ? await ready() : null;
  const unmet = model ? wishes.filter((wish) => !wish.isMetBy(model)) : [];
  const compile = (given: SchemaDocument) => {
    const syntax = model?.argumentSyntax ?? JSON_SYNTAX;
    return schemas.compile({ ...given, syntax }, { signal, owner: ownerOf(res) });
  };
  const compiled = document ? await compile(document) : NO_SCHEMAS;
  const ignored = [...unmet.map(({ field }) => field), ...compiled.ignored];
  if (ignored.length === 0) return compiled;
  refuseUnknown({ ignoredParams: ignored }, isStrict);
  const all = new Set([...ignoredParams, ...ignored]);
  // A stream that has waited for a while has sent its headers already.
  if (!res.headersSent) nameIgnored(res, { ignoredParams: [...all] });
  return compiled;
}
