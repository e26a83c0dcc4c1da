// Every field of every body with values of all kinds: an answer, or a 400 in the right envelope that names the field. Every
// field that is refused, by its name. What is special to an API is in the tables of its own tests.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { APIS, rowsOf } from "../../../scripts/conformance.ts";
import type { Operation } from "../../../src/api/openapi/operation.ts";
import { envelopeOf, operations } from "../../../src/api/openapi/operations.ts";
import { type ErrorDetails, errorDetailsOf } from "../../support/clients/error-text.ts";
import { expectHeldTo, placeOf } from "../../support/clients/expect-schema.ts";
import { post } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFakeEmbeddings } from "../../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithFakeEmbeddings();
});
afterAll(async () => running.close());

/** JSON that no schema here takes everywhere, and JSON that is meant to do harm. */
const VALUES = [
  ...['"x"', '"\\ud800"', "1e308", "-1e308", "1e999", "0.5", "true", "[null]", "[[[]]]"],
  ...['{"a":{"b":[1]}}', '{"__proto__":{"polluted":true}}', '{"constructor":1}'],
  ...[
    `${"[".repeat(10_000)}${"]".repeat(10_000)}`,
    `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`,
  ],
];

/** Fields of the other form of a ranking. */
const OF_TEXTS = ["raw_scores", "return_text", "truncate", "truncation_direction"];

/** The API's example, with one field in raw JSON, which may be in another one: `options.mirostat`. */
async function send(operation: Operation, field: string, json: string) {
  const isOfTexts = operation.path === "/v1/rerank" && OF_TEXTS.includes(field);
  const around = isOfTexts ? { query: "q", texts: ["a"] } : operation.contract?.example;
  const [outer = "", ...inner] = field.split(".");
  const { [outer]: _, ...example } = { ...around } as Record<string, unknown>;
  const rest = JSON.stringify(example).slice(1);
  const value = inner.reduceRight((held, name) => `{${JSON.stringify(name)}:${held}}`, json);
  const body = `{${JSON.stringify(outer)}:${value}${rest === "}" ? "" : ","}${rest}`;
  const place = placeOf(operation.path, running.service.catalog.realId);
  const response = await post(running.url + place, body);
  const text = await response.text();
  const isLines = response.headers.get("content-type") === "application/x-ndjson";
  const answer: unknown = text.startsWith("{") && !isLines ? JSON.parse(text) : {};
  const told: Partial<ErrorDetails> = response.status === 200 ? {} : errorDetailsOf(answer);
  return { status: response.status, code: told.code, param: told.param, answer };
}

const POSTS = APIS.map((api) => {
  const operation = operations().find(({ path }) => path === api.path);
  if (!operation) throw new Error(`${api.path} is no operation`);
  const fields = rowsOf(api).filter(({ path, allowed }) => allowed !== "" && !/[.[]/.test(path));
  return [
    api.path,
    { operation, fields, unsupported: Object.keys(api.contract.unsupported) },
  ] as const;
});

describe.each(POSTS)("%s", (_path, { operation, fields, unsupported }) => {
  const [, envelope] = envelopeOf(operation);

  test("answers every value of every field, or names it", async () => {
    for (const { path: field, hasEffect } of fields) {
      const answers = await Promise.all(VALUES.map((json) => send(operation, field, json)));
      for (const [index, { status, code, param, answer }] of answers.entries()) {
        const what = `${field}: ${VALUES[index]?.slice(0, 40)}`;
        if (status === 200) continue;
        expect([what, status, String(param).split(/[.[]/)[0]]).toEqual([
          what,
          code === "model_not_found" ? 404 : 400,
          field,
        ]);
        expectHeldTo(envelope, answer);
      }
      const refusals = answers.filter(({ status }) => status !== 200);
      expect([field, refusals.length > (hasEffect ? 3 : 0)]).toEqual([field, true]);
    }
  });

  test("refuses by its name what it does not support", async () => {
    for (const field of unsupported) {
      const { status, code, param } = await send(operation, field, '{"a":1}');
      expect([field, status, code, param]).toEqual([field, 400, "unsupported_parameter", field]);
    }
  });
});

test("still serves after all of that, and has seen no bug", async () => {
  expect((await fetch(`${running.url}/health`)).status).toBe(200);
  expect(running.service.queue.inside).toBe(0);
  expect(running.logLines.filter(({ msg }) => msg === "bug")).toEqual([]);
  expect("polluted" in {}).toBe(false);
});
