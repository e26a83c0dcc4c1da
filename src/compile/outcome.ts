// What became of a document, as it crosses from the thread: compiled, or refused.

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

/** The thread says when it has started: from then on it answers each document in turn. */
export type FromThread = CompileOutcome | { readonly type: "ready" };

/** @param work throws what the document is refused for */
export function outcomeOf(work: () => CompiledDocument): CompileOutcome {
  try {
    return { type: "compiled", compiled: work() };
  } catch (error) {
    const { code, message, param } = toServiceError(error);
    return { type: "refused", code, message, param };
  }
}

/** @throws ServiceError where it was refused */
export function compiledOf(outcome: CompileOutcome): CompiledDocument {
  if (outcome.type === "compiled") return outcome.compiled;
  const { code, message, param } = outcome;
  throw new ServiceError(toErrorCode(code), message, { param: param ?? undefined });
}

/** About how much memory it holds. */
export function bytesOf(outcome: CompileOutcome): number {
  if (outcome.type === "refused") return 2 * outcome.message.length;
  const { grammar, tools, ignored } = outcome.compiled;
  const texts = [grammar ?? "", ...tools.map(({ rules }) => rules.text), ...ignored];
  return 2 * texts.reduce((sum, text) => sum + text.length, 0);
}
