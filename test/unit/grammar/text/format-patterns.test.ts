// Which texts the pattern of each format accepts. The cases follow the RFCs and the official test suite of JSON Schema.

import { describe, expect, test } from "vitest";
import {
  FORMAT_NAMES,
  FORMAT_PATTERNS,
  isKnownFormat,
} from "../../../../src/grammar/text/format-patterns.ts";
import { HOST_EXAMPLES } from "./host-examples.ts";
import { IDENTIFIER_EXAMPLES } from "./identifier-examples.ts";
import { TIME_EXAMPLES } from "./time-examples.ts";
import { URI_EXAMPLES } from "./uri-examples.ts";

const EXAMPLES = { ...TIME_EXAMPLES, ...HOST_EXAMPLES, ...URI_EXAMPLES, ...IDENTIFIER_EXAMPLES };

function accepts(format: string, text: string): boolean {
  return new RegExp(FORMAT_PATTERNS[format] ?? "(?!)", "u").test(text);
}

describe("every pattern", () => {
  test("has examples here", () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual([...FORMAT_NAMES].sort());
  });

  test.each(FORMAT_NAMES)("of %s is anchored, and has lookaheads only at its start", (format) => {
    const body = /^\^(?:\(\?=.*?"\))?(\(\?:.*\))\$$/s.exec(FORMAT_PATTERNS[format] ?? "")?.[1];
    expect(body).toBeDefined();
    expect(body).not.toMatch(/(?<!\\)\(\?[=!<]|\\[1-9]/); // an escaped bracket is text
    expect(() => new RegExp(body ?? "(", "u")).not.toThrow();
  });

  test.each(FORMAT_NAMES)("of %s refuses a line break after the text", (format) => {
    const text = EXAMPLES[format]?.valid.at(-1) ?? "";
    const isText = ["json-pointer", "relative-json-pointer", "regex"].includes(format);
    expect(accepts(format, `${text}\n`)).toBe(isText);
  });
});

describe.each(Object.entries(EXAMPLES))("%s", (format, { valid, invalid }) => {
  test.each(valid)("accepts %j", (text) => {
    expect(accepts(format, text)).toBe(true);
  });

  test.each(invalid)("refuses %j", (text) => {
    expect(accepts(format, text)).toBe(false);
  });
});

test.each([1, 4, 96, 100, 400, 1899, 1900, 1999, 2000, 2023, 2024, 2100, 2400, 9996, 9999])(
  "dates of the year %i are those of the calendar",
  (year) => {
    for (let month = 0; month <= 13; month++) {
      for (let day = 0; day <= 32; day++) {
        const text = [[year, 4], [month, 2], [day, 2]].map(([part, width]) => String(part).padStart(width ?? 0, "0")).join("-"); // biome-ignore format: one line
        expect([text, accepts("date", text)]).toEqual([text, isDate(text)]);
      }
    }
  },
);

test("a regex is one for ECMAScript with the u flag", () => {
  for (const text of EXAMPLES.regex?.valid ?? []) {
    expect(() => new RegExp(text, "u")).not.toThrow();
  }
});

test("names of number formats and unknown names are not known", () => {
  for (const name of ["int32", "double", "password", "binary", "url", "", "toString", 4, null]) {
    expect(isKnownFormat(name)).toBe(false);
  }
  expect(isKnownFormat("date-time")).toBe(true);
});

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
