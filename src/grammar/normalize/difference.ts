// The values of one normal form that are not in another: for not, oneOf, if and else. Where shapes cannot express the exact
// difference, values are left out: a grammar may accept less than its schema, never more.

import type { Json } from "../../generation/request.ts";
import {
  ANY_NUMBER,
  boundsOfBoth,
  boundsOutside,
  type NumberBounds,
} from "../numbers/number-bounds.ts";
import { isAlways } from "../schema-keywords.ts";
import { allTexts, possibleObject } from "./intersection.ts";
import { matchesShape } from "./matching.ts";
import { allPresence, hasAllOf, notPresence, type Presence, presenceSize } from "./presence.ts";
import { declaredNames, memberSchema, type ShapeContext } from "./shape-context.ts";
import {
  type ArrayShape,
  type ItemTable,
  isOneOrMore,
  isWholeType,
  type MemberTable,
  type NumberShape,
  type ObjectShape,
  type Shape,
  type StringShape,
  type ValuesShape,
} from "./shapes.ts";
import { unionOf } from "./union.ts";

/** Limit on shapes of a difference; further ones are left out. */
const MOST_SHAPES = 64;
const UNITS_PER_PAIR = 8;
/** The next and the previous number must be found. */
const UNITS_PER_NUMBER = 24;
/** Limit on names of a condition that are added to an object that declares none. */
const MOST_ADDED = 4;

export type Difference = {
  readonly shapes: readonly Shape[];
  /** Whether the shapes leave out values that belong to the difference. */
  readonly isIncomplete: boolean;
};

export function differenceOf(
  from: readonly Shape[],
  without: readonly Shape[],
  context: ShapeContext,
): Difference {
  let [shapes, isIncomplete] = [from, false];
  for (const other of without) {
    context.spend(UNITS_PER_PAIR * shapes.length);
    const each = shapes.map((shape) => shapeWithout(shape, other, context));
    isIncomplete ||= each.some((difference) => difference.isIncomplete);
    const left = each.flatMap((difference) => difference.shapes);
    shapes = unionOf(left, context);
    if (shapes.length <= MOST_SHAPES) continue;
    shapes = shapes.slice(0, MOST_SHAPES);
    isIncomplete = true;
  }
  return { shapes, isIncomplete };
}

const NOTHING: Difference = { shapes: [], isIncomplete: false };
const UNKNOWN: Difference = { shapes: [], isIncomplete: true };

function shapeWithout(from: Shape, other: Shape, context: ShapeContext): Difference {
  if (from === other) return NOTHING;
  if (from.type === "values") {
    const values = from.values.filter((value) => !matchesShape(other, value, context));
    return exactly(values.length === 0 ? [] : [{ type: "values", values }]);
  }
  if (other.type === "values") return withoutValues(from, other, context);
  if (from.type !== other.type) return exactly([from]);
  if (isWholeType(other)) return NOTHING;
  if (from.type === "number" && other.type === "number") return numbersWithout(from, other);
  if (from.type === "string" && other.type === "string") return textsWithout(from, other);
  if (from.type === "array" && other.type === "array") return arraysWithout(from, other, context);
  if (from.type === "object" && other.type === "object")
    return objectsWithout(from, other, context);
  return NOTHING;
}

function exactly(shapes: readonly Shape[]): Difference {
  return { shapes, isIncomplete: false };
}

function withoutValues(
  from: Exclude<Shape, ValuesShape>,
  { values }: ValuesShape,
  context: ShapeContext,
): Difference {
  const inside = values.filter((value) => matchesShape(from, value, context));
  if (inside.length === 0) return exactly([from]);
  switch (from.type) {
    case "null":
      return NOTHING;
    case "boolean": {
      const left = [true, false].filter((value) => !inside.includes(value));
      return exactly(left.length === 0 ? [] : [{ type: "values", values: left }]);
    }
    case "string": {
      const part = { type: "values", values: inside.map(String), path: "" } as const;
      return withCondition(from, { type: "not", part, path: "" });
    }
    case "number":
      return withoutNumbers(from, inside.map(Number), context);
    case "array":
    case "object":
      return inside.every(isEmptyContainer)
        ? exactly(from.max < 1 ? [] : [{ ...from, min: Math.max(from.min, 1) }])
        : UNKNOWN;
  }
}

function withoutNumbers(
  from: NumberShape,
  values: readonly number[],
  context: ShapeContext,
): Difference {
  let [left, isIncomplete]: [readonly NumberBounds[], boolean] = [[from.bounds], false];
  for (const value of values) {
    context.spend(UNITS_PER_NUMBER * left.length);
    const limit = { value, isExclusive: false };
    const point = { ...ANY_NUMBER, min: limit, max: limit };
    left = left.flatMap((bounds) => boundsWithout(bounds, point) ?? []);
    isIncomplete ||= left.length > MOST_SHAPES;
    left = left.slice(0, MOST_SHAPES);
  }
  return { shapes: left.map((bounds) => ({ ...from, bounds })), isIncomplete };
}

function isEmptyContainer(value: Json): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function withCondition(from: StringShape, condition: StringShape["text"]): Difference {
  const text = allTexts([from.text, condition]);
  return exactly(text ? [{ type: "string", text }] : []);
}

function textsWithout(from: StringShape, { text }: StringShape): Difference {
  if (text.type === "any") return NOTHING;
  if (text.type === "not") return withCondition(from, text.part);
  return withCondition(from, { type: "not", part: text, path: text.path });
}

function numbersWithout(from: NumberShape, { bounds }: NumberShape): Difference {
  const left = boundsWithout(from.bounds, bounds);
  return left ? exactly(left.map((each) => ({ ...from, bounds: each }))) : UNKNOWN;
}

/** @returns null if the numbers cannot be stated as ranges */
function boundsWithout(from: NumberBounds, other: NumberBounds): readonly NumberBounds[] | null {
  if (other.isInteger && !from.isInteger) return null;
  const outside = boundsOutside({ ...other, isInteger: false });
  if (!outside) return null;
  return outside.map((each) => boundsOfBoth(from, each)).filter((each) => each !== null);
}

function arraysWithout(from: ArrayShape, other: ArrayShape, context: ShapeContext): Difference {
  const shapes: ArrayShape[] = [];
  if (other.min > from.min) shapes.push({ ...from, max: Math.min(from.max, other.min - 1) });
  if (other.max < from.max) shapes.push({ ...from, min: Math.max(from.min, other.max + 1) });
  for (const table of other.tables.filter((each) => !from.tables.includes(each)))
    for (const [index, item] of table.prefix.entries()) {
      const prefix = table.prefix.map((_, at) => (at === index ? context.joiner.not(item) : true));
      const min = Math.max(from.min, index + 1);
      shapes.push({
        ...from,
        min,
        tables: [...from.tables, { prefix, rest: undefined, isNegative: true }],
      });
    }
  for (const { schema } of other.contains.filter(isOneOrMore)) {
    const table: ItemTable = { prefix: [], rest: context.joiner.not(schema), isNegative: true };
    shapes.push({ ...from, tables: [...from.tables, table] });
  }
  const isIncomplete =
    (other.uniquePath !== null && from.uniquePath === null) ||
    !other.contains.every(isOneOrMore) ||
    other.tables.some((table) => !from.tables.includes(table) && !isAlways(table.rest ?? true));
  return { shapes: shapes.filter(({ min, max }) => min <= max), isIncomplete };
}

function objectsWithout(from: ObjectShape, other: ObjectShape, context: ShapeContext): Difference {
  const shapes: (ObjectShape | null)[] = [];
  const add = (presence: Presence, more: Partial<ObjectShape> = {}) =>
    shapes.push(
      possibleObject({ ...from, ...more, presence: allPresence([from.presence, presence]) }),
    );
  const unitsPerShape =
    UNITS_PER_PAIR + from.required.size / 2 + from.tables.length + 2 * presenceSize(from.presence);
  context.spend(unitsPerShape + 3 * (other.required.size + presenceSize(other.presence)));
  const missing = [...other.required].filter((name) => !from.required.has(name));
  const tables = other.tables.filter((table) => !from.tables.includes(table));
  const closed = tables.filter(({ others, patterns }) => others === false && patterns.length === 0);
  add(
    notPresence(
      allPresence([
        hasAllOf(missing),
        other.presence,
        ...closed.map(({ properties }) => notPresence({ beyond: [...properties.keys()] })),
      ]),
    ),
  );
  if (other.min > from.min) add(true, { max: Math.min(from.max, other.min - 1) });
  if (other.max < from.max) add(true, { min: Math.max(from.min, other.max + 1) });
  const shared = differing(from, { ...other, tables }, context);
  for (const [name, schema] of shared) {
    context.spend(unitsPerShape);
    const table: MemberTable = {
      properties: new Map([[name, schema]]),
      patterns: [],
      others: undefined,
      isNegative: true,
    };
    const required = new Set([...from.required, name]);
    add(true, { tables: [...from.tables, table], required });
  }
  const possible = shapes.filter((shape) => shape !== null);
  const whole = possible.find((shape) => areTheSame(shape, from));
  if (whole) return exactly([whole]);
  const isIncomplete = !isExact(from, { ...other, tables }, context);
  return {
    shapes: possible.filter((shape) => !hasImpossible(shape, shared, context)),
    isIncomplete,
  };
}

/** Whether the shapes of the difference express the opposite of every condition of the other object. */
function isExact(
  from: ObjectShape,
  { tables, names }: ObjectShape,
  context: ShapeContext,
): boolean {
  const ours = declaredNames(from, context);
  const isAdded = isBlank(ours, declaredNames({ tables }, context));
  return (
    names.every((schema) => from.names.includes(schema)) &&
    tables.every(
      ({ properties, patterns, others }) =>
        patterns.length === 0 &&
        (others === false || isAlways(others ?? true)) &&
        [...properties].every(
          ([name, schema]) => isAdded || ours.has(name) || isAlways(schema) || schema === false,
        ),
    )
  );
}

/**
 * Names that both declare. If this object declares none and the other only a few, all of these: a branch of allOf often has
 * nothing but a condition.
 */
function comparedNames(ours: ReadonlySet<string>, theirs: ReadonlySet<string>): readonly string[] {
  return [...theirs].filter((name) => ours.has(name) || isBlank(ours, theirs));
}

function isBlank(ours: ReadonlySet<string>, theirs: ReadonlySet<string>): boolean {
  return ours.size === 0 && theirs.size <= MOST_ADDED;
}

/** Members that can have values which the other object does not allow, with schemas of these values. */
function differing(
  from: ObjectShape,
  other: ObjectShape,
  context: ShapeContext,
): ReadonlyMap<string, Json> {
  const ours = declaredNames(from, context);
  context.spend(
    other.tables.length === 0 ? 0 : UNITS_PER_PAIR + declaredNames(other, context).size,
  );
  const theirs = comparedNames(ours, declaredNames(other, context));
  const negated = theirs.map(
    (name) => [name, context.joiner.not(memberSchema(other, name, context))] as const,
  );
  return new Map(negated.filter(([, schema]) => schema !== false));
}

function hasImpossible(
  shape: ObjectShape,
  shared: ReadonlyMap<string, Json>,
  context: ShapeContext,
): boolean {
  context.spend(shared.size / 8);
  return [...shared.keys()].some(
    (name) => shape.required.has(name) && context.isImpossible(memberSchema(shape, name, context)),
  );
}

function areTheSame(a: ObjectShape, b: ObjectShape): boolean {
  return (
    a.tables.length === b.tables.length &&
    a.presence === b.presence &&
    a.min === b.min &&
    a.max === b.max &&
    a.required.size === b.required.size
  );
}
