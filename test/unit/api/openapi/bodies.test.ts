// The document's body schemas and the server accept the same bodies: a JSON schema validator and the parsers agree.

import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { APIS, OWN_APIS, rowsOf } from "../../../../scripts/conformance.ts";
import type { ParseContext } from "../../../../src/api/dialect.ts";
import { openapiDocument } from "../../../../src/api/openapi/document.ts";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../../../../src/api/wire-formats.ts";
import { ServiceError } from "../../../../src/errors.ts";

const CONTEXT: ParseContext = {
  defaultMaxTokens: null,
  allowsGrammar: true,
  randomSeed: () => 3,
  conversation: () => [],
};
const { paths, components } = openapiDocument("0");
const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema({
  $id: "doc",
  components,
});

/** Values that some fields accept and others refuse. */
const SIMPLE: readonly unknown[] = [
  ...["x", "", "auto", "none", "low", "right", "float", "word", "flex"],
  ...[0, -1, -2, 1, 2, 3, 0.5, 16, 17, 20, 21, 101, -101, 2_000_000, true, false, null],
  ...[[], [null], ["x"], ["x", 1], [""], [1], [-1], [[1]], [[]], [["x"]], {}, { a: { b: [1] } }],
];

/** Values for fields that hold objects or lists. */
const STRUCTURED: readonly unknown[] = [
  ...[{ type: "text" }, { type: "function" }, { type: "json_object" }, { type: "json_schema" }],
  ...[{ type: "auto" }, { type: "tool" }, { type: "disabled" }, { type: "enabled" }],
  ...[0, 1].map((budget_tokens) => ({ type: "enabled", budget_tokens })),
  ...[
    { type: "json_schema", schema: { type: "object" } },
    { type: "json_schema", name: "a", schema: {} },
  ],
  ...[{ 1: 1 }, { 1: 101 }, { a: 1 }, { a: "b" }, { effort: "low" }, { effort: "lots" }],
  ...[{ flush: "word" }, { flush: "x" }, { flush: 1001 }, { include_usage: 1 }],
  ...[{ format: { type: "text" } }, { format: { type: "xml" } }],
  ...[
    { name: "f", input_schema: {} },
    { type: "function", name: "f" },
    { type: "function", name: "f g" },
  ].map((tool) => [tool]),
  ...["f", "f g"].map((name) => [{ type: "function", function: { name } }]),
  ...["user", "assistant", "system", "developer", "tool", "robot"].flatMap((role) => [
    ...["a", null, "", [], [{ type: "text", text: "a" }], [{ type: "image" }], ["a"]].map(
      (content) => [{ role, content }],
    ),
    [{ type: "message", role, content: "a" }],
  ]),
  [{ role: "tool", tool_call_id: "1", content: "a" }],
  ...["tool_result", "thinking", "redacted_thinking", "text"].map((type) => [
    { role: "user", content: [{ type, text: "a", tool_use_id: "1", thinking: "a" }] },
  ]),
  ...["{}", 5].map((args) => [{ type: "function_call", call_id: "1", name: "a", arguments: args }]),
  ...[[{ text: "a" }], [{ text: 1 }], [{ type: "text", text: "a" }], [{ type: "image" }]],
];

/** An API that shares its fields with another one gets every fifth value: its schema is the other's. */
const SHARED_STEP = 5;

/** Bodies whose error involves several fields, or that a schema cannot describe. */
const BEYOND_SCHEMAS = [
  ...["max_tokens", "max_completion_tokens", "n_predict", "top_logprobs", "best_of"],
  ...["contents", "generateContentRequest"],
  ...["messages", "continue_final_message", "add_generation_prompt", "tool_choice"],
  ...["json_schema", "response_format", "format", "grammar", "tools", "text", "output_config"],
  ...["output_format", "input", "documents", "texts", "reasoning_effort", "chat_template_kwargs"],
];

/** Fields that are taken beside others only. */
const BESIDE: Readonly<Record<string, object>> = { stream_options: { stream: true } };

const PARSERS = [
  ...DIALECTS.map(({ path, parse }) => [path, (body: object) => parse(body, CONTEXT)] as const),
  ...ENDPOINTS.map(({ path, parse }) => [path, (body: object) => parse(body, CONTEXT)] as const),
  ...EMBEDDING_APIS.map(
    ({ paths: [path], parse }) => [path, (body: object) => parse(body)] as const,
  ),
];

function isTaken(parse: (body: object) => unknown, body: object): boolean {
  try {
    parse(body);
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}

test.each(PARSERS)("%s accepts exactly what the document allows", (path, parse) => {
  const api = APIS.find((each) => each.path === path);
  const reference = paths[path]?.post?.requestBody?.content["application/json"]?.schema.$ref;
  if (!api || !reference) throw new Error(`${path} is not in the document`);
  const validate = ajv.compile({ $ref: `doc${reference}` });
  const fields = rowsOf(api).filter((row) => !/[.[]/.test(row.path));
  const differences: string[] = [];
  const agreed = { taken: 0, refused: 0 };
  const step = OWN_APIS.includes(api) ? 1 : SHARED_STEP;
  for (const { path: field, allowed } of fields) {
    const values = /object|list/.test(allowed) ? [...SIMPLE, ...STRUCTURED] : SIMPLE;
    for (const value of values.filter((_, index) => index % step === 0)) {
      const { [field]: _, ...example } = { ...api.contract.example } as Record<string, unknown>;
      const body = { ...example, ...BESIDE[field], [field]: value };
      const [isDocumented, isServed] = [validate(body), isTaken(parse, body)];
      if (isDocumented === isServed) agreed[isServed ? "taken" : "refused"] += 1;
      else if (isServed || !BEYOND_SCHEMAS.includes(field))
        differences.push(
          `${field} ${JSON.stringify(value)} is ${isServed ? "only served" : "only documented"}`,
        );
    }
  }

  expect(differences).toEqual([]);
  expect(Math.min(agreed.taken, agreed.refused)).toBeGreaterThan(fields.length / step);
});
