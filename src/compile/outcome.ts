// The outcome of compiling a document, in a form that can cross threads: compiled or refused.

import { ServiceError, toErrorCode, toServiceError } from "../errors.ts";
import type { CompiledDocument } from "./schema-document.ts";

export type CompileOutcome =
  | { readonly type: "compiled"; readonly compiled: CompiledDocument }
  | {
      readonly type: "refused";
      readonly code: string;
      readonly message: string;
      readonly param: string | null;
    };

/** The thread reports once it has started; after that it answers each document in turn. */
export type ThreadMessage = CompileOutcome | { readonly type: "ready" };

/** @param work throws the reason if the document is refused */
export function outcomeOf(work: () => CompiledDocument): CompileOutcome {
  try {
    return { type: "compiled", compiled: work() };
  } catch (error) {
    const { code, message, param } = toServiceError(error);
    return { type: "refused", code, message, param };
  }
}

/** @throws ServiceError if the document was refused */
export function compiledOf(outcome: CompileOutcome): CompiledDocument {
  if (outcome.type === "compiled") return outcome.compiled;
  const { code, message, param } = outcome;
  throw new ServiceError(toErrorCode(code), message, { param });
}

export function bytesOf(outcome: CompileOutcome): number {
  if (outcome.type === "refused") return 2 * outcome.message.length;
  const { grammar, toolRules, ignored } = outcome.compiled;
  const texts = [grammar ?? "", toolRules, ...ignored];
  return 2 * texts.reduce((sum, text) => sum + text.length, 0);
}
