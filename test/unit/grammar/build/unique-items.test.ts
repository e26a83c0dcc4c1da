// Different items in any order: every list of a few items is tried.

import { expect, test } from "vitest";
import { anyOrder } from "../../../../src/grammar/build/unique-items.ts";
import { sequence } from "../../../../src/grammar/nodes.ts";
import { Rules } from "../../../../src/grammar/rules.ts";
import { Gbnf } from "../../../support/gbnf.ts";

const NONE = Number.POSITIVE_INFINITY;
const TEXTS = ["1", "2", "3"];
const LISTS = [1, 2, 3, 4].reduce<readonly (readonly string[])[]>(
  (lists) => [[], ...lists.flatMap((list) => TEXTS.map((text) => [...list, text]))],
  [[]],
).flatMap((list) => list.map((_, index) => list.slice(0, index)).concat([[...list]])); // biome-ignore format: a list

test.each([[0, NONE], [1, NONE], [2, 2], [0, 1], [3, 9]])("from %i to %i items", (min, max) => {
  const rules = new Rules();
  const items = anyOrder(TEXTS, { rules, min, max });
  rules.set("root", sequence("[", items ?? "no", "]"));
  const grammar = new Gbnf(rules.toString());

  for (const list of LISTS) {
    const isAllowed = new Set(list).size === list.length && list.length >= min && list.length <= max;
    expect(grammar.matches(`[${list.join()}]`), list.join()).toBe(isAllowed);
  }
}); // biome-ignore format: a table

test("more items than there are values, or too many orders, are not written", () => {
  const rules = new Rules();
  const many = Array.from({ length: 12 }, (_, index) => `${index}`);

  expect(anyOrder(TEXTS, { rules, min: 4, max: NONE })).toBeNull();
  expect(anyOrder(many, { rules, min: 0, max: NONE })).toBeNull();
  expect(anyOrder(many, { rules, min: 0, max: 2 })).not.toBeNull();
  expect(rules.bodies.size).toBeLessThan(300);
});
