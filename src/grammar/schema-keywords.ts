// The keywords of JSON Schema that a grammar enforces, and functions that read their values.

import type { Json } from "../generation/request.ts";

/** Reports a part of a schema that cannot be enforced: where it is, and why. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
  /** e.g. `properties.age.multipleOf`; empty for the schema itself. */
  readonly path: string;
  /** Whether the schema is wrong in itself. Otherwise it asks for more than a grammar can do. */
  readonly isMistake: boolean;

  constructor(path: string, message: string, isMistake = false) {
    super(message);
    this.path = path;
    this.isMistake = isMistake;
  }
}

/** Reports the keyword that is being read. `SchemaReport` turns it into a SchemaError with the path of the keyword. */
export class KeywordError extends Error {}

/** Reports a keyword that is wrong in itself. */
export class MistakeError extends KeywordError {}

export type Schema = { readonly [name: string]: Json };

/**
 * The effect on a grammar of each keyword that may exclude values. docs/api/structured-output.md shows this table. All other
 * keywords, also unknown ones, are annotations.
 */
export const KEYWORDS: Readonly<Record<string, string>> = {
  type: "Exactly these types. Without it, the types to which the other keywords apply.",
  enum: "Exactly these values, up to 2000. Other keywords beside it hold too.",
  const: "Exactly this value. Other keywords beside it hold too.",
  properties: "These members, in this order. One that is not in `required` may be absent.",
  required: "These members are always there.",
  additionalProperties: "Further members after the declared ones, with other names.",
  patternProperties: "Members whose names match a pattern follow the schema of that pattern.",
  propertyNames: "All names follow this schema.",
  minProperties: "At least this number of members.",
  maxProperties: "At most this number of members.",
  dependentRequired: "A member is only there together with these others.",
  dependentSchemas: "A member is only there if the object matches this schema.",
  dependencies: "`dependentRequired` and `dependentSchemas`, as drafts 4 to 7 write them.",
  unevaluatedProperties:
    "As `additionalProperties`, for members that no branch or reference describes.",
  items: "All items, or as a list in drafts 4 to 2019-09: the first items.",
  prefixItems: "The first items.",
  additionalItems: "The items after a list in `items`.",
  unevaluatedItems: "The items that no branch or reference describes.",
  minItems: "At least this number of items, up to 65,536.",
  maxItems: "At most this number of items. A limit above 65,536 is lowered to it.",
  uniqueItems:
    "Different items if their values are listed. More than about 8 values are written in the order of the list. Other items cannot be enforced.",
  contains: "At least one such item, in an array without other limits.",
  minContains: "Only 0 and 1.",
  maxContains: "Cannot be enforced.",
  minLength: "At least this number of characters, up to 65,536.",
  maxLength: "At most this number of characters. A limit above 65,536 is lowered to it.",
  pattern:
    "Regular expressions of ECMAScript: classes, groups, alternatives, repetitions, anchors, `\\b`, `\\p{...}`, look-ahead and look-behind. No back-references.",
  format: "The formats below. Any other format is an annotation.",
  minimum: "At least this number.",
  maximum: "At most this number.",
  exclusiveMinimum: "Above this number. `true` makes `minimum` exclusive.",
  exclusiveMaximum: "Below this number. `true` makes `maximum` exclusive.",
  multipleOf:
    "Steps that divide a power of ten, integer steps up to about 200, and any step between two near limits.",
  divisibleBy: "`multipleOf`, as draft 3 writes it.",
  $ref: "Within the schema: JSON pointers, anchors and identifiers, also recursively. Other keywords beside it hold too.",
  $dynamicRef: "As `$ref`.",
  $recursiveRef: "As `$ref`.",
  allOf: "All branches together.",
  extends: "A schema that holds too, as draft 3 writes it.",
  anyOf: "Any branch.",
  oneOf: "Exactly one branch. Cannot be enforced if branches cannot be told apart.",
  not: "Types, values, lengths, limits and patterns are excluded, and members if they are absent or differ. Other conditions cannot be enforced.",
  disallow: "Cannot be enforced. A keyword of draft 3.",
  if: "With `then` and `else`: both cases as alternatives. The condition must be one that `not` can enforce.",
};

/** The values of `type`. */
export const TYPES: readonly string[] = [
  "object",
  "array",
  "string",
  "number",
  "integer",
  "boolean",
  "null",
];

/** Whether the keyword may exclude values. */
function isConstraint(keyword: string): boolean {
  return Object.hasOwn(KEYWORDS, keyword);
}

/** Whether a schema states that it allows no value. */
export function isNever(schema: Json | undefined): boolean {
  return schema === false || (isSchema(schema) && isAlways(schema.not ?? false));
}

/** Whether a schema states that it allows every value. */
export function isAlways(schema: Json | undefined): boolean {
  return schema === true || (isSchema(schema) && !Object.keys(schema).some(isConstraint));
}

/** Whether no other keyword of the schema excludes values. */
export function isAlone(keyword: string, schema: Schema): boolean {
  return !Object.keys(schema).some((other) => other !== keyword && isConstraint(other));
}

/** The types that `type` lists; null for any type, which draft 3 writes as `any`. @throws MistakeError */
export function typesOf(schema: Schema): readonly string[] | null {
  if (schema.type === undefined) return null;
  const types = Array.isArray(schema.type) ? schema.type.map(String) : [String(schema.type)];
  if (types.includes("any")) return null;
  const wrong = types.find((type) => !TYPES.includes(type));
  if (wrong !== undefined || types.length === 0)
    throw new MistakeError(`must be one of ${TYPES.join(", ")}`);
  const different = [...new Set(types)];
  return different.includes("number") ? different.filter((type) => type !== "integer") : different;
}

export function isSchema(value: Json | undefined): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws MistakeError */
export function readList(value: Json | undefined): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw new MistakeError("must be an array");
}

/** Limit on the values of one enum, each of which is an option of its rule. */
export const MOST_VALUES = 2_000;
/** The largest number of characters or items that a grammar counts. */
const MOST_COUNTED = 65_536;

/** A minimum; 0 if the keyword is absent. @throws MistakeError; KeywordError for one that is too high to count */
export function readLeast(schema: Schema, keyword: string): number {
  const value = schema[keyword] ?? 0;
  if (!isCount(value)) throw new MistakeError("must be an integer from 0 up");
  if (value > MOST_COUNTED) throw new KeywordError(`cannot be counted above ${MOST_COUNTED}`);
  return value;
}

/** A maximum; `absent` if the keyword is absent. One that is too high to count is lowered. @throws MistakeError */
export function readMost(schema: Schema, keyword: string, absent: number): number {
  const value = schema[keyword];
  if (value === undefined) return absent;
  if (isCount(value)) return Math.min(value, MOST_COUNTED);
  throw new MistakeError("must be an integer from 0 up");
}

function isCount(value: Json): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

/** @returns null if the keyword is absent. @throws MistakeError */
export function readNumber(schema: Schema, keyword: string): number | null {
  const value = schema[keyword];
  if (value === undefined) return null;
  if (typeof value === "number") return value;
  throw new MistakeError("must be a number");
}

/** The path of a keyword or part, e.g. `properties.age`. */
export function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
