// JSON that is refused before any recursive code reads it.

import { expect, test } from "vitest";
import { checkShape } from "../../../../src/api/shared/json-shape.ts";
import { ServiceError } from "../../../../src/errors.ts";

function refusalOf(json: string, param: string | null = null): ServiceError {
  try {
    checkShape(JSON.parse(json), param);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

test("accepts a hundred levels of nesting", () => {
  expect(() => checkShape(JSON.parse(`{"a":${nested(100)}}`), null)).not.toThrow();
});

test.each([101, 10_000, 500_000])("refuses %i levels, naming the field", (depth) => {
  expect(refusalOf(`{"a":1,"b":${nested(depth)}}`)).toMatchObject({
    code: "invalid_value",
    param: "b",
    message: "b is nested more than 100 levels deep",
  });
});

test("refuses __proto__ at any depth, naming its path", () => {
  expect(refusalOf('{"a":[{},{"b":{"__proto__":1}}]}').param).toBe("a[1].b.__proto__");
  expect(refusalOf('{"__proto__":{}}').param).toBe("__proto__");
});

test("names the field that holds the JSON as text", () => {
  expect(refusalOf(`{"a":${nested(200)}}`, "x.arguments").param).toBe("x.arguments");
  expect(refusalOf('{"a":{"__proto__":1}}', "x.arguments").param).toBe("x.arguments");
});

test("accepts other names that are special in JavaScript", () => {
  expect(() => checkShape({ constructor: { prototype: {} }, toString: 1 }, null)).not.toThrow();
});

const listOf = (count: number, item: string) => `[${Array(count).fill(item).join()}]`;

test("accepts lists of a million numbers, and of tens of thousands of strings", () => {
  const body = `{"prompt":${listOf(1_000_000, "1")},"texts":${listOf(50_000, '"a"')}}`;

  expect(() => checkShape(JSON.parse(body), null)).not.toThrow();
});

test.each([
  ["25,000 objects and lists", `[${listOf(4_900, "{}")},${Array(5).fill(listOf(4_900, "[]")).join()}]`, "25000 objects and lists"],
  ["50,000 texts in one list", listOf(50_001, '"a"'), "50000 strings in lists"],
  ["50,000 texts in several lists", `[${listOf(30_000, '"a"')},{"c":${listOf(30_000, '"b"')}}]`, "50000 strings in lists"],
])("refuses more than %s, naming the field", (_what, json, words) => {
  const refusal = refusalOf(`{"a":1,"b":${json}}`);

  expect(refusal).toMatchObject({ code: "invalid_value", param: "b" });
  expect(refusal.message).toContain(words);
}); // biome-ignore format: a table
