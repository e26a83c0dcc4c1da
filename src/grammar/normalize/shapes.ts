// The normal form of a schema: a list of shapes, of which a value must match at least one. A shape is of one JSON type.
// Schemas inside objects and arrays are not normalized, so that recursive schemas have a normal form too.

import type { Json } from "../../generation/request.ts";
import { ANY_NUMBER, type NumberBounds } from "../numbers/number-bounds.ts";
import type { Presence } from "./presence.ts";

export type Shape =
  | { readonly type: "null" }
  | { readonly type: "boolean" }
  | NumberShape
  | StringShape
  | ArrayShape
  | ObjectShape
  | ValuesShape;

export type NumberShape = {
  readonly type: "number";
  readonly bounds: NumberBounds;
  /** Path of a keyword, for the report if a grammar cannot enforce it. */
  readonly path: string;
};

export type StringShape = { readonly type: "string"; readonly text: TextCondition };

/** A condition on a text. */
export type TextCondition =
  | { readonly type: "any" }
  /** Limits on the number of characters. */
  | { readonly type: "length"; readonly min: number; readonly max: number; readonly path: string }
  | { readonly type: "pattern"; readonly pattern: string; readonly path: string }
  | { readonly type: "format"; readonly format: string; readonly path: string }
  | { readonly type: "values"; readonly values: readonly string[]; readonly path: string }
  | { readonly type: "not"; readonly part: TextCondition; readonly path: string }
  | { readonly type: "all"; readonly parts: readonly TextCondition[]; readonly path: string }
  | { readonly type: "either"; readonly parts: readonly TextCondition[]; readonly path: string };

export type ArrayShape = {
  readonly type: "array";
  /** An item must match all tables. */
  readonly tables: readonly ItemTable[];
  readonly min: number;
  /** `UNBOUNDED` for no limit. */
  readonly max: number;
  /** Path of uniqueItems; null if items may be equal. */
  readonly uniquePath: string | null;
  readonly contains: readonly Contains[];
};

export type ItemTable = {
  readonly prefix: readonly Json[];
  /** The schema of items after the prefix; undefined if none is stated. */
  readonly rest: Json | undefined;
  /** Whether the table comes from a difference. unevaluatedItems ignores it. */
  readonly isNegative?: boolean;
};

/** A number of items that must match a schema. */
export type Contains = {
  readonly schema: Json;
  readonly min: number;
  readonly max: number;
  readonly path: string;
};

export type ObjectShape = {
  readonly type: "object";
  /** A member must match all tables. */
  readonly tables: readonly MemberTable[];
  /** Schemas that all names must match. */
  readonly names: readonly Json[];
  readonly required: ReadonlySet<string>;
  /** Which members may occur together. */
  readonly presence: Presence;
  readonly min: number;
  readonly max: number;
};

export type MemberTable = {
  readonly properties: ReadonlyMap<string, Json>;
  readonly patterns: readonly MemberPattern[];
  /** The schema of members that are neither declared nor match a pattern; undefined if none is stated. */
  readonly others: Json | undefined;
  /** Whether the table comes from a difference. unevaluatedProperties ignores it. */
  readonly isNegative?: boolean;
};

export type MemberPattern = { readonly pattern: string; readonly schema: Json };

/** Listed values, of any types. */
export type ValuesShape = { readonly type: "values"; readonly values: readonly Json[] };

const ANY_TEXT: TextCondition = { type: "any" };
export const ANY_OBJECT: ObjectShape = {
  type: "object",
  tables: [],
  names: [],
  required: new Set(),
  presence: true,
  min: 0,
  max: Number.POSITIVE_INFINITY,
};
export const ANY_ARRAY: ArrayShape = {
  type: "array",
  tables: [],
  min: 0,
  max: Number.POSITIVE_INFINITY,
  uniquePath: null,
  contains: [],
};

/** One shape for each type, in the order in which a grammar offers them. */
export const ANY_VALUE: readonly Shape[] = [
  ANY_OBJECT,
  ANY_ARRAY,
  { type: "string", text: ANY_TEXT },
  { type: "number", bounds: ANY_NUMBER, path: "" },
  { type: "boolean" },
  { type: "null" },
];

/** Whether an array must have at least one such item, and may have any number. */
export function isOneOrMore({ min, max }: Contains): boolean {
  return min === 1 && max === Number.POSITIVE_INFINITY;
}

/** Whether a shape allows every value of its type. */
export function isWholeType(shape: Shape): boolean {
  switch (shape.type) {
    case "null":
    case "boolean":
      return true;
    case "number": {
      const { isInteger, min, max, steps } = shape.bounds;
      return !isInteger && min === null && max === null && steps.length === 0;
    }
    case "string":
      return shape.text.type === "any";
    case "array":
      return (
        shape.tables.every(({ prefix, rest }) => prefix.length === 0 && (rest ?? true) === true) &&
        shape.min === 0 &&
        shape.max === Number.POSITIVE_INFINITY &&
        shape.uniquePath === null &&
        shape.contains.length === 0
      );
    case "object":
      return (
        shape.tables.every(isOpenTable) &&
        shape.names.length === 0 &&
        shape.required.size === 0 &&
        shape.presence === true &&
        shape.min === 0 &&
        shape.max === Number.POSITIVE_INFINITY
      );
    case "values":
      return false;
  }
}

function isOpenTable({ properties, patterns, others }: MemberTable): boolean {
  return properties.size === 0 && patterns.length === 0 && (others ?? true) === true;
}
