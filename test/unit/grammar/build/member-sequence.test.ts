// Members in order with counts and formulas: every object of a few names is tried.

import { describe, expect, test } from "vitest";
import { memberSequence } from "../../../../src/grammar/build/member-sequence.ts";
import { choice, sequence } from "../../../../src/grammar/nodes.ts";
import type { Presence } from "../../../../src/grammar/normalize/presence.ts";
import { Rules } from "../../../../src/grammar/rules.ts";
import { Gbnf } from "../../../support/gbnf.ts";

const NONE = Number.POSITIVE_INFINITY;
const NAMES = ["a", "b", "c"];

type Case = {
  readonly required?: readonly string[];
  readonly presence?: Presence;
  readonly min?: number;
  readonly max?: number;
  readonly hasOther?: boolean;
};

/** Names in order, then up to three others. */
const OBJECTS = Array.from({ length: 32 }, (_, bits) => [
  ...NAMES.filter((_, at) => (bits >> at) % 2 === 1),
  ...Array<string>(bits >> 3).fill("x"),
]);

function grammarOf({
  required = [],
  presence = true,
  min = 0,
  max = NONE,
  hasOther = false,
}: Case) {
  const rules = new Rules();
  const parts = NAMES.map((name) => ({ name, node: sequence(name), isRequired: required.includes(name) })); // biome-ignore format: one line
  const other = hasOther ? sequence("x") : null;
  const node = memberSequence({ rules, comma: sequence(","), parts, other, presence, min, max });
  if (!node) return null;
  rules.set("root", choice(node));
  return new Gbnf(rules.toString());
}

function isAllowed(
  names: readonly string[],
  { required = [], presence = true, min = 0, max = NONE, hasOther = false }: Case,
): boolean {
  // biome-ignore format: one line
  const isKnown = hasOther || !names.includes("x");
  const hasRequired = required.every((name) => names.includes(name));
  return isKnown && hasRequired && names.length >= min && names.length <= max && holds(presence, names); // biome-ignore format: one line
}

function holds(presence: Presence, names: readonly string[]): boolean {
  if (typeof presence === "boolean") return presence;
  if ("has" in presence) return names.includes(presence.has);
  if ("beyond" in presence) return names.includes("x");
  if ("not" in presence) return !holds(presence.not, names);
  if ("all" in presence) return presence.all.every((part) => holds(part, names));
  return presence.any.some((part) => holds(part, names));
}

const a: Presence = { has: "a" };
const c: Presence = { has: "c" };
const beyond: Presence = { beyond: NAMES };
const FORMULAS: readonly Presence[] = [
  true,
  { any: [a, c] },
  { any: [{ not: a }, c] },
  { all: [{ not: { all: [a, c] } }, { any: [a, c] }] },
  beyond,
  { not: beyond },
  { any: [{ all: [a, { not: beyond }] }, { all: [c, beyond] }] },
]; // biome-ignore format: a list

describe.each(FORMULAS.map((presence) => [JSON.stringify(presence), presence] as const))(
  "with the formula %s",
  (_text, presence) => {
    // biome-ignore format: one line
    test("exactly the objects that it and the counts allow are accepted", () => {
    for (const hasOther of [false, true])
      for (const required of [[], ["b"], ["a", "b", "c"]])
        for (const [min, max] of [[0, NONE], [1, NONE], [2, 3], [0, 2], [4, 5], [3, 3]] as const) {
          const each = { required, presence, min, max, hasOther };
          const grammar = grammarOf(each);
          for (const names of OBJECTS)
            expect(grammar?.matches(names.join(",")) ?? false, JSON.stringify([each, names])).toBe(isAllowed(names, each)); // biome-ignore format: one line
        }
  }); // biome-ignore format: a table
  },
);

test("many optional members share the rules of what may follow", () => {
  const rules = new Rules();
  const parts = Array.from({ length: 200 }, (_, index) => ({ name: `m${index}`, node: sequence(`m${index}`), isRequired: false })); // biome-ignore format: one line
  memberSequence({ rules, comma: sequence(","), parts, other: null, presence: true, min: 0, max: NONE }); // biome-ignore format: one line

  expect(rules.bodies.size).toBeLessThan(500);
});
