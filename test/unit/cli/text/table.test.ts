// Rows as columns.

import { expect, test } from "vitest";
import { asTable } from "../../../../src/cli/text/table.ts";

test("columns are as wide as their widest cell", () => {
  expect(
    asTable([
      ["NAME", "SIZE"],
      ["long-name", "1"],
    ]),
  ).toBe("NAME       SIZE\nlong-name  1");
});

test("a name cannot change the terminal", () => {
  expect(asTable([["\x1b[31mred\n"]])).toBe("?[31mred?");
});
