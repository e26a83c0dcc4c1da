// Examples of identifiers, encodings and other short texts.

import type { FormatExamples } from "./format-examples.ts";

const UUID = {
  valid: ["2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11ea-F4AA-73B441D16380", "00000000-0000-0000-0000-000000000000"], // biome-ignore format: a list
  invalid: ["2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08-aa98-11ea-b4ga-73b441d16380", "urn:uuid:2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa0-8aa98-11ea-b4aa-73b441d16380"], // biome-ignore format: a list
};
const BASE64 = { valid: ["", "YQ==", "YWI=", "YWJj", "ab+/YWJj"], invalid: ["Y", "YQ", "YQ=", "YWI", "Y===", "YW Jj", "ab-_", "YQ==YQ=="] }; // biome-ignore format: a list

export const IDENTIFIER_EXAMPLES: FormatExamples = {
  uuid: UUID,
  guid: UUID,
  ...Object.fromEntries(["1", "3", "4", "5", "6", "7", "8"].map(uuidExamples)),
  cuid: {
    valid: ["cjld2cjxh0000qzrmn831i7rn"],
    invalid: ["cjl", "jjld2cjxh0000", "cjld2-cjxh0000"],
  },
  cuid2: { valid: ["tz4a98xxat96iws9zmbrgj3a"], invalid: ["", "TZ4A98", "tz4a-98"] },
  ulid: {
    valid: ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3ndektsv4rrffq69g5fav"],
    invalid: [
      "81ARZ3NDEKTSV4RRFFQ69G5FAV",
      "01ARZ3NDEKTSV4RRFFQ69G5FA",
      "01ARZ3NDEKTSV4RRFFQ69G5FAI",
    ],
  },
  xid: {
    valid: ["9m4e2mr0ui3e8a215n4g"],
    invalid: ["9m4e2mr0ui3e8a215n4", "9m4e2mr0ui3e8a215n4w"],
  },
  ksuid: { valid: ["0ujtsYcgvSTl8PAuAdqWYSMnLOv"], invalid: ["0ujtsYcgvSTl8PAuAdqWYSMnLO", "0ujtsYcgvSTl8PAuAdqWYSMnLO-"] }, // biome-ignore format: one line
  nanoid: { valid: ["V1StGXR8_Z5jdHi6B-myT"], invalid: ["V1StGXR8_Z5jdHi6B-my", "V1StGXR8_Z5jdHi6B-my+"] }, // biome-ignore format: one line
  jwt: {
    valid: ["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4", "eyJhbGciOiJub25lIn0.e30."], // biome-ignore format: a list
    invalid: ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30", "eyJhbGciOiJub25lIn0=.e30.", "eyJhbGciOiJub25lI.e30.", "eyJhbGciOiJub25lIn0.e30..a"], // biome-ignore format: a list
  },
  e164: { valid: ["+14155552671", "+1234567"], invalid: ["14155552671", "+0123456789", "+123456", "+1415555267100000", "+1 4155552671"] }, // biome-ignore format: one line
  emoji: { valid: ["😀", "👩‍👩‍👧‍👦", "🇩🇪", "1️⃣", "😀😀"], invalid: ["", "a", "1", "😀a", "#*"] },
  mac: { valid: ["00:1b:44:11:3a:b7", "00:1B:44:11:3A:B7"], invalid: ["00:1B:44:11:3a:b7", "00-1b-44-11-3a-b7", "00:1b:44:11:3a"] }, // biome-ignore format: one line
  hex: { valid: ["", "deadBEEF01"], invalid: ["0x12", "xyz", "de ad"] },
  base64: BASE64,
  base64url: { valid: ["", "YQ", "YQ==", "YWI", "YWI=", "YWJj", "ab-_YWJj"], invalid: ["Y", "YQ=", "ab+/", "Y==="] }, // biome-ignore format: one line
  fraction: { valid: ["1/3", "-5", "22/7", "0.75"], invalid: ["1/0", "1/", "/3", "1/-3", "1//3"] },
  char: { valid: ["a", "é", "\u{1f600}", " "], invalid: ["", "ab"] },
  decimal: { valid: ["0", "-1.50", "100"], invalid: ["", ".5", "5.", "1e3", "+1", "1,5"] },
  language: { valid: ["en", "de-CH", "zh-Hant-TW", "es-419", "sr-Latn"], invalid: ["", "e", "en_US", "english-language", "en-"] }, // biome-ignore format: one line
  "media-range": { valid: ["*/*", "text/*", "text/html; charset=utf-8", 'a/b;c="d \\" e"'], invalid: ["text", "*/html/", "text/", "text/html;", "text /html"] }, // biome-ignore format: one line
  "sf-token": { valid: ["foo123/456", "*a:b"], invalid: ["", "1a", "a b"] },
  "sf-string": {
    valid: ['""', '"a b"', '"a\\"b\\\\"'],
    invalid: ["a", '"a', '"a"b"', '"\\a"', '"é"'],
  },
  "sf-binary": { valid: [":YWJj:", "::"], invalid: ["YWJj", ":YQ:", ":YWJj"] },
  regex: {
    valid: [
      ...[
        "",
        "([abc])+\\s+$",
        "^\\d{3}-\\d{4}$",
        "[^'\"]+",
        "[a-zA-Z0-9_.-]+",
        "(?:a|b)*?",
        "a{2,13}",
        "a{12,34}?",
      ],
      ...[
        "^(?=.*[A-Z])(?!x).{8,}$",
        "((a|b)+c)?",
        "\\(\\[\\{",
        "[\\]\\\\]",
        "\\bword\\B",
        "é|",
        "[-a]",
        "[a-f0-5]",
      ],
    ],
    invalid: [
      ...[
        "^(abc]",
        "(",
        ")",
        "[",
        "[]",
        "]",
        "a**",
        "*a",
        "a{2,1}",
        "a{",
        "{",
        "[z-a]",
        "\\",
        "\\q",
        "(?<a",
        "^*",
      ],
      ...["(?P<n>a)", "(?i)a", "a{99,1}", "[\\w-a]", "x|*", "(?:", "(((a)))", "\\1"],
    ],
  },
};

/** The version is the digit after the second hyphen. */
function uuidExamples(version: string): readonly [string, FormatExamples[string]] {
  const withVersion = (digit: string, variant: string) =>
    `98d80576-482e-${digit}27f-${variant}434-7f86890ab222`;
  return [
    `uuid${version}`,
    {
      valid: [withVersion(version, "8"), withVersion(version, "B")],
      invalid: [withVersion("2", "8"), withVersion(version, "c"), withVersion(version, "7")],
    },
  ];
}
