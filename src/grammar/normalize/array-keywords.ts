// The arrays that the keywords of one schema describe.

import type { Json } from "../../generation/request.ts";
import { join, readList } from "../schema-keywords.ts";
import type { SchemaReader } from "./schema-reader.ts";
import { ANY_ARRAY, type ArrayShape, type Contains, type Shape } from "./shapes.ts";

/** @returns null if there are none */
export function arrayShape(reader: SchemaReader): Shape | null {
  const { items, prefixItems, additionalItems, uniqueItems, contains, minItems, maxItems } =
    reader.schema;
  const isPlain =
    [items, prefixItems, contains, minItems, maxItems].every((each) => each === undefined) &&
    uniqueItems !== true;
  if (isPlain) return ANY_ARRAY;
  const counts = reader.counts("minItems", "maxItems");
  if (!counts) return null;
  const [prefixKeyword, restKeyword, further] = Array.isArray(items)
    ? ["items", "additionalItems", additionalItems]
    : ["prefixItems", "items", items];
  const prefix = reader.read(prefixKeyword, () => schemasIn(prefixKeyword, reader)) ?? [];
  const rest = reader.inner(further, restKeyword);
  const hasTable = prefix.length > 0 || (rest ?? true) !== true;
  const { max } = counts;
  let { min } = counts;
  if (rest === false && min > prefix.length) {
    if (!reader.contradicts("minItems", "is more than the items that are allowed")) return null;
    min = prefix.length;
  }
  const shape: ArrayShape = {
    type: "array",
    tables: hasTable ? [{ prefix, rest }] : [],
    min,
    max,
    uniquePath: uniqueItems === true && max > 1 ? join(reader.path, "uniqueItems") : null,
    contains: contains === undefined ? [] : [containsOf(contains, reader)],
  };
  return shape;
}

function containsOf(written: Json, reader: SchemaReader): Contains {
  const schema = reader.inner(written, "contains") ?? true;
  const counts = reader.counts("minContains", "maxContains") ?? { min: 0, max: 0 };
  const min = reader.schema.minContains === undefined ? 1 : counts.min;
  return { schema, min, max: counts.max, path: join(reader.path, "contains") };
}

/** The schemas in a list. */
function schemasIn(keyword: string, reader: SchemaReader): readonly Json[] {
  const schemas = readList(reader.schema[keyword]);
  return schemas.map((schema, index) => reader.inner(schema, keyword, `${index}`) ?? true);
}
