// Names that differ from all declared ones: every name over a few characters is tried.

import { describe, expect, test } from "vitest";
import { arePlain, namesExcept } from "../../../../src/grammar/build/other-names.ts";
import { Rules } from "../../../../src/grammar/rules.ts";
import { Gbnf } from "../../../support/gbnf.ts";

const CHARS = ["a", "b", "/", '"', "é"];
const ALL = Array.from({ length: 4 }).reduce<readonly string[]>(
  (names) => [...new Set(["", ...names.flatMap((name) => CHARS.map((char) => name + char))])],
  [""],
);

function grammarOf(names: readonly string[], most = Number.POSITIVE_INFINITY): Gbnf {
  const rules = new Rules();
  rules.set("root", namesExcept(new Set(names), most, rules));
  return new Gbnf(rules.toString());
}

/** All ways to write a name, of those that differ in characters that have an escape. */
function writtenForms(name: string): readonly string[] {
  const plain = JSON.stringify(name).slice(1, -1);
  return [plain, plain.replaceAll("/", "\\/")];
}

const DECLARED: readonly (readonly string[])[] = [
  [],
  [""],
  ["a"],
  ["a", "ab", "aba"],
  ["", "b", "aa", "abab"],
  ["a/b", "/", "é"],
  ["ba", "bb", "b/"],
]; // biome-ignore format: a list

describe.each(DECLARED.map((names) => [names]))("beside %j", (names) => {
  test("exactly the names that differ are accepted, however they are written", () => {
    const grammar = grammarOf(names);
    for (const name of ALL) {
      const [written = "", ...forms] = writtenForms(name);
      expect(grammar.matches(written), name).toBe(!names.includes(name));
      if (names.includes(name)) expect(forms.some((form) => grammar.matches(form))).toBe(false);
    }
  });

  test.each([1, 2])("if only %i characters are compared, no declared name is accepted", (most) => {
    const [grammar, full] = [grammarOf(names, most), grammarOf(names)];
    const accepted = ALL.flatMap(writtenForms).filter((form) => grammar.matches(form));

    expect(accepted.length).toBeGreaterThan(0);
    expect(accepted.filter((form) => !full.matches(form))).toEqual([]);
  });
});

test("long names are told apart by their beginning", () => {
  const grammar = grammarOf([`${"a".repeat(60)}b`]);

  expect(grammar.matches(`${"a".repeat(60)}b`)).toBe(false);
  expect(grammar.matches(`${"a".repeat(20)}b`)).toBe(true);
});

test("control characters and quotes are not plain", () => {
  expect(arePlain(new Set(["a b", "é😀", "/"]))).toBe(true);
  for (const name of ['"', "\\", "\n", "\ud800"])
    expect(arePlain(new Set(["a", name]))).toBe(false);
});
