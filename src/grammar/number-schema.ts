// Numbers of a JSON Schema, with or without limits.

import { anyInteger, anyNumber } from "./json.ts";
import type { GrammarNode } from "./nodes.ts";
import { integerRange, numberRange } from "./number-range.ts";
import type { Rules } from "./rules.ts";
import { join, larger, readNumber, type Schema, SchemaError, smaller } from "./schema-keywords.ts";

/** @throws SchemaError */
export function numberRule(
  type: "integer" | "number",
  schema: Schema,
  path: string,
  rules: Rules,
): GrammarNode {
  const limit = (keyword: string) => readNumber(schema[keyword], join(path, keyword));
  const isWhole = type === "integer";
  const [least, above] = [limit("minimum"), limit("exclusiveMinimum")];
  const [most, below] = [limit("maximum"), limit("exclusiveMaximum")];
  if (least === null && above === null && most === null && below === null)
    return isWhole ? anyInteger(rules) : anyNumber(rules);
  // An exclusive limit becomes the next whole number; decimals in between are given up.
  const min = larger(least, above === null ? null : Math.floor(above) + 1);
  const max = smaller(most, below === null ? null : Math.ceil(below) - 1);
  const range = isWhole
    ? integerRange(min === null ? null : Math.ceil(min), max === null ? null : Math.floor(max))
    : numberRange(min, max);
  if (range !== null) return range;
  const keyword = min === null ? "maximum" : "minimum";
  throw new SchemaError(join(path, keyword), "leaves no number that a grammar can express");
}
