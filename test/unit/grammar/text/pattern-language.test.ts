// Patterns accept exactly the texts that JavaScript's own regular expressions find a match in.

import { expect, test } from "vitest";
import { CompileBudget } from "../../../../src/grammar/compile-budget.ts";
import { SchemaError } from "../../../../src/grammar/schema-keywords.ts";
import { Languages } from "../../../../src/grammar/text/language.ts";
import { PatternError } from "../../../../src/grammar/text/pattern/pattern-error.ts";
import { patternLanguage } from "../../../../src/grammar/text/pattern-language.ts";
import { RandomPatterns } from "../../../support/random-patterns.ts";

function accepted(pattern: string, texts: readonly string[]): string[] {
  const languages = new Languages(new CompileBudget());
  const language = patternLanguage(languages, pattern);
  return texts.filter((text) => languages.accepts(language, text));
}

test.each([
  ["^dev|alpha|stable$", ["dev", "develop", "an alpha x", "unstable", "stable x", "xdev"]],
  ["(^$)|(^foo$)", ["", "foo", "foos", "x"]],
  ["a|^b", ["xa", "bx", "xb", ""]],
  ["^([^,]+(,|$)){3,}$", ["a,b,c", "a,b,c,", "a,b", "a,,b,c"]],
  ["^(\\/?((\\.{2})|([a-z0-9\\-]*))($|\\/))*$", ["../a/b", "/a", "a//b", "a b", "", ".../"]],
  ["^((?!(c|C)lyde).)*$", ["", "a Clyde", "clyd", "cclyde", "clyd e"]],
  ["^(?=.*[a-z])(?=.*\\d).{4,}$", ["abc1", "abcd", "1234", "a1", "1a--"]],
  ["^(?!pattern$).*$", ["pattern", "patterns", "", "a pattern"]],
  ["^(?!org\\.)([a-z]+\\.)*[a-z]+$", ["org.a", "orga.b", "a.org.b", "org"]],
  ["\\bfoo\\b", ["foo", "a foo b", "food", "-foo-", "a_foo"]],
  ["\\Boo\\B", ["foot", "foo", "oo", "boo t"]],
  ["^.*(?<!foo)$", ["foo", "food", "", "a foo"]],
  ["(?<=a|^)b", ["b", "ab", "cb", "cab"]],
  ["^[\\w-.]+$", ["a-b.c", "a b", "-", "."]],
  ["^[a-zA-Z0-9-_]+$", ["a-b_c", "a.b"]],
  ["^[A-z]$", ["a", "Z", "_", "[", "1"]],
  ["^[^]$", ["a", "\n", ""]],
  ["[]", ["a", ""]],
  ["^a{,2}$", ["a{,2}", "aa", "a"]],
  ["^{x}$", ["{x}", "x"]],
  ["^\\-\\/\\.\\_$", ["-/._", "-/x_"]],
  ["^\\x41\\u0042\\cJ\\0$", ["AB\n\0", "AB"]],
  ["^\\ud83d\\ude00\\u{1f600}$", ["😀😀", "😀"]],
  ["^\\p{Lu}\\P{L}[\\p{Zs}-]$", ["É1 ", "é1 ", "ÉÉ ", "É1-", "É1\u00a0"]],
  ["^.\\s$", ["a\ufeff", "a\u2028", "\n ", "😀\u00a0"]],
  ["^(?<year>\\d{4})-\\d{2}?$", ["2024-01", "2024-1"]],
  ["^(?:a|ab)(?:c|bcd)?$", ["a", "ab", "ac", "abc", "abcd", "abbcd", "bcd"]],
  ["(?=a.*)", ["a", "xa", "x"]],
  ["^(a?b?)*c$", ["c", "abbac", "ab"]],
])("%s", (pattern, texts) => {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, "u");
  } catch {
    expression = new RegExp(pattern);
  }

  expect(accepted(pattern, texts)).toEqual(texts.filter((text) => expression.test(text)));
});

test("spellings of Python and PCRE are read as they are meant", () => {
  expect(accepted("(?i)^straße é$", ["STRAßE É", "straße é", "strase é"])).toHaveLength(2);
  expect(accepted("\\Aa+\\Z", ["aa", "ab", "A"])).toEqual(["aa"]);
  expect(accepted("^(?P<name>a)(?s:.)(?i:b)c$", ["a\nBc", "a\nBC"])).toEqual(["a\nBc"]);
});

test.each([
  ["the back-reference \\1 is not supported", "(a)\\1"],
  ["the back-reference \\k<n> is not supported", "(?<n>a)\\k<n>"],
  ["possessive quantifiers are not supported", "a++"],
  ["(?>a is not supported", "(?>a)"],
  ["the flag m is not supported", "(?m)^a$"],
  ["an unclosed (", "a(b"],
  ["an unmatched )", "a)"],
  ["it ends too early", "[a"],
  ["a character class with an invalid range", "[b-a]"],
  ["* has nothing to repeat", "*a"],
  ["{2,1} has its limits in the wrong order", "a{2,1}"],
  ["\\p{Nonsense} is not a Unicode property", "\\p{Nonsense}"],
  ["a lookbehind inside a group", "(x(?<=a)b)+"],
  ["repeats an assertion more than 100 times", "(\\b.){1000}"],
  ["nests more than 100 groups", `${"(".repeat(200)}${")".repeat(200)}`],
  ["more than 12000 characters", "a".repeat(13_000)],
])("a pattern is refused: %s", (reason, pattern) => {
  expect(() => accepted(pattern, [])).toThrow(PatternError);
  expect(() => accepted(pattern, [])).toThrow(reason);
});

test("many different Unicode properties are too much work, one in many patterns is not", () => {
  const languages = new Languages(new CompileBudget());
  const one = () => patternLanguage(languages, "^\\p{Lu}\\P{Lu}$");

  for (let count = 0; count < 50; count++) expect(one).not.toThrow();
  const scripts = ["Greek", "Cyrillic", "Thai", "Hebrew", "Arabic", "Armenian", "Bengali", "Tamil"];
  const kinds = ["Script", "Script_Extensions", "sc"];
  const many = kinds.flatMap((kind) => scripts.map((script) => `\\p{${kind}=${script}}`)).join("");
  expect(() => patternLanguage(languages, many)).toThrow(SchemaError);
});

test("random patterns accept the same texts as JavaScript's expressions", () => {
  const random = new RandomPatterns(20);
  for (let round = 0; round < 150; round++) {
    const pattern = random.pattern();
    const languages = new Languages(new CompileBudget(1_000_000));
    const language = patternLanguage(languages, pattern);
    const expression = new RegExp(pattern, "u");
    for (let count = 0; count < 20; count++) {
      const text = random.text(language);
      expect([pattern, text, languages.accepts(language, text)]).toEqual([
        pattern,
        text,
        expression.test(text),
      ]);
    }
  }
});
