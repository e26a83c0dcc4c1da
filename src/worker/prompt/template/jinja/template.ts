// Parses and renders a chat template. @huggingface/jinja parses it; the interpreter beside gives it Python's semantics. Output and
// errors are those of transformers' environment: trim_blocks, lstrip_blocks, raise_exception, strftime_now, tojson.

import { Environment, parse, tokenize } from "@huggingface/jinja";
import { type Node, PythonInterpreter } from "./interpreter.ts";
import { strftime } from "./strftime.ts";
import { textOf, valueFrom } from "./values.ts";

export type Template = {
  /** @throws TemplateRaised, or Error for what the template cannot do with these variables */
  readonly render: (variables: Readonly<Record<string, unknown>>) => string;
};

/** The template called `raise_exception`: it rejects these messages. */
export class TemplateRaised extends Error {}

/** @throws Error that names the line, for a template that cannot be parsed */
export function parseTemplate(source: string, now = () => new Date()): Template {
  const program = programOf(source);
  return {
    render: (variables) => {
      const scope = new Environment();
      for (const [name, value] of Object.entries({ ...globals(now), ...variables }))
        scope.setVariable(name, valueFrom(value));
      return textOf(new PythonInterpreter(scope).run(program));
    },
  };
}

function globals(now: () => Date): Readonly<Record<string, unknown>> {
  return {
    ...{ true: true, True: true, false: false, False: false, none: null, None: null },
    raise_exception: (message: unknown) => {
      throw new TemplateRaised(String(message));
    },
    strftime_now: (format: string) => strftime(now(), format),
    range,
  };
}

/** A loop over more numbers than this is no chat template's. */
const MAX_RANGE = 100_000;

function range(...bounds: readonly number[]): readonly number[] {
  const [first = 0, second, step = 1] = bounds;
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!(count <= MAX_RANGE)) throw new Error(`range() has more than ${MAX_RANGE} numbers`);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

type Token = ReturnType<typeof tokenize>[number];

function programOf(source: string): Node {
  const tokens = withTestArguments(tokensOf(withoutRaw(source.replace(/\r\n?/g, "\n"))));
  let furthest = 0;
  // The parser reads its tokens one after the other, so the furthest is the one that it could not take.
  const watched = new Proxy(tokens, {
    get: (target, key) => {
      const index = typeof key === "string" ? Number(key) : Number.NaN;
      if (index > furthest) furthest = index;
      return Reflect.get(target, key);
    },
  });
  try {
    return parse(watched) as unknown as Node; // the types of the tree are not exported
  } catch (error) {
    const line = lineOf(tokens.slice(0, furthest), source);
    throw new Error(`line ${line}: ${(error as Error).message}`, { cause: error });
  }
}

function tokensOf(source: string): Token[] {
  try {
    return tokenize(source, { lstrip_blocks: true, trim_blocks: true });
  } catch (error) {
    throw new Error(`cannot be split into tokens: ${(error as Error).message}`, { cause: error });
  }
}

/** Tokens have no positions, so each is searched for after the one before. */
function lineOf(tokens: readonly Token[], source: string): number {
  let at = 0;
  for (const { value } of tokens) {
    const found = source.indexOf(value.trim(), at);
    if (found >= 0) at = found + value.trim().length;
  }
  return source.slice(0, at).split("\n").length;
}

/** The parser has no `raw` blocks: each becomes an expression that prints its text. */
function withoutRaw(source: string): string {
  const blocks = /\{%([-+]?)\s*raw\s*(-?)%\}([\s\S]*?)\{%(-?)\s*endraw\s*([-+]?)%\}\n?/g;
  return source.replace(blocks, (_, before, trimsStart, body: string, trimsEnd, after) => {
    const start = trimsStart ? body.trimStart() : body;
    const text = JSON.stringify(trimsEnd ? start.trimEnd() : start);
    return `{{${before} ${text.replaceAll("'", "\\'")} ${after}}}`;
  });
}

/**
 * The parser takes tests without arguments only: `x is in y`, `x is eq(y)` and the like become comparisons, also without
 * parentheses.
 */
function withTestArguments(tokens: readonly Token[]): Token[] {
  const written: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const test = isWord(tokens[at], "is") ? testAt(tokens, at + 1) : null;
    if (test) written.push(...test.tokens);
    else written.push(tokens[at] as Token); // it is below the length
    if (test) at = test.end - 1;
  }
  return written;
}

/** Each test with its operator, and the operator of its negation. */
const COMPARISONS: Readonly<Record<string, readonly [string, string]>> = {
  ...{ eq: ["==", "!="], equalto: ["==", "!="], sameas: ["==", "!="], ne: ["!=", "=="] },
  ...{ gt: [">", "<="], greaterthan: [">", "<="], ge: [">=", "<"] },
  ...{ lt: ["<", ">="], lessthan: ["<", ">="], le: ["<=", ">"] },
};

/** What stands for the test that begins here, and the index behind it; null for a test without an argument. */
function testAt(tokens: readonly Token[], start: number) {
  const isNegated = isWord(tokens[start], "not");
  const at = isNegated ? start + 1 : start;
  const name = tokens[at]?.type === "Identifier" ? (tokens[at]?.value ?? "") : "";
  if (name === "in") return { tokens: tokens.slice(start, at), end: at };
  const operators = Object.hasOwn(COMPARISONS, name) ? COMPARISONS[name] : undefined;
  if (operators) return { tokens: [comparison(operators[isNegated ? 1 : 0] ?? "==")], end: at + 1 };
  if (name !== "divisibleby") return null;
  const end = endOfArgument(tokens, at + 1);
  const zero: Token = { value: "0", type: "NumericLiteral" };
  const remainder: Token = { value: "%", type: "MultiplicativeBinaryOperator" };
  const argument = tokens.slice(at + 1, end);
  return { tokens: [remainder, ...argument, comparison(isNegated ? "!=" : "=="), zero], end };
}

function comparison(value: string): Token {
  return { value, type: "ComparisonBinaryOperator" };
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.type === "Identifier" && token.value === word;
}

/** The index behind a parenthesis, or behind a single token. */
function endOfArgument(tokens: readonly Token[], start: number): number {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    if (tokens[at]?.type === "OpenParen") depth += 1;
    if (tokens[at]?.type === "CloseParen") depth -= 1;
    if (depth === 0) return at + 1;
  }
  return tokens.length;
}
