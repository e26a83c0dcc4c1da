// Numbers of a JSON Schema: any, or between limits.

import { anyInteger, anyNumber } from "./json.ts";
import { integerRange, numberRange } from "./number-range.ts";
import type { Rules } from "./rules.ts";
import { greatest, join, numberAt, type Schema, SchemaError, smallest } from "./schema-keywords.ts";

/** @returns an expression for such numbers. @throws SchemaError */
export function numberRule(
  type: "integer" | "number",
  schema: Schema,
  path: string,
  rules: Rules,
): string {
  const limit = (keyword: string) => numberAt(schema[keyword], join(path, keyword));
  const isWhole = type === "integer";
  const [least, above] = [limit("minimum"), limit("exclusiveMinimum")];
  const [most, below] = [limit("maximum"), limit("exclusiveMaximum")];
  if (least === null && above === null && most === null && below === null)
    return isWhole ? anyInteger(rules) : anyNumber(rules);
  // The next whole number keeps an exclusive limit; of decimals it gives up those in between.
  const min = greatest(least, above === null ? null : Math.floor(above) + 1);
  const max = smallest(most, below === null ? null : Math.ceil(below) - 1);
  const range = isWhole
    ? integerRange(min === null ? null : Math.ceil(min), max === null ? null : Math.floor(max))
    : numberRange(min, max);
  if (range !== null) return range;
  const keyword = min === null ? "maximum" : "minimum";
  throw new SchemaError(join(path, keyword), "leaves a range that a grammar cannot write");
}
