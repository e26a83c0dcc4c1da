// The grammar that holds an answer to calls of the tools that there are, with arguments of their schemas.

import { ServiceError } from "../errors.ts";
import type { Tool } from "../generation/request.ts";
import { grammarProblem } from "../grammar/grammar-cost.ts";
import { schemaRules } from "../grammar/json-schema.ts";
import { literal, oneOf } from "../grammar/rules.ts";
import type { ToolFormat } from "./tool-format.ts";

export type CallGrammarOptions = {
  readonly format: ToolFormat;
  readonly tools: readonly Pick<Tool, "name" | "parameters">[];
  readonly isParallel: boolean;
  /** Whether the answer has to be a call: then it is all that the answer may be. */
  readonly isRequired: boolean;
  /** What the answer has to be where it is no call, as GBNF with a rule `root` on a line of its own; null when it may be anything. */
  readonly answer: string | null;
};

/** @returns GBNF whose rule `root` is calls of these tools, or the answer */
export function callGrammar({
  format: { grammar, syntax },
  tools,
  isParallel,
  isRequired,
  answer,
}: CallGrammarOptions): string {
  const calls = tools.map(({ name, parameters }, index) => {
    const [prefix, rule] = [`tool${index}-`, `tool${index}-arguments`];
    return {
      call: grammar.call({ name: literal(name), args: rule }),
      rules: schemaRules(parameters, { prefix, rule, syntax }),
    };
  });
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

/** So many different ones are kept. */
const MOST_KEPT = 64;

/** Those who call tools send the same ones with each turn of a conversation: their grammar is made once. */
export class CallGrammars {
  readonly #kept = new Map<string, string>();

  /** @throws ServiceError 400 when it would keep the model's process busy */
  of(options: CallGrammarOptions): string {
    const key = JSON.stringify({ ...options, format: options.format.name });
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const grammar = callGrammar(options);
    const problem = grammarProblem(grammar);
    if (problem !== null)
      throw new ServiceError(
        "unsupported_schema",
        `tools: together they make a grammar that ${problem}`,
        {
          param: "tools",
        },
      );
    this.#kept.set(key, grammar);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return grammar;
  }
}
