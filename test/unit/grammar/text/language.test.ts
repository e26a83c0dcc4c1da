// Sets of texts: union, intersection and complement are exact, and equal constructions are the same object.

import { expect, test } from "vitest";
import { CompileBudget } from "../../../../src/grammar/compile-budget.ts";
import { SchemaError } from "../../../../src/grammar/schema-keywords.ts";
import { Languages } from "../../../../src/grammar/text/language.ts";

const languages = new Languages(new CompileBudget());
const { nothing, empty, everything, anyChar } = languages;
const a = languages.literal("a");
const b = languages.literal("b");
const letters = languages.chars([[0x61, 0x7a]]);
const word = languages.repeat(letters, 1, Number.POSITIVE_INFINITY);

test("equal constructions are the same object", () => {
  const one = languages.either([a, languages.sequence(b, a), languages.repeat(b, 0, 3)]);
  const other = languages.either([
    languages.repeat(b, 0, 3),
    languages.either([a, languages.literal("ba")]),
  ]);

  expect(one).toBe(other);
  expect(languages.not(languages.not(one))).toBe(one);
});

test("a repetition of characters meets a length without an automaton", () => {
  const short = languages.repeat(anyChar, 2, 5);

  expect(languages.both([word, short])).toBe(languages.repeat(letters, 2, 5));
  expect(languages.both([languages.literal("abc"), short])).toBe(languages.literal("abc"));
  expect(languages.both([languages.literal("a"), short])).toBe(nothing);
});

test("counts that touch are joined, and counts with gaps are not", () => {
  const twice = languages.repeat(a, 2, 2);

  expect(languages.sequence(twice, a, languages.repeat(a, 0, 1))).toBe(languages.repeat(a, 3, 4));
  expect(languages.either([empty, a, twice])).toBe(languages.repeat(a, 0, 2));
  const even = languages.repeat(twice, 0, 3);
  expect([0, 1, 2, 3, 4, 5, 6, 7].filter((n) => languages.accepts(even, "a".repeat(n)))).toEqual([
    0, 2, 4, 6,
  ]);
});

test("names are excluded exactly", () => {
  const others = languages.both([
    word,
    languages.not(languages.either([a, languages.literal("abc")])),
  ]);

  expect(["ab", "abcd", "b", "ba"].every((text) => languages.accepts(others, text))).toBe(true);
  expect(["a", "abc", "", "A"].some((text) => languages.accepts(others, text))).toBe(false);
});

test("a language and its complement are everything, and have nothing in common", () => {
  expect(languages.either([word, languages.not(word)])).toBe(everything);
  expect(languages.both([word, languages.not(word)])).toBe(nothing);
});

test("characters are code points, and halves of surrogate pairs are none", () => {
  const one = languages.repeat(anyChar, 1, 1);

  expect(languages.accepts(one, "😀")).toBe(true);
  expect(languages.accepts(one, "\ud800")).toBe(false);
  expect(languages.chars([[0xd800, 0xdfff]])).toBe(nothing);
});

test("work is taken from the budget", () => {
  const poor = new Languages(new CompileBudget(300));

  expect(() => poor.literal("abcdefghijklmnopqrstuvwxyz".repeat(10))).toThrow(SchemaError);
});

test("texts with a very long common start are refused instead of overflowing the stack", () => {
  const rich = new Languages(new CompileBudget(10_000_000));
  const start = "ab".repeat(5_000);

  expect(() => rich.either([rich.literal(`${start}x`), rich.literal(`${start}y`)])).toThrow(
    "more than 800 equal characters",
  );
});
