// Compiles one schema and matches its instances: the work of a child process.

import { schemaRules } from "../../src/grammar/json-schema.ts";
import { SchemaError } from "../../src/grammar/schema-keywords.ts";
import type { SchemaCase, SchemaTest } from "./sets.ts";

export type Verdict = {
  /** `fault`: the compiler or the child process failed otherwise than by refusing the schema. */
  readonly end: "judged" | "timeout" | "fault";
  /** Whether there is a grammar and llama.cpp takes it; false after a timeout or a fault. */
  readonly isCompiled: boolean;
  /** Time until the compiler returned the grammar or refused the schema, in ms; null if it did neither. */
  readonly compileMs: number | null;
  /** Counts of instances; all are 0 unless the schema compiles. */
  readonly valid: number;
  readonly validAccepted: number;
  readonly invalid: number;
  readonly invalidRejected: number;
  /** Why the schema does not pass; null if it passes. */
  readonly why: string | null;
};

/** Loads a grammar. @returns a function that says whether a text matches it. @throws Error if the grammar is refused */
type GrammarLoader = (grammar: string) => (text: string) => boolean;

type Compiled =
  | { readonly grammar: string; readonly compileMs: number }
  | { readonly verdict: Verdict };

const UNJUDGED = { isCompiled: false, valid: 0, validAccepted: 0, invalid: 0, invalidRejected: 0 };

/** Argument of a child process that leaves out members which a schema does not mention. */
export const CLOSED = "--closed";

export function judge({ schema, tests }: SchemaCase, load: GrammarLoader, isOpen = true): Verdict {
  const compiled = compile(schema, isOpen);
  if ("verdict" in compiled) return compiled.verdict;
  const { grammar, compileMs } = compiled;
  let matches: (text: string) => boolean;
  try {
    matches = load(grammar);
  } catch {
    return { ...UNJUDGED, end: "judged", compileMs, why: REFUSED };
  }
  return { end: "judged", isCompiled: true, compileMs, ...matchAll(tests, matches) };
}

/** The `why` of a grammar that llama.cpp cannot parse. */
export const REFUSED = "grammar refused by llama.cpp";

export function withoutVerdict(end: "timeout" | "fault", why: string): Verdict {
  return { ...UNJUDGED, end, compileMs: null, why };
}

function compile(schema: unknown, isOpen: boolean): Compiled {
  const startedMs = performance.now();
  try {
    const grammar = schemaRules(schema, { isOpen }).toString();
    return { grammar, compileMs: performance.now() - startedMs };
  } catch (error) {
    const compileMs = performance.now() - startedMs;
    if (!(error instanceof SchemaError))
      return { verdict: withoutVerdict("fault", `the compiler failed: ${messageOf(error)}`) };
    const why = `not compiled: ${error.path}: ${error.message}`;
    return { verdict: { ...UNJUDGED, end: "judged", compileMs, why } };
  }
}

function matchAll(tests: readonly SchemaTest[], matches: (text: string) => boolean) {
  const results = tests.map(({ valid, data }) => ({
    valid,
    isAccepted: matches(JSON.stringify(data)),
  }));
  const count = (valid: boolean, isAccepted: boolean) =>
    results.filter((each) => each.valid === valid && each.isAccepted === isAccepted).length;
  const accepted = results.findIndex(({ valid, isAccepted }) => !valid && isAccepted);
  const rejected = results.findIndex(({ valid, isAccepted }) => valid && !isAccepted);
  return {
    valid: count(true, true) + count(true, false),
    validAccepted: count(true, true),
    invalid: count(false, true) + count(false, false),
    invalidRejected: count(false, false),
    why: whyNot(accepted, rejected),
  };
}

/** Names the accepted invalid instance if there are both, because that is the worse failure. Indexes are -1 for none. */
function whyNot(accepted: number, rejected: number): string | null {
  if (accepted >= 0) return `invalid accepted at index ${accepted}`;
  return rejected >= 0 ? `valid rejected at index ${rejected}` : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
