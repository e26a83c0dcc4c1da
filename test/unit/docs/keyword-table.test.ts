// docs/api/structured-output.md has the compiler's own table of keywords.

import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { withKeywordTable } from "../../../scripts/keyword-table.ts";

test("the table of keywords is up to date (npm run docs)", () => {
  const file = path.join(import.meta.dirname, "../../../docs/api/structured-output.md");
  const page = readFileSync(file, "utf8");

  expect(page).toBe(withKeywordTable(page));
});

test("a page without a place for the table is an error", () => {
  expect(() => withKeywordTable("# Page")).toThrow("lacks");
});
