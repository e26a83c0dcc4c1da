// Which numbers the grammar of a range accepts: those inside, in every spelling without an exponent.

import { describe, expect, test } from "vitest";
import { SchemaError } from "../../../src/grammar/schema-keywords.ts";
import { randomFrom } from "../../support/engines/share-simulation.ts";
import { Gbnf } from "../../support/gbnf.ts";
import { schemaGrammar } from "../../support/schema-grammar.ts";

type Limits = Readonly<
  Partial<
    Record<"minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum" | "multipleOf", number>
  >
>;

const PLACES = 25;

/** The decimal in units of 10^-25, which compare exactly. */
function unitsOf(text: string): bigint {
  const [, sign, whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const units = BigInt(whole + fraction.padEnd(PLACES, "0"));
  return sign === "-" ? -units : units;
}

const decimal = (value: number) => (/e/.test(String(value)) ? value.toFixed(20) : String(value));

function isInside(text: string, limits: Limits): boolean {
  const value = unitsOf(text);
  const at = (name: keyof Limits) => {
    const limit = limits[name];
    return limit === undefined ? null : unitsOf(decimal(limit));
  };
  const [min, above, max, below] = [
    at("minimum"),
    at("exclusiveMinimum"),
    at("maximum"),
    at("exclusiveMaximum"),
  ];
  const step = at("multipleOf");
  return (
    (min === null || value >= min) &&
    (above === null || value > above) &&
    (max === null || value <= max) &&
    (below === null || value < below) &&
    (step === null || value % step === 0n)
  );
}

const between = randomFrom(20);
const any = (count: number) => between(0, count - 1);
const random = () => between(0, 1_000_000) / 1_000_000;
const pick = <T>(...values: readonly T[]): T => values[any(values.length)] as T;

function anyLimit(): number {
  const sign = pick(1, 1, -1);
  return sign * pick(any(5), any(200), Number((random() * 2).toFixed(1)), Number((random() * 20).toFixed(2)), Number(random().toFixed(3)), 10 ** any(6)); // biome-ignore format: one line
}

function anyLimits(): Limits {
  const [low, high] = [anyLimit(), anyLimit()].sort((a, b) => a - b) as [number, number];
  return {
    ...(any(5) > 0 ? { [pick("minimum", "exclusiveMinimum")]: low } : {}),
    ...(any(5) > 0 ? { [pick("maximum", "exclusiveMaximum")]: high } : {}),
  };
}

/** Texts near the limits and elsewhere. */
function textsFor(limits: Limits): string[] {
  const near = [...Object.values(limits), 0, anyLimit()];
  return Array.from({ length: 40 }, () => {
    const value = pick(...near) + (random() - 0.5) * pick(0, 0.001, 0.1, 1, 10, 100);
    return any(4) === 0 ? decimal(pick(...near)) : value.toFixed(any(5));
  }).filter((text) => !/^-0(\.0*)?$/.test(text));
}

const grammarOf = (schema: object) => {
  try {
    return new Gbnf(schemaGrammar(schema));
  } catch (error) {
    expect(error).toBeInstanceOf(SchemaError);
    return null; // nothing is inside
  }
};

test("of any decimals, exactly those between the limits are accepted", () => {
  for (let round = 0; round < 150; round++) {
    const limits = anyLimits();
    const grammar = grammarOf({ type: "number", ...limits });
    for (const text of textsFor(limits)) {
      const shown = `${text} in ${JSON.stringify(limits)}`;
      const isAccepted = grammar?.matches(text) ?? false;
      expect(`${shown}: ${isAccepted}`).toBe(`${shown}: ${isInside(text, limits)}`);
    }
  }
});

test("of any integers, exactly the multiples between the limits are accepted", () => {
  for (let round = 0; round < 150; round++) {
    const limits = { ...anyLimits(), multipleOf: pick(1, 2, 5, 10, 25, 4, 0.5, 1000) };
    const grammar = grammarOf({ type: "integer", ...limits });
    for (const given of textsFor(limits)) {
      const text = String(BigInt(Math.round(Number(given))));
      const shown = `${text} in ${JSON.stringify(limits)}`;
      const isAccepted = grammar?.matches(text) ?? false;
      expect(`${shown}: ${isAccepted}`).toBe(`${shown}: ${isInside(text, limits)}`);
    }
  }
});

type Case = {
  readonly schema: object;
  readonly accepts: readonly string[];
  readonly rejects: readonly string[];
};

const CASES: Record<string, Case> = {
  "a score around zero": {
    schema: { type: "number", minimum: -1, maximum: 1 },
    accepts: ["-1", "-0.75", "0", "0.001", "1", "1.0"],
    rejects: ["-1.01", "1.0000001", "2"],
  },
  "more than zero": {
    schema: { type: "number", exclusiveMinimum: 0 },
    accepts: ["0.0000000000000001", "0.5", "1", "99999.99"],
    rejects: ["0", "0.0", "0.0000000000000000", "-0.5"],
  },
  "decimals between two limits": {
    schema: { type: "number", exclusiveMinimum: 0.25, exclusiveMaximum: 0.5 },
    accepts: ["0.3", "0.2500001", "0.49"],
    rejects: ["0.25", "0.5", "0.250", "0", "1"],
  },
  "no decimals that a reader would round to an excluded limit": {
    schema: { type: "number", exclusiveMinimum: 100, exclusiveMaximum: 1000 },
    accepts: ["100.0000000000001", "999.9999999999"],
    rejects: ["100.00000000000000001", "999.99999999999999999"],
  },
  "exclusive limits in the form of OpenAPI 3.0": {
    schema: { type: "number", minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: false },
    accepts: ["0.1", "1"],
    rejects: ["0", "1.1"],
  },
  "the limits of 64-bit integers": {
    schema: JSON.parse(
      '{"type": "integer", "minimum": -9223372036854775808, "maximum": 9223372036854775807}',
    ),
    accepts: ["9223372036854775807", "-9223372036854775808", "0", "-1"],
    rejects: ["9223372036854775808", "-9223372036854775809"],
  },
  "the limits of 32-bit floats": {
    schema: { type: "number", minimum: -3.4028234663852886e38, maximum: 3.4028234663852886e38 },
    accepts: ["-1.5", "340282346638528860000000000000000000000"],
    rejects: ["340282346638528860000000000000000000001", "1e39"],
  },
  "the limits of 64-bit floats say nothing": {
    schema: { type: "number", minimum: -1.7976931348623157e308, maximum: 1.7976931348623157e308 },
    accepts: ["-1.5", "1e21"],
    rejects: ["a"],
  },
  "a limit with very many digits": {
    schema: { type: "number", minimum: 5e-324, maximum: 1 },
    accepts: ["0.5", "0.0000000000000001", "1"],
    rejects: ["0", "1.1"],
  },
  cents: {
    schema: { type: "number", minimum: 0, multipleOf: 0.01 },
    accepts: ["0", "19.99", "5.5"],
    rejects: ["0.001", "-1"],
  },
  quarters: {
    schema: { type: "number", minimum: -1, maximum: 2, multipleOf: 0.25 },
    accepts: ["-1", "-0.75", "0", "0.25", "1.5", "2"],
    rejects: ["0.3", "2.25", "-1.25"],
  },
  "multiples of seven between limits": {
    schema: { type: "integer", minimum: 1, maximum: 30, multipleOf: 7 },
    accepts: ["7", "14", "21", "28"],
    rejects: ["0", "8", "35"],
  },
}; // biome-ignore format: a table

describe.each(Object.entries(CASES))("%s", (_name, { schema, accepts, rejects }) => {
  const grammar = new Gbnf(schemaGrammar(schema));
  test.each(accepts)("accepts %s", (text) => expect(grammar.matches(text)).toBe(true));
  test.each(rejects)("rejects %s", (text) => expect(grammar.matches(text)).toBe(false));
});

test.each<[object, string]>([
  [{ minimum: 5, maximum: 4 }, "maximum"],
  [{ exclusiveMinimum: 1, exclusiveMaximum: 1 }, "exclusiveMaximum"],
  [{ exclusiveMinimum: 1.7976931348623157e308 }, "exclusiveMinimum"],
  [{ maximum: "5" }, "maximum"],
  [{ multipleOf: 1009 }, "multipleOf"],
  [{ multipleOf: 0 }, "multipleOf"],
  [{ minimum: 1, maximum: 2, multipleOf: 5 }, "maximum"],
])("refuses %j and names the keyword", (limits, path) => {
  expect(() => schemaGrammar({ type: "number", ...limits })).toThrow(
    expect.objectContaining({ name: "SchemaError", path }),
  );
});
