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

/** Each page of docs/api has one paragraph on the fields without effect. */
const PAGES = [
  ["chat", "/v1/chat/completions"],
  ["responses", "/v1/responses"],
  ["anthropic", "/v1/messages"],
  ["gemini", "/v1beta/models/{model}:generateContent"],
  ["ollama", "/api/chat"],
] as const;

test.each(PAGES)("agrees with docs/api/%s.md on the fields without effect", (page, apiPath) => {
  const text = readFileSync(path.join(DOCS, `api/${page}.md`), "utf8");
  const [whole = ""] = text.slice(text.indexOf("- **Without effect**")).split(/\n- /, 1);
  const paragraph = whole.replace(/`\w+`\s+and `\w+` in queries/, "");
  const rows = APIS.filter((api) => api.path === apiPath).flatMap(rowsOf);
  const named = [...paragraph.matchAll(/`([\w.]+)`/g)].map(([, name = ""]) => name);

  const described = rows.filter((row) => named.some((name) => `.${row.path}`.endsWith(`.${name}`)));
  expect(described.length).toBeGreaterThan(4);
  for (const name of named) {
    const same = described.filter((row) => `.${row.path}`.endsWith(`.${name}`));
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
  const { body, unsupported, replacements } = api.contract;
  const taken = rowsOf(api).filter(({ allowed }) => allowed !== "");

  test("refuses no field that it takes", () => {
    const fields = taken.filter(({ hasEffect }) => hasEffect).map((row) => row.path);

    const both = Object.keys(unsupported).filter((name) => fields.includes(name));
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
