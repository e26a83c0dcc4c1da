// Every field of every body with values of all kinds: it is accepted, or refused with an error that names it and is in the
// envelope of its API. Every unsupported field is refused by its name. `service/server/wrong-fields` checks the same over
// HTTP, with one field for each API.

import { expect, test } from "vitest";
import { APIS, rowsOf } from "../../../../scripts/conformance.ts";
import type { ParseContext } from "../../../../src/api/dialect.ts";
import { encodeGeminiError } from "../../../../src/api/gemini/errors.ts";
import { encodeOllamaError } from "../../../../src/api/ollama/errors.ts";
import { encodeOpenaiError } from "../../../../src/api/openai/encoder.ts";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../../../../src/api/wire-formats.ts";
import { compileDocument } from "../../../../src/compile/compile-document.ts";
import { documentOf } from "../../../../src/compile/schema-document.ts";
import { ServiceError } from "../../../../src/errors.ts";
import type { AskedRequest } from "../../../../src/generation/request.ts";
import { errorDetailsOf } from "../../../support/clients/error-text.ts";
import { expectHeldTo } from "../../../support/clients/expect-schema.ts";
import { jsonWithField, WRONG_VALUES } from "../../../support/clients/wrong-values.ts";

const CONTEXT: ParseContext = {
  defaultMaxTokens: null,
  allowsGrammar: false, // the default
  randomSeed: () => 3,
  conversation: () => [],
};

/** @throws ServiceError for a body that the service refuses before it asks the engine */
type Accept = (body: unknown) => void;

const ACCEPT: Readonly<Record<string, Accept>> = Object.fromEntries([
  ...DIALECTS.map(({ path, parse }): [string, Accept] => [
    path,
    (body) => compile(parse(body, CONTEXT).requests[0]),
  ]),
  ...ENDPOINTS.map(({ path, parse }): [string, Accept] => [
    path,
    (body) => compile(parse(body, CONTEXT).request),
  ]),
  ...EMBEDDING_APIS.map(({ paths: [path], parse }): [string, Accept] => [
    path,
    (body) => void parse(body),
  ]),
]);

function compile(request: AskedRequest | null | undefined): void {
  const document = request ? documentOf(request) : null;
  if (document) compileDocument(document);
}

/** @returns the error as a client gets it; null for a body that is accepted */
function refusalOf(path: string, json: string): object | null {
  try {
    ACCEPT[path]?.(JSON.parse(json));
    return null;
  } catch (error) {
    if (error instanceof ServiceError) return encoderOf(path)(error, "id");
    throw error;
  }
}

function encoderOf(path: string) {
  const generating = DIALECTS.findLast((dialect) => path.startsWith(dialect.path));
  if (generating) return generating.encodeError;
  if (path.startsWith("/v1beta/")) return encodeGeminiError;
  return path.startsWith("/api/") ? encodeOllamaError : encodeOpenaiError;
}

const apis = APIS.map((api) => [api.path, api] as const);

test.each(apis)("%s accepts each value of each field, or names the field", (path, api) => {
  const fields = rowsOf(api).filter((row) => row.allowed !== "" && !/[.[]/.test(row.path));
  for (const { path: field, hasEffect } of fields) {
    let refused = 0;
    for (const value of WRONG_VALUES) {
      const answer = refusalOf(path, jsonWithField({ path, contract: api.contract }, field, value));
      if (!answer) continue;
      refused += 1;
      expectHeldTo(api.contract.tag.error, answer);
      const { param } = errorDetailsOf(answer);
      expect(String(param).split(/[.[]/)[0], `${field}: ${value.slice(0, 40)}`).toBe(field);
    }
    const isTaken = path === "/api/chat" && field === "tool_choice"; // Ollama takes any value
    expect(refused, field).toBeGreaterThan(isTaken ? 0 : hasEffect ? 3 : 0);
  }
});

test.each(apis)("%s names each unsupported field in the error", (path, { contract }) => {
  for (const field of Object.keys(contract.unsupported)) {
    const answer = refusalOf(path, jsonWithField({ path, contract }, field, '{"a":1}'));
    expect(answer && errorDetailsOf(answer), field).toMatchObject({
      code: "unsupported_parameter",
      param: field,
    });
  }
});

test("no value has changed the prototype of objects", () => {
  expect("polluted" in {}).toBe(false);
});
