// Builds the grammar that restricts an answer to calls of the given tools, with arguments that match their schemas.

import type { Tool } from "../../generation/request.ts";
import { anyNumberOf, choice, gbnf, oneOf, rule, sequence } from "../../grammar/nodes.ts";
import type { ToolFormat } from "./tool-format.ts";

export type CallGrammarOptions = {
  readonly format: Pick<ToolFormat, "grammar">;
  readonly tools: readonly Pick<Tool, "name" | "rule">[];
  /** GBNF of the arguments of all tools. */
  readonly rules: string;
  readonly isParallel: boolean;
  /** Whether the answer must be a call. */
  readonly isRequired: boolean;
  /** GBNF of an answer without calls, with the rule `root` on its own line; null if such an answer is unrestricted. */
  readonly answer: string | null;
};

/** @returns GBNF whose rule `root` allows calls of these tools, or the answer */
export function callGrammar({
  format: { grammar },
  tools,
  rules,
  isParallel,
  isRequired,
  answer,
}: CallGrammarOptions): string {
  const { lead = "", begin = "", between, end = "" } = grammar;
  const more = isParallel && between !== null ? anyNumberOf(between, rule("call")) : "";
  const calls = sequence(isRequired ? lead : "", begin, rule("call"), more, end);
  const root = answer === null ? calls : choice(calls, rule("answer"));
  const call = oneOf(tools.map(({ name, rule: args }) => grammar.call({ name, args: rule(args) })));
  return [
    `root ::= ${gbnf(root)}`,
    ...(answer === null ? [] : [answer.replace(/^root ::=/m, "answer ::=")]),
    `call ::= ${gbnf(call)}`,
    rules,
  ].join("\n");
}
