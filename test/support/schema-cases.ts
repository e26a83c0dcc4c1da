// Tables of schemas, with values that the grammar of each accepts or rejects.

import { describe, expect, test } from "vitest";
import { Gbnf } from "./gbnf.ts";
import { schemaGrammar } from "./schema-grammar.ts";

export type SchemaCase = {
  readonly schema: unknown;
  readonly accepts: readonly unknown[];
  readonly rejects: readonly unknown[];
};

/** Declares a test for each value of each case. */
export function describeSchemas(cases: Readonly<Record<string, SchemaCase>>): void {
  describe.each(Object.entries(cases))("%s", (_name, { schema, accepts, rejects }) => {
    const grammar = new Gbnf(schemaGrammar(schema));
    test.each(accepts.map((value) => JSON.stringify(value)))("accepts %s", (text) => {
      expect(grammar.matches(text)).toBe(true);
    });
    test.each(rejects.map((value) => JSON.stringify(value)))("rejects %s", (text) => {
      expect(grammar.matches(text)).toBe(false);
    });
  });
}
