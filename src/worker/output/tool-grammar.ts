// The grammar that holds an answer to calls of the tools that there are, with arguments of their schemas.

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
  /** Whether the answer has to be a call: then it is all that the answer may be. */
  readonly isRequired: boolean;
  /** What the answer has to be where it is no call, as GBNF with a rule `root` on a line of its own; null when it may be anything. */
  readonly answer: string | null;
};

/** Compiling here keeps all streams waiting: this takes 30 ms at most. */
const BUDGET_UNITS = 80_000;

/**
 * @returns GBNF whose rule `root` is calls of these tools, or the answer
 * @throws SchemaError when its schemas are too much to compile here
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

/** The server has compiled the schemas for JSON, which most models write. */
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

/** Clients send the same tools with each turn of a conversation: their grammar is made once. */
export class CallGrammars {
  readonly #made = new RecentCache<string>(CACHE_BYTES);

  /** @throws ServiceError 400 when it would keep the model's process busy */
  of(options: CallGrammarOptions): string {
    const key = keyOf(options);
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const grammar = checkedGrammar(options);
    this.#made.set(key, grammar, 2 * grammar.length);
    return grammar;
  }
}

/** What the arguments are in JSON says all about them. */
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

/** What the server has compiled it has also checked, tool by tool. */
function problemOf(grammar: string, { format, tools, answer }: CallGrammarOptions): string | null {
  if (format.syntax !== JSON_SYNTAX || answer !== null) return grammarProblem(grammar);
  return sizeProblem(tools.reduce((sum, { rules }) => sum + rules.elements, 0));
}

function unsupported(reason: string): ServiceError {
  return new ServiceError("unsupported_schema", `tools: ${reason}`, { param: "tools" });
}
