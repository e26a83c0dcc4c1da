// Random schemas: whatever a grammar accepts is a value of its schema.

import { expect, test } from "vitest";
import type { Json } from "../../../src/generation/request.ts";
import { schemaRules } from "../../../src/grammar/json-schema.ts";
import { SchemaError } from "../../../src/grammar/schema-keywords.ts";
import { cases } from "../../support/cases.ts";
import { Gbnf } from "../../support/gbnf.ts";
import { GbnfSamples } from "../../support/gbnf-samples.ts";
import { RandomSchemas } from "../../support/random-schemas.ts";
import { SchemaValidator } from "../../support/schema-validator.ts";

/** Each seed is one test. */
const SEEDS = [1, 2, 3, 4];
const SCHEMAS = cases(100);
const VALUES = 12;

/** Null for a schema that is refused, or of which keywords are left out. */
function grammarOf(schema: Json, isStrict: boolean): Gbnf | null {
  const ignored = new Set<string>();
  try {
    const rules = schemaRules(schema, isStrict ? {} : { ignored });
    return ignored.size > 0 ? null : new Gbnf(rules.toString());
  } catch (error) {
    if (error instanceof SchemaError) return null;
    throw new Error(`${JSON.stringify(schema)} fails`, { cause: error });
  }
}

function namesIn(value: Json): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return own + Object.values(value).reduce<number>((sum, part) => sum + namesIn(part), 0);
}

/**
 * Whether the text means the same to all readers: each name is there once, which a grammar cannot ensure, and numbers are
 * read without rounding.
 */
function isPlain(text: string): boolean {
  const names = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/gs)].filter(([, colon]) => colon);
  const isExact = !/\d{16}|e-?\d\d/i.test(text);
  return isExact && names.length === namesIn(JSON.parse(text) as Json);
}

/** Null for a schema that refers to itself without end. */
function allows(validator: SchemaValidator, value: Json): boolean | null {
  try {
    return validator.allows(value);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Texts that the grammar accepts: some that it leads to, and some of random values. */
function acceptedBy(grammar: Gbnf, random: RandomSchemas): readonly string[] {
  const samples = new GbnfSamples(grammar, () => random.chance());
  const made = Array.from({ length: VALUES }, () => samples.text());
  const given = Array.from({ length: VALUES }, () => JSON.stringify(random.value()));
  return [...made.filter(isPlain), ...given.filter((text) => grammar.matches(text))];
}

test.each(SEEDS)("whatever a grammar accepts is a value of its schema (seed %i)", (seed) => {
  const random = new RandomSchemas(seed);
  let compiled = 0;
  for (let round = 0; round < SCHEMAS; round++) {
    const schema = random.document();
    const grammar = grammarOf(schema, round % 2 === 0);
    if (!grammar) continue;
    compiled += 1;
    const validator = new SchemaValidator(schema);
    const wrong = acceptedBy(grammar, random).filter((text) => allows(validator, JSON.parse(text) as Json) === false); // biome-ignore format: one line
    expect(wrong, JSON.stringify(schema)).toEqual([]);
  }
  expect(compiled).toBeGreaterThan(SCHEMAS / 4);
});
