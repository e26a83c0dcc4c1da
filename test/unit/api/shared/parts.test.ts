// Documents in data URLs.

import { expect, test } from "vitest";
import { textDocument } from "../../../../src/api/shared/parts.ts";

test.each([
  ["data:text/plain,a%20b", "a b\n\n"],
  ["data:text/plain;charset=utf-8;base64,SGk=", "Hi\n\n"],
  ["data:application/pdf;base64,SGk=", null],
  ["data:text/plain;base64,/w==", null],
  ["https://example.com/a.txt", null],
])("reads %s as %j", (dataUrl, text) => {
  expect(textDocument(dataUrl, null)).toBe(text);
});

test("is not overwhelmed by a data URL of millions of options", () => {
  expect(textDocument(`data:text/plain${";".repeat(5_000_000)},a`, null)).toBeNull();
});
