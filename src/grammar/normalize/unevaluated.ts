// unevaluatedProperties and unevaluatedItems: members and items that no other keyword of the schema, its references and its
// branches describes.
// https://json-schema.org/draft/2020-12/json-schema-core#section-11

import type { Json } from "../../generation/request.ts";
import { join, type Schema } from "../schema-keywords.ts";
import type { KeywordContext } from "./schema-reader.ts";
import type { ArrayShape, ObjectShape, Shape } from "./shapes.ts";

export function withUnevaluated(
  schema: Schema,
  shapes: readonly Shape[],
  { report }: KeywordContext,
): readonly Shape[] {
  const { unevaluatedProperties: members, unevaluatedItems: items } = schema;
  if ((members ?? true) === true && (items ?? true) === true) return shapes;
  report.note(members, join(report.pathOf(schema), "unevaluatedProperties"));
  report.note(items, join(report.pathOf(schema), "unevaluatedItems"));
  return shapes.flatMap((shape): readonly Shape[] => {
    if (shape.type === "object" && members !== undefined) return [closedObject(shape, members)];
    if (shape.type === "array" && items !== undefined) return [closedArray(shape, items)];
    if (shape.type !== "values") return [shape];
    const values = shape.values.filter(isWithoutParts);
    return values.length === 0 ? [] : [{ type: "values", values }];
  });
}

/** Whether a listed value has no members or items, which keywords would have to describe. */
function isWithoutParts(value: Json): boolean {
  return typeof value !== "object" || value === null || Object.keys(value).length === 0;
}

function closedObject(shape: ObjectShape, others: Json): ObjectShape {
  if (shape.tables.some((table) => table.others !== undefined)) return shape;
  const describing = shape.tables.filter(({ isNegative }) => isNegative !== true);
  const names = describing.flatMap(({ properties }) => [...properties.keys()]);
  const patterns = describing.flatMap((table) => table.patterns);
  const table = {
    properties: new Map(names.map((name) => [name, true])),
    patterns: patterns.map(({ pattern }) => ({ pattern, schema: true })),
    others,
  };
  return { ...shape, tables: [...shape.tables, table] };
}

function closedArray(shape: ArrayShape, rest: Json): ArrayShape {
  const describing = shape.tables.filter(({ isNegative }) => isNegative !== true);
  if (describing.some((table) => table.rest !== undefined)) return shape;
  const longest = Math.max(0, ...describing.map(({ prefix }) => prefix.length));
  return { ...shape, tables: [...shape.tables, { prefix: Array<Json>(longest).fill(true), rest }] };
}
