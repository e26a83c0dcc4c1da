// Checks whether a value matches a schema, to combine listed values with other keywords.

import type { Json } from "../../generation/request.ts";
import { boundsAllow } from "../numbers/number-bounds.ts";
import { isSchema } from "../schema-keywords.ts";
import { holdsAtEnd, whenMember } from "./presence.ts";
import { memberSchema, type ShapeContext } from "./shape-context.ts";
import type { ArrayShape, ObjectShape, Shape } from "./shapes.ts";

export function matchesSchema(schema: Json, value: Json, context: ShapeContext): boolean {
  return context.shapesOf(schema).some((shape) => matchesShape(shape, value, context));
}

export function matchesShape(shape: Shape, value: Json, context: ShapeContext): boolean {
  context.spend(1);
  switch (shape.type) {
    case "null":
      return value === null;
    case "boolean":
      return typeof value === "boolean";
    case "number":
      return typeof value === "number" && boundsAllow(shape.bounds, value);
    case "string":
      return typeof value === "string" && context.allowsText(shape.text, value);
    case "values":
      return isListed(shape.values, value);
    case "array":
      return Array.isArray(value) && matchesArray(shape, value, context);
    case "object":
      return isSchema(value) && matchesObject(shape, value, context);
  }
}

/** Up to this many values are compared one by one. */
const FEW_VALUES = 8;
/** Keys of longer lists, kept because each list is compared with many values. */
const KEYS = new WeakMap<readonly Json[], ReadonlySet<string>>();

function isListed(values: readonly Json[], value: Json): boolean {
  if (values.length <= FEW_VALUES) return values.some((listed) => areEqual(listed, value));
  const keys = KEYS.get(values) ?? new Set(values.map(equalKey));
  KEYS.set(values, keys);
  return keys.has(equalKey(value));
}

function matchesArray(shape: ArrayShape, items: readonly Json[], context: ShapeContext): boolean {
  if (items.length < shape.min || items.length > shape.max) return false;
  if (shape.uniquePath !== null && new Set(items.map(equalKey)).size < items.length) return false;
  const areItems = shape.tables.every(({ prefix, rest }) =>
    items.every((item, index) => matchesSchema(prefix[index] ?? rest ?? true, item, context)),
  );
  return (
    areItems &&
    shape.contains.every(({ schema, min, max }) => {
      const found = items.filter((item) => matchesSchema(schema, item, context)).length;
      return found >= min && found <= max;
    })
  );
}

function matchesObject(
  shape: ObjectShape,
  value: { readonly [name: string]: Json },
  context: ShapeContext,
): boolean {
  const names = Object.keys(value);
  if (names.length < shape.min || names.length > shape.max) return false;
  if ([...shape.required].some((name) => !Object.hasOwn(value, name))) return false;
  const presence = names.reduce((left, name) => whenMember(left, name, true), shape.presence);
  return (
    holdsAtEnd(presence) &&
    names.every((name) => shape.names.every((each) => matchesSchema(each, name, context))) &&
    Object.entries(value).every(([name, member]) =>
      matchesSchema(memberSchema(shape, name, context), member, context),
    )
  );
}

/** Compares values as JSON Schema does: the order of members does not count. */
export function areEqual(a: Json, b: Json): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  return equalKey(a) === equalKey(b);
}

/** Equal values have equal keys. */
export function equalKey(value: Json): string {
  return JSON.stringify(value, (_, part) =>
    isSchema(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
