// What a schema with its instances comes to, with the tests' own matcher of grammars.

import { expect, test } from "vitest";
import { judge } from "../../../scripts/schema-bench/judge.ts";
import { Gbnf } from "../../support/gbnf.ts";

const SCHEMA = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
const VALID = { valid: true, data: { a: 1 } };
const INVALID = { valid: false, data: { a: "1" } };
/** A valid instance that is marked as invalid, and the other way round. */
const WRONGLY_INVALID = { ...VALID, valid: false };
const WRONGLY_VALID = { ...INVALID, valid: true };

function load(grammar: string): (text: string) => boolean {
  const gbnf = new Gbnf(grammar);
  return (text) => gbnf.matches(text);
}

function judged(tests: readonly { readonly valid: boolean; readonly data: unknown }[]) {
  return judge({ id: "x", schema: SCHEMA, tests }, load);
}

test("a schema passes if every valid instance is accepted and every invalid one rejected", () => {
  expect(judged([VALID, INVALID, { valid: false, data: {} }])).toEqual({
    end: "judged",
    isCompiled: true,
    compileMs: expect.any(Number),
    valid: 1,
    validAccepted: 1,
    invalid: 2,
    invalidRejected: 2,
    why: null,
  });
});

test("a schema without instances passes if it compiles", () => {
  expect(judged([])).toMatchObject({ isCompiled: true, valid: 0, invalid: 0, why: null });
});

test("names the first valid instance that is rejected", () => {
  expect(judged([VALID, WRONGLY_VALID, WRONGLY_VALID])).toMatchObject({
    valid: 3,
    validAccepted: 1,
    why: "valid rejected at index 1",
  });
});

test("names an accepted invalid instance before a rejected valid one", () => {
  expect(judged([WRONGLY_VALID, INVALID, WRONGLY_INVALID])).toMatchObject({
    invalid: 2,
    invalidRejected: 1,
    why: "invalid accepted at index 2",
  });
});

test("a schema that the compiler refuses counts no instances, and its reason has the path", () => {
  const schema = { type: "object", properties: { a: { type: "string", pattern: "(b)\\1" } } };

  expect(judge({ id: "x", schema, tests: [VALID] }, load)).toEqual({
    end: "judged",
    isCompiled: false,
    compileMs: expect.any(Number),
    valid: 0,
    validAccepted: 0,
    invalid: 0,
    invalidRejected: 0,
    why: expect.stringMatching(/^not compiled: properties\.a\.pattern: \S/),
  });
});

test("a grammar that cannot be loaded does not count as compiled", () => {
  const refuse = () => {
    throw new Error("Failed to parse grammar");
  };

  expect(judge({ id: "x", schema: SCHEMA, tests: [VALID] }, refuse)).toMatchObject({
    end: "judged",
    isCompiled: false,
    valid: 0,
    why: "grammar refused by llama.cpp",
  });
});

test("any other error of the compiler is a fault, not a refusal", () => {
  const schema = {
    get type() {
      throw new RangeError("stack");
    },
  };

  expect(judge({ id: "x", schema, tests: [VALID] }, load)).toMatchObject({
    end: "fault",
    isCompiled: false,
    compileMs: null,
    why: "the compiler failed: RangeError: stack",
  });
});
