// A JSON schema as table rows, with the allowed values in words.

import { expect, test } from "vitest";
import { fieldRows } from "../../../scripts/field-rows.ts";

function allowed(property: object): string {
  return fieldRows({ properties: { a: property } })[0]?.allowed ?? "";
}

test.each([
  [{ type: "string" }, "text"],
  [{ type: "string", minLength: 1, maxLength: 1024 }, "text (1 to 1,024 characters)"],
  [{ type: "number", minimum: 0, maximum: 2 }, "number from 0 to 2"],
  [{ type: "number", exclusiveMinimum: 0, maximum: 10 }, "number above 0 to 10"],
  [{ type: "integer", minimum: -1, not: { const: 0 } }, "integer from -1, not 0"],
  [{ type: ["boolean", "null"] }, "true or false"],
  [{ anyOf: [{ type: "string", enum: ["a", "b"] }, { type: "null" }] }, '"a", "b"'],
  [{ type: "array", items: { type: "string" }, maxItems: 16 }, "list of text (up to 16 elements)"],
  [{ type: "array", items: { type: "integer" }, minItems: 1 }, "list of integer (not empty)"],
  [{}, "anything"],
  [{ type: "null" }, ""],
])("%j is %j", (property, words) => {
  expect(allowed(property)).toBe(words);
});

test("lists the fields inside lists, objects and choices; a field is required if every form requires it", () => {
  const text = {
    properties: { type: { const: "text" }, text: { type: "string" } },
    required: ["type", "text"],
  };
  const image = { properties: { type: { const: "image" } }, required: ["type"] };
  const schema = { properties: { parts: { items: { oneOf: [text, image] } } } };

  const rows = fieldRows(schema);

  expect(rows.map(({ path, allowed, isRequired }) => [path, allowed, isRequired])).toEqual([
    ["parts", "anything", false],
    ["parts[].type", '"text", "image"', true],
    ["parts[].text", "text", false],
  ]);
});

test("shows the default, and marks fields without effect", () => {
  const schema = {
    properties: { a: { type: "boolean", default: false }, b: { "x-without-effect": true } },
  };

  const rows = fieldRows(schema);

  expect(rows.map(({ fallback, hasEffect }) => [fallback, hasEffect])).toEqual([
    ["false", true],
    [null, false],
  ]);
});
