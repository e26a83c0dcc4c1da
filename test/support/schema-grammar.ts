// The grammar of a schema alone, as the answer to a request gets it.

import type { CompileBudget } from "../../src/grammar/compile-budget.ts";
import { schemaRules } from "../../src/grammar/json-schema.ts";

/** @returns a grammar whose rule `root` is JSON of this schema */
export function schemaGrammar(schema: unknown, budget?: CompileBudget): string {
  return schemaRules(schema, { rule: "root", ...(budget ? { budget } : {}) }).toString();
}
