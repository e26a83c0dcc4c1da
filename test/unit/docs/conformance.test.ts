// docs/conformance.md is what the code says, and every parameter in it is sent by a test.

import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { APIS, conformance, OWN_APIS, rowsOf } from "../../../scripts/conformance.ts";
import { testsThatSend } from "../../../scripts/sent-fields.ts";
import { replacementFor } from "../../../src/api/shared/parse-body.ts";

const DOCS = path.join(import.meta.dirname, "../../../docs");

test("is up to date (npm run docs)", () => {
  expect(readFileSync(path.join(DOCS, "conformance.md"), "utf8")).toBe(conformance());
});

/** Fields in the paragraph of docs/api.md on what has no effect. */
const TOLD = [
  ["Parameters", "/v1/chat/completions"],
  ["Responses", "/v1/responses"],
  ["Anthropic's Messages", "/v1/messages"],
  ["Gemini", "/v1beta/models/{model}:generateContent"],
  ["Ollama", "/api/chat"],
] as const;

test.each(TOLD)("agrees with docs/api.md on what has no effect: %s", (heading, apiPath) => {
  const text = readFileSync(path.join(DOCS, "api.md"), "utf8");
  const section = text.slice(text.indexOf(`\n## ${heading}\n`));
  const [whole = ""] = section.slice(section.indexOf("- **Without effect**")).split(/\n- /, 1);
  const paragraph = whole.replace(/`\w+`\s+and `\w+` in queries/, "");
  const rows = APIS.filter((api) => api.path === apiPath).flatMap(rowsOf);
  const named = [...paragraph.matchAll(/`([\w.]+)`/g)].map(([, name = ""]) => name);

  const told = rows.filter((row) => named.some((name) => `.${row.path}`.endsWith(`.${name}`)));
  expect(told.length).toBeGreaterThan(4);
  for (const name of named) {
    const same = told.filter((row) => `.${row.path}`.endsWith(`.${name}`));
    expect([name, same.length === 0 || same.some(({ hasEffect }) => !hasEffect)]).toEqual([
      name,
      true,
    ]);
  }
});

describe.each(OWN_APIS.map((api) => [api.path, api] as const))("%s", (apiPath, api) => {
  test("has every parameter that it supports in a test", () => {
    const untested = rowsOf(api)
      .filter(({ hasEffect, allowed }) => hasEffect && allowed !== "")
      .filter((row) => testsThatSend(row.path, apiPath).length === 0);

    expect(untested.map((row) => row.path)).toEqual([]);
  });
});

describe.each(APIS.map((api) => [api.path, api] as const))("%s", (_path, api) => {
  const { body, unsupported, replacements, ignored = [] } = api.contract;
  const taken = rowsOf(api).filter(({ allowed }) => allowed !== "");

  test("refuses no field that it takes", () => {
    const fields = taken.filter(({ hasEffect }) => hasEffect).map((row) => row.path);

    const both = [...Object.keys(unsupported), ...ignored].filter((name) => fields.includes(name));
    expect(both).toEqual([]);
  });

  test("names only fields and paths that there are, where others do the same", () => {
    const known = [...taken.map((row) => row.path), ...APIS.map((other) => `POST ${other.path}`)];
    const hints = Object.keys(unsupported).flatMap((name) =>
      (replacementFor(name, body, replacements) ?? "").split(/ or | and /),
    );

    expect(hints.filter((hint) => hint !== "" && !known.includes(hint))).toEqual([]);
  });
});
