// Builds the grammar that restricts an answer to calls of the given tools, with arguments that match their schemas.

import { ServiceError } from "../../errors.ts";
import { RecentCache } from "../../generation/recent-cache.ts";
import type { Tool } from "../../generation/request.ts";
import { CompileBudget } from "../../grammar/compile-budget.ts";
import { grammarProblem, sizeProblem } from "../../grammar/grammar-cost.ts";
import { schemaRules } from "../../grammar/json-schema.ts";
import { literal, oneOf } from "../../grammar/rules.ts";
import { SchemaError } from "../../grammar/schema-keywords.ts";
import { JSON_SYNTAX, type Syntax } from "../../grammar/syntax.ts";
import type { ToolFormat } from "./tool-format.ts";

export type CallGrammarOptions = {
  readonly format: ToolFormat;
  readonly tools: readonly Pick<Tool, "name" | "parameters" | "rules">[];
  readonly isParallel: boolean;
  /** Whether the answer must be a call. */
  readonly isRequired: boolean;
  /** GBNF of an answer without calls, with the rule `root` on its own line; null if such an answer is unrestricted. */
  readonly answer: string | null;
};

/** Compiling here blocks all streams. This budget limits it to 30 ms. */
const BUDGET_UNITS = 80_000;

/**
 * @returns GBNF whose rule `root` allows calls of these tools, or the answer
 * @throws SchemaError when the schemas exceed the compile budget
 */
export function callGrammar({
  format: { grammar, syntax },
  tools,
  isParallel,
  isRequired,
  answer,
}: CallGrammarOptions): string {
  const budget = new CompileBudget(BUDGET_UNITS);
  const calls = tools.map((tool) => ({
    call: grammar.call({ name: literal(tool.name), args: tool.rules.name }),
    rules: rulesOf(tool, syntax, budget),
  }));
  const more = isParallel && grammar.between !== null ? `( ${grammar.between} call )*` : "";
  const lead = isRequired ? grammar.lead : "";
  const all = [lead, grammar.begin, "call", more, grammar.end].filter(Boolean).join(" ");
  return [
    `root ::= ${answer === null ? all : `${all} | answer`}`,
    ...(answer === null ? [] : [answer.replace(/^root ::=/m, "answer ::=")]),
    `call ::= ${oneOf(calls.map(({ call }) => call))}`,
    ...calls.map(({ rules }) => rules),
  ].join("\n");
}

/** The server process has already compiled the schemas for JSON, the syntax of most models. */
function rulesOf(
  { parameters, rules }: Pick<Tool, "parameters" | "rules">,
  syntax: Syntax,
  budget: CompileBudget,
): string {
  if (syntax === JSON_SYNTAX) return rules.text;
  const prefix = `${rules.name}-`;
  return schemaRules(parameters, { prefix, rule: rules.name, syntax, budget }).toString();
}

const CACHE_BYTES = 16 * 1024 * 1024;

/** Caches grammars, because clients send the same tools with each turn of a conversation. */
export class CallGrammars {
  readonly #cache = new RecentCache<string>(CACHE_BYTES);

  /** @throws ServiceError 400 when the grammar is too large */
  get(options: CallGrammarOptions): string {
    const key = keyOf(options);
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const grammar = checkedGrammar(options);
    this.#cache.set(key, grammar, 2 * grammar.length);
    return grammar;
  }
}

/** The rules for JSON identify the schemas, whatever syntax the model uses. */
function keyOf({ format, tools, isParallel, isRequired, answer }: CallGrammarOptions): string {
  const calls = tools.map(({ name, rules }) => [name, rules.text]);
  return JSON.stringify([format.name, isParallel, isRequired, answer, calls]);
}

function checkedGrammar(options: CallGrammarOptions): string {
  try {
    const grammar = callGrammar(options);
    const problem = problemOf(grammar, options);
    if (problem === null) return grammar;
    throw unsupported(`together they make a grammar that ${problem}`);
  } catch (error) {
    throw error instanceof SchemaError ? unsupported(error.message) : error;
  }
}

/** The server process has already checked the rules for JSON, tool by tool, so only their sum is checked here. */
function problemOf(grammar: string, { format, tools, answer }: CallGrammarOptions): string | null {
  if (format.syntax !== JSON_SYNTAX || answer !== null) return grammarProblem(grammar);
  return sizeProblem(tools.reduce((sum, { rules }) => sum + rules.elements, 0));
}

function unsupported(reason: string): ServiceError {
  return new ServiceError("unsupported_schema", `tools: ${reason}`, {
    field: "tools",
  });
}
