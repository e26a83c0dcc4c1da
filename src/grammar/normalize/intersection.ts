// The values that match two normal forms at once.

import type { Json } from "../../generation/request.ts";
import { boundsOfBoth } from "../numbers/number-bounds.ts";
import { isSchema } from "../schema-keywords.ts";
import { matchesShape } from "./matching.ts";
import { allPresence, type Presence, presenceSize, whenMembers } from "./presence.ts";
import { declaredNames, memberSchema, type ShapeContext } from "./shape-context.ts";
import {
  ANY_VALUE,
  type ArrayShape,
  isWholeType,
  type ObjectShape,
  type Shape,
  type StringShape,
  type TextCondition,
} from "./shapes.ts";
import { unionOf } from "./union.ts";

const UNITS_PER_PAIR = 4;
/** Lists up to this length are compared value by value. */
const FEW_VALUES = 8;

export function shapesOfBoth(
  a: readonly Shape[],
  b: readonly Shape[],
  context: ShapeContext,
): readonly Shape[] {
  if (a === ANY_VALUE || a === b) return b;
  if (b === ANY_VALUE) return a;
  context.spend(UNITS_PER_PAIR * a.length * b.length);
  const both = a.flatMap((one) => b.map((other) => shapeOfBoth(one, other, context)));
  return unionOf(
    both.filter((shape) => shape !== null),
    context,
  );
}

/** @returns null if no value matches both */
function shapeOfBoth(a: Shape, b: Shape, context: ShapeContext): Shape | null {
  if (a.type === "values") return valuesIn(a.values, b, context);
  if (b.type === "values") return valuesIn(b.values, a, context);
  if (a.type !== b.type) return null;
  if (isWholeType(a)) return b;
  if (isWholeType(b)) return a;
  if (a.type === "number" && b.type === "number") {
    const bounds = boundsOfBoth(a.bounds, b.bounds);
    return bounds && { type: "number", bounds, path: a.path || b.path };
  }
  if (a.type === "string" && b.type === "string") return textsOfBoth(a, b);
  if (a.type === "array" && b.type === "array") return arraysOfBoth(a, b);
  if (a.type === "object" && b.type === "object") return objectsOfBoth(a, b, context);
  return a;
}

function valuesIn(values: readonly Json[], shape: Shape, context: ShapeContext): Shape | null {
  const left = values.filter((value) => matchesShape(shape, value, context));
  if (left.length === 0) return null;
  return { type: "values", values: left.length === values.length ? values : left };
}

function textsOfBoth(a: StringShape, b: StringShape): StringShape | null {
  const text = allTexts([a.text, b.text]);
  return text && { type: "string", text };
}

/** All conditions as one; lengths become one length. @returns null if the lengths exclude each other */
export function allTexts(conditions: readonly TextCondition[]): TextCondition | null {
  const flat = conditions.flatMap((each) => (each.type === "all" ? each.parts : [each]));
  const lengths = flat.filter((each) => each.type === "length");
  const [first] = lengths;
  const others = [...new Set(flat)].filter(({ type }) => type !== "length" && type !== "any");
  const parts: TextCondition[] = [...others];
  if (first) {
    const min = Math.max(...lengths.map((length) => length.min));
    const max = Math.min(...lengths.map((length) => length.max));
    if (max < min) return null;
    parts.push({ type: "length", min, max, path: first.path });
  }
  const [only = { type: "any" } as const] = parts;
  const path = only.type === "any" ? "" : only.path;
  return parts.length < 2 ? only : { type: "all", parts, path };
}

function arraysOfBoth(a: ArrayShape, b: ArrayShape): ArrayShape | null {
  const [min, max] = [Math.max(a.min, b.min), Math.min(a.max, b.max)];
  if (max < min) return null;
  return {
    type: "array",
    tables: [...new Set([...a.tables, ...b.tables])],
    min,
    max,
    uniquePath: a.uniquePath ?? b.uniquePath,
    contains: [...new Set([...a.contains, ...b.contains])],
  };
}

function objectsOfBoth(a: ObjectShape, b: ObjectShape, context: ShapeContext): ObjectShape | null {
  const tables = [...new Set([...a.tables, ...b.tables])];
  context.spend(
    2 * (presenceSize(a.presence) + presenceSize(b.presence)) +
      (a.required.size + b.required.size) / 2,
  );
  const shape = possibleObject({
    type: "object",
    tables,
    names: [...new Set([...a.names, ...b.names])],
    required: new Set([...a.required, ...b.required]),
    presence: allPresence([a.presence, b.presence]),
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
  });
  context.spend(tables.length + (shape?.required.size ?? 0));
  const isNew = tables.length > Math.max(a.tables.length, b.tables.length);
  return shape && isNew ? withoutImpossible(shape, [a, b], context) : shape;
}

/** @returns null if a required member is impossible */
function withoutImpossible(
  shape: ObjectShape,
  both: readonly [ObjectShape, ObjectShape],
  context: ShapeContext,
): ObjectShape | null {
  if (hasImpossibleRequired(shape, both, context)) return null;
  const absent = sharedNames(both, context)
    .filter((name) => !shape.required.has(name) && isImpossibleMember(name, shape, context))
    .map((name): Presence => ({ not: { has: name } }));
  if (absent.length === 0) return shape;
  return possibleObject({ ...shape, presence: allPresence([shape.presence, ...absent]) });
}

function hasImpossibleRequired(
  shape: ObjectShape,
  [a, b]: readonly [ObjectShape, ObjectShape],
  context: ShapeContext,
): boolean {
  const [ours, theirs] = [declaredNames(a, context), declaredNames(b, context)];
  context.spend(shape.required.size / 2);
  return [...shape.required].some(
    (name) =>
      isDescribed(a, ours, name) &&
      isDescribed(b, theirs, name) &&
      isImpossibleMember(name, shape, context),
  );
}

/** Members that both declare. Others were possible before, or are impossible in one of the two already. */
function sharedNames(
  [a, b]: readonly [ObjectShape, ObjectShape],
  context: ShapeContext,
): readonly string[] {
  const [ours, theirs] = [declaredNames(a, context), declaredNames(b, context)];
  context.spend((ours.size + theirs.size) / 2);
  return [
    ...[...ours].filter((name) => isDescribed(b, theirs, name)),
    ...[...theirs].filter((name) => !ours.has(name) && isDescribed(a, ours, name)),
  ];
}

function isImpossibleMember(name: string, shape: ObjectShape, context: ShapeContext): boolean {
  context.spend(UNITS_PER_PAIR);
  if (haveDifferentValues(shape, name)) return true;
  return context.isImpossible(memberSchema(shape, name, context));
}

/** Whether two tables list values of a member and have none in common. Most branches are told apart by such a member. */
function haveDifferentValues({ tables }: ObjectShape, name: string): boolean {
  const lists = tables.flatMap(({ properties }) => {
    const values = listedValues(properties.get(name));
    return values ? [values] : [];
  });
  const [first, ...others] = lists;
  return others.some((other) => !other.some((value) => first?.includes(value)));
}

/** The values of const or of a short enum; null if one is an object or array. */
function listedValues(schema: Json | undefined): readonly Json[] | null {
  if (!isSchema(schema)) return null;
  const values = schema.const === undefined ? schema.enum : [schema.const];
  const isShort = Array.isArray(values) && values.length <= FEW_VALUES;
  return isShort && values.every((value) => typeof value !== "object") ? values : null;
}

/** Whether a value may match both. Compares only the required members of objects. */
export function haveCommon(
  a: readonly Shape[],
  b: readonly Shape[],
  context: ShapeContext,
): boolean {
  context.spend(UNITS_PER_PAIR * a.length * b.length);
  return a.some((one) =>
    b.some((other) => {
      if (one.type !== "object" || other.type !== "object")
        return shapeOfBoth(one, other, context) !== null;
      const required = new Set([...one.required, ...other.required]);
      const shape = { ...one, tables: [...one.tables, ...other.tables], required };
      return !hasImpossibleRequired(shape, [one, other], context);
    }),
  );
}

/** Whether a keyword of the object describes a member. @param names that it declares */
function isDescribed({ tables }: ObjectShape, names: ReadonlySet<string>, name: string): boolean {
  return (
    names.has(name) ||
    tables.some(({ patterns, others }) => patterns.length > 0 || others !== undefined)
  );
}

/** The object with its required members taken into account; null if they make it impossible. */
export function possibleObject(shape: ObjectShape): ObjectShape | null {
  let { presence } = shape;
  if (shape.required.size > 0) presence = whenMembers(presence, shape.required, true);
  if (presence === false || shape.max < Math.max(shape.min, shape.required.size)) return null;
  return presence === shape.presence ? shape : { ...shape, presence };
}
