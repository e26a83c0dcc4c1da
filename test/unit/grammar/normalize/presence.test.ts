// Formulas over the names of members, compared with a direct reading of them for all objects of a few names.

import { expect, test } from "vitest";
import {
  allPresence,
  anyPresence,
  holdsAtEnd,
  namesIn,
  notPresence,
  type Presence,
  presenceKey,
  whenMember,
  whenMembers,
  whenOther,
} from "../../../../src/grammar/normalize/presence.ts";
import { RandomSchemas } from "../../../support/random-schemas.ts";

const NAMES = ["a", "b", "c"];
/** A name that no formula mentions. */
const OTHER = "z";
const OBJECTS = Array.from({ length: 16 }, (_, bits) =>
  [...NAMES, OTHER].filter((_, at) => (bits >> at) % 2 === 1),
);

function formula(random: RandomSchemas, depth = 3): Presence {
  const part = () => formula(random, depth - 1);
  const atoms: Presence[] = [true, false, ...NAMES.map((has) => ({ has })), { beyond: NAMES }, { beyond: ["a"] }]; // biome-ignore format: one line
  if (depth === 0) return random.pick(atoms);
  return random.pick<() => Presence>([
    () => random.pick(atoms),
    () => notPresence(part()),
    () => allPresence([part(), part()]),
    () => anyPresence([part(), part(), part()]),
  ])();
}

function holds(presence: Presence, names: readonly string[]): boolean {
  if (typeof presence === "boolean") return presence;
  if ("has" in presence) return names.includes(presence.has);
  if ("beyond" in presence) return names.some((name) => !presence.beyond.includes(name));
  if ("not" in presence) return !holds(presence.not, names);
  if ("all" in presence) return presence.all.every((part) => holds(part, names));
  return presence.any.some((part) => holds(part, names));
}

/** The formula once all members of the object are known. */
function simplified(presence: Presence, names: readonly string[]): boolean {
  const known = NAMES.reduce(
    (left, name) => whenMember(left, name, names.includes(name)),
    presence,
  );
  return holdsAtEnd(names.includes(OTHER) ? whenOther(known) : known);
}

const FORMULAS = Array.from({ length: 300 }, (_, seed) => formula(new RandomSchemas(seed * 7919)));

test("a formula that is simplified member by member holds for the same objects", () => {
  for (const each of FORMULAS)
    for (const names of OBJECTS)
      expect(simplified(each, names), JSON.stringify([each, names])).toBe(holds(each, names));
});

test("and, or and not of formulas hold for the objects that they should", () => {
  for (const [index, a] of FORMULAS.entries()) {
    const b = FORMULAS[(index + 1) % FORMULAS.length] ?? true;
    for (const names of OBJECTS) {
      expect(holds(allPresence([a, b]), names)).toBe(holds(a, names) && holds(b, names));
      expect(holds(anyPresence([a, b]), names)).toBe(holds(a, names) || holds(b, names));
      expect(holds(notPresence(a), names)).toBe(!holds(a, names));
    }
  }
});

test("several members at once are the same as one after the other", () => {
  for (const each of FORMULAS) {
    const atOnce = whenMembers(each, new Set(["a", "b"]), true);
    const inTurn = whenMember(whenMember(each, "a", true), "b", true);
    for (const names of OBJECTS) expect(holds(atOnce, names)).toBe(holds(inTurn, names));
  }
});

test("opposites and repetitions are seen at once", () => {
  const a: Presence = { has: "a" };

  expect(allPresence([a, { not: a }])).toBe(false);
  expect(anyPresence([a, { not: a }])).toBe(true);
  expect(allPresence([a, true, a])).toBe(a);
  expect(notPresence({ not: a })).toBe(a);
});

test("equal formulas have equal keys, and names are found at any depth", () => {
  const make = (): Presence => ({ any: [{ has: "a,b" }, { not: { all: [{ has: "c" }, { beyond: ["d"] }] } }] }); // biome-ignore format: one line

  expect(presenceKey(make())).toBe(presenceKey(make()));
  expect(presenceKey({ has: "a" })).not.toBe(presenceKey({ beyond: ["a"] }));
  expect(namesIn(make())).toEqual(["a,b", "c", "d"]);
});
