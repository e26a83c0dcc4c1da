// The grammar of bounds accepts what JSON.stringify writes exactly if the number is in the bounds.

import { describe, expect, test } from "vitest";
import {
  ANY_NUMBER,
  boundsAllow,
  type NumberBounds,
} from "../../../../src/grammar/numbers/number-bounds.ts";
import { type NumberLimit, nextUp } from "../../../../src/grammar/numbers/number-limit.ts";
import { StepError } from "../../../../src/grammar/numbers/number-step.ts";
import { cases } from "../../../support/cases.ts";
import { randomFrom } from "../../../support/engines/share-simulation.ts";
import { Gbnf } from "../../../support/gbnf.ts";
import { numberGrammar } from "../../../support/number-grammar.ts";

const between = randomFrom(7);
const pick = <T>(...values: readonly T[]): T => values[between(0, values.length - 1)] as T;
const random = () => between(0, 1_000_000_000) / 1_000_000_000;
const nextDown = (value: number) => -nextUp(-value);

/** A number of any size, of few digits or many. */
function anyDouble(): number {
  const [sign, size] = [pick(1, 1, -1), random()];
  return sign * pick(
    between(0, 12), between(0, 70_000), Number((size * 20).toFixed(2)), size,
    Number(`${between(1, 9)}e${between(-9, 22)}`), Number(`${size * 10}e${between(-323, 307)}`),
    10 ** between(-8, 23), 2 ** between(0, 70), Number.MIN_VALUE, Number.MAX_VALUE, 0,
  ); // biome-ignore format: one line for each kind
}

function anyLimit(): NumberLimit | null {
  return pick(null, { value: anyDouble(), isExclusive: pick(true, false) });
}

function ordered(a: NumberLimit | null, b: NumberLimit | null): Pick<NumberBounds, "min" | "max"> {
  return a && b && a.value > b.value ? { min: b, max: a } : { min: a, max: b };
}

function anyBounds(): NumberBounds {
  const min = anyLimit();
  const near = min && { value: min.value + pick(0, 1, 0.5, 1e-9, 100), isExclusive: pick(true, false) }; // biome-ignore format: one line
  return { ...ANY_NUMBER, ...ordered(min, pick(near, anyLimit())) };
}

/** Not the highest double itself: the others near it are left out of grammars, to keep them short. */
const isNearHighest = (value: number) => Math.abs(value) > 1.797e308 && Math.abs(value) < Number.MAX_VALUE; // biome-ignore format: one line

/** Finite numbers at the limits, next to them, and elsewhere. */
function valuesFor({ min, max }: NumberBounds): number[] {
  const limits = [min?.value, max?.value, 0, 1e-6, 1e21].filter((value) => value !== undefined);
  const near = limits.flatMap((value) => [
    ...[value, nextUp(value), nextDown(value), -value, value + 1, value - 1, value / 10, value * 2],
    ...[Math.round(value), value + random(), value * random()],
  ]);
  const inside = min && max ? [min.value + (max.value - min.value) * random()] : [];
  const values = [...near, ...inside, anyDouble(), anyDouble(), anyDouble()];
  return values
    .filter((value) => Number.isFinite(value) && !isNearHighest(value))
    .map((value) => value + 0);
}

function expectExact(bounds: NumberBounds, values: readonly number[]): void {
  const text = numberGrammar(bounds);
  const grammar = text === null ? null : new Gbnf(text);
  for (const value of values) {
    const written = JSON.stringify(value);
    const shown = `${written} in ${JSON.stringify(bounds)}`;
    const isAccepted = grammar?.matches(written) ?? false;
    if (written.includes("e") && !isAccepted) continue; // left out where it would lead a model astray
    expect(`${shown}: ${isAccepted}`).toBe(`${shown}: ${boundsAllow(bounds, value)}`);
  }
}

test("of all numbers, exactly those between the limits are accepted, but for some with an exponent", () => {
  for (let round = 0; round < cases(60); round++) {
    const bounds = anyBounds();
    expectExact(bounds, valuesFor(bounds));
  }
});

/** Spellings of numbers nearby that JSON.stringify would not write. */
function respelled(text: string): string[] {
  const [mantissa = "", exponent] = text.split("e");
  const end = exponent === undefined ? "" : `e${exponent}`;
  const point = mantissa.includes(".") ? "" : ".";
  const more = (count: number) => Array.from({ length: count }, () => between(0, 9)).join("");
  return [
    ...[`${mantissa}${point}${more(1)}${end}`, `${mantissa}${point}${more(7)}${end}`],
    ...[`${mantissa.slice(0, -1)}${more(1)}${end}`, `${mantissa.slice(0, -1)}${more(4)}${end}`],
    ...[`${mantissa}${point}000000000000000001${end}`, `${mantissa}${point}0${end}`],
    ...[`${mantissa}e${between(-325, 309)}`, `${mantissa}e+${between(0, 309)}`],
  ];
}

test("no spelling is accepted that JavaScript reads as a number beyond the limits", () => {
  for (let round = 0; round < cases(60); round++) {
    const bounds = anyBounds();
    const grammar = new Gbnf(numberGrammar(bounds) ?? "root ::= [a]");
    const texts = valuesFor(bounds).flatMap((value) => respelled(JSON.stringify(value)));
    const accepted = texts.filter((text) => grammar.matches(text));
    const wrong = accepted.filter((text) => !boundsAllow(bounds, Number(text)));
    expect({ bounds, wrong }).toEqual({ bounds, wrong: [] });
  }
});

const isPowerOfTwo = (value: number) => Math.abs(value) > 2 ** 53 && Number.isInteger(Math.log2(Math.abs(value))); // biome-ignore format: one line

test("of integers, exactly those between the limits are accepted, but for large powers of two", () => {
  for (let round = 0; round < cases(40); round++) {
    const bounds = { ...anyBounds(), isInteger: true };
    const values = valuesFor(bounds).flatMap((value) => [value, Math.round(value)]);
    expectExact(
      bounds,
      values.filter((value) => Math.abs(value) < 1e21 && !isPowerOfTwo(value)),
    );
  }
});

test("of multiples, exactly those between the limits are accepted", () => {
  for (let round = 0; round < cases(40); round++) {
    const steps = [pick(0.01, 0.25, 1.5, 0.3, 2, 3, 7, 16, 60, 100, 1e-8, 0.0125), pick(1, 0.5, 2, 3)]; // biome-ignore format: one line
    const [low, high] = [between(-3000, 3000), between(-3000, 3000)].sort((a, b) => a - b);
    const scale = pick(1, 10, 100);
    const bounds = {
      isInteger: pick(true, false),
      min: pick(null, { value: (low ?? 0) / scale, isExclusive: pick(true, false) }),
      max: pick(null, { value: (high ?? 0) / scale, isExclusive: pick(true, false) }),
      steps: steps.slice(0, pick(1, 2)),
    };
    const step = steps[0] ?? 1;
    const values = valuesFor(bounds).flatMap((value) => {
      const multiple = Math.round(value / step) * step;
      return [value, multiple, Number(multiple.toFixed(4)), Math.round(value)];
    });
    expectExact(
      bounds,
      values.filter((value) => Math.abs(value) < 1e19),
    );
  }
});

test("numbers without bounds are all accepted", () => {
  const written = [1.7976931348623157e308, 5e-324, 123456789012345680000, 0.000001234567890123456, 1e21, 1e-7, 2.5e100, 9e299, 0]; // biome-ignore format: one line
  const values = [...written, ...Array.from({ length: 300 }, anyDouble)];
  expectExact(ANY_NUMBER, values.flatMap((value) => [value, 0 - value]).filter(Number.isFinite));
});

test("a number without bounds cannot be read as infinite", () => {
  const grammar = new Gbnf(numberGrammar(ANY_NUMBER) ?? "");

  expect(grammar.matches("1.7976931348623157e+308")).toBe(true);
  expect(grammar.matches("1.7976931348623159e+308")).toBe(false);
  expect(grammar.matches("1e309")).toBe(false);
  expect(grammar.matches("99999999999999999999e300")).toBe(false);
});

type Case = {
  readonly bounds: Partial<NumberBounds>;
  readonly accepts: readonly string[];
  readonly rejects: readonly string[];
};

const from = (value: number) => ({ value, isExclusive: false });
const beyond = (value: number) => ({ value, isExclusive: true });

const CASES: Record<string, Case> = {
  "numbers from zero up": {
    bounds: { min: from(0) },
    accepts: ["0", "1e-7", "5e+22", "1.5e+300", "0.5", "123456789012345680000"],
    rejects: ["-1", "-1e-7", "-5e-324", "1e400", "1.8e+308"],
  },
  "numbers up to one": {
    bounds: { max: from(1) },
    accepts: ["1", "1.0", "-1e+25", "-1.5e+300", "0.30000000000000004"],
    rejects: ["1.0000000000000002", "1e+25", "2", "5e-7"],
  },
  "limits that are written with an exponent": {
    bounds: { min: from(1e-9), max: from(1e-3) },
    accepts: ["1e-9", "1.0000000000000002e-9", "5e-8", "0.001", "0.0009", "0.000000001"],
    rejects: ["9.999999999999999e-10", "1e-10", "0.0010000000000000002", "0", "1e-324"],
  },
  "more than zero": {
    bounds: { min: beyond(0) },
    accepts: ["5e-324", "1e-323", "1e-7", "0.1"],
    rejects: ["0", "1e-324", "2e-324", "0.0", "-1"],
  },
  "texts that JavaScript reads as an excluded limit": {
    bounds: { min: beyond(0.1), max: beyond(1) },
    accepts: ["0.10000000000000002", "0.9999999999999999"],
    rejects: ["0.1", "0.10000000000000001", "0.99999999999999999", "1"],
  },
  "a sum of decimals as a limit": {
    bounds: { max: from(0.1 + 0.2) },
    accepts: ["0.30000000000000004", "0.3"],
    rejects: ["0.30000000000000005", "0.3000000000000001"],
  },
  "integers of 64 bits": {
    bounds: { isInteger: true, min: from(-(2 ** 63)), max: from(2 ** 63) },
    accepts: ["9223372036854775807", "-9223372036854775808", "9223372036854774000", "0"],
    rejects: ["9223372036854775808", "9223372036854776000", "-9223372036854775809", "1e+21"],
  },
  "integers of 64 bits without a sign": {
    bounds: { isInteger: true, min: from(0), max: from(2 ** 64) },
    accepts: ["18446744073709551615", "0"],
    rejects: ["18446744073709551616", "-1"],
  },
  "decimals up to a large power of two": {
    bounds: { max: from(2 ** 63) },
    accepts: ["9223372036854776000", "9223372036854775807", "1.5"],
    rejects: ["9223372036854778000", "1e+21"],
  },
  "multiples of seven": {
    bounds: { isInteger: true, steps: [7] },
    accepts: ["0", "7", "-14", "7000000000000000007", "49"],
    rejects: ["1", "-15", "07", "00", "7000000000000000008", "-0"],
  },
  "multiples of sixty between far limits": {
    bounds: { isInteger: true, min: from(0), max: from(1_000_000), steps: [60] },
    accepts: ["0", "60", "999960"],
    rejects: ["1000020", "-60", "50", "999980"],
  },
  "common multiples": {
    bounds: { steps: [4, 6, 2.5] },
    accepts: ["0", "60", "-120"],
    rejects: ["12", "30", "24"],
  },
  "multiples of a step with an exponent": {
    bounds: { min: from(0), max: from(1e-6), steps: [1.5e-7] },
    accepts: ["0", "1.5e-7", "0.00000015", "9e-7"],
    rejects: ["1e-7", "1.05e-6"],
  },
}; // biome-ignore format: a table

describe.each(Object.entries(CASES))("%s", (_name, { bounds, accepts, rejects }) => {
  const grammar = new Gbnf(numberGrammar({ ...ANY_NUMBER, ...bounds }) ?? "");
  test.each(accepts)("accepts %s", (text) => expect(grammar.matches(text)).toBe(true));
  test.each(rejects)("rejects %s", (text) => expect(grammar.matches(text)).toBe(false));
});

test.each<[string, Partial<NumberBounds>, number]>([
  ["a score", { min: from(0), max: from(1) }, 450],
  ["a port", { isInteger: true, min: from(1), max: from(65_535) }, 300],
  ["more than zero", { min: beyond(0) }, 1000],
  ["a percentage", { min: from(0), max: from(100) }, 500],
  ["multiples of three", { isInteger: true, steps: [3] }, 400],
])("the grammar of %s is short", (_name, bounds, most) => {
  expect(numberGrammar({ ...ANY_NUMBER, ...bounds })?.length).toBeLessThan(most);
});

test("bounds without numbers have no rule", () => {
  expect(numberGrammar({ ...ANY_NUMBER, min: from(2), max: from(1) })).toBeNull();
  expect(numberGrammar({ ...ANY_NUMBER, min: beyond(Number.MAX_VALUE) })).toBeNull();
  expect(numberGrammar({ ...ANY_NUMBER, min: from(1), max: from(2), steps: [5] })).toBeNull();
});

test.each([[0], [-1], [1009], [0.0037]])("a step of %d is refused with a reason", (step) => {
  expect(() => numberGrammar({ ...ANY_NUMBER, steps: [step] })).toThrow(StepError);
});
