import { expect, test } from "vitest";
import { inCamelCase } from "../../../../src/api/gemini/spelling.ts";

test("converts snake_case names, and keeps the client's own names", () => {
  const own = { my_field: 1, contents: { parts: 1 } };
  const body = {
    system_instruction: { parts: { text: "a_b" } },
    generation_config: {
      max_output_tokens: 5,
      response_schema: {
        properties: { first_name: { max_length: "5" } },
        any_of: [{ min_items: 1 }],
      },
      response_json_schema: own,
    },
    contents: { parts: [{ function_call: { name: "a_b", args: own } }] },
  };

  expect(inCamelCase(body)).toEqual({
    systemInstruction: { parts: [{ text: "a_b" }] },
    generationConfig: {
      maxOutputTokens: 5,
      responseSchema: { properties: { first_name: { maxLength: "5" } }, anyOf: [{ minItems: 1 }] },
      responseJsonSchema: own,
    },
    contents: [{ parts: [{ functionCall: { name: "a_b", args: own } }] }],
  });
});

test("keeps the names of schemas and their references", () => {
  const given = {
    parameters: {
      $defs: { my_type: { min_items: 1 } },
      pattern_properties: { a_b: { $ref: "#/$defs/my_type" } },
      const: { a_b: 1 },
      required: ["a_b"],
    },
  };

  expect(inCamelCase(given)).toEqual({
    parameters: {
      $defs: { my_type: { minItems: 1 } },
      patternProperties: { a_b: { $ref: "#/$defs/my_type" } },
      const: { a_b: 1 },
      required: ["a_b"],
    },
  });
});

test("refuses a field in both spellings", () => {
  const both = { generationConfig: { top_k: 1, topK: 2 } };

  expect(() => inCamelCase(both)).toThrow("topK is given twice");
});

test.each([null, 5, "a", [[{ a_b: 1 }]]])(
  "leaves %o unchanged, because it is not a body",
  (body) => {
    expect(inCamelCase(body)).toEqual(body);
  },
);

test("keeps names with other underscores", () => {
  expect(inCamelCase({ _a: 1, a_: 2, A_B: 3, a__b: 4, __a_b: 5 })).toEqual({
    ...{ _a: 1, a_: 2, A_B: 3, a__b: 4, __aB: 5 },
  });
});
