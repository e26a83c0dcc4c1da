// The known keywords of a schema, the types they apply to, and functions that read them.

import type { Json } from "../generation/request.ts";

/** Reports a part of a schema that cannot be enforced: where it is, and why. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
  /** e.g. `properties.age.multipleOf`; empty for the schema itself. */
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

/** The same for a keyword of the schema that is compiled at the time; it becomes a SchemaError with the schema's path. */
export class KeywordError extends Error {
  readonly keyword: string;

  constructor(keyword: string, message: string) {
    super(message);
    this.keyword = keyword;
  }
}

/** Reports a schema that allows no value. */
export class EmptyError extends KeywordError {}

export type Schema = { readonly [name: string]: Json };

/** Keywords by the type they apply to. They do not constrain values of other types. */
const TYPE_KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  object: ["properties", "required", "additionalProperties", "propertyNames"],
  array: ["items", "prefixItems", "minItems", "maxItems"],
  string: ["minLength", "maxLength", "pattern", "format"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  integer: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  boolean: [],
  null: [],
};
const ANY_TYPE = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"];
const KNOWN = new Set([...ANY_TYPE, ...Object.values(TYPE_KEYWORDS).flat()]);
/** Constraints that a grammar cannot enforce. */
const UNENFORCED = new Set([
  ...["not", "if", "then", "else", "uniqueItems", "contains", "minContains", "maxContains"],
  ...["minProperties", "maxProperties", "patternProperties", "additionalItems", "unevaluatedItems"],
  ...["dependencies", "dependentRequired", "dependentSchemas", "$dynamicRef", "$recursiveRef"],
  ...["divisibleBy", "disallow", "extends"],
]);

/** @throws KeywordError for a constraint that cannot be enforced */
export function refuseUnenforced(schema: Schema): void {
  const unknown = Object.keys(schema).find(
    (keyword) => isConstraint(keyword) && !KNOWN.has(keyword) && !isAlwaysTrue(keyword, schema),
  );
  if (unknown !== undefined) throw new KeywordError(unknown, "cannot be enforced");
}

/** Keywords that do nothing without another one. */
const DEPENDENT: Readonly<Record<string, string>> = {
  minContains: "contains",
  maxContains: "contains",
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: "if",
  else: "if",
};

/** Whether a keyword that cannot be enforced allows everything. */
function isAlwaysTrue(keyword: string, schema: Schema): boolean {
  const value = schema[keyword];
  const needed = DEPENDENT[keyword];
  if (needed !== undefined) return schema[needed] === undefined;
  switch (keyword) {
    case "not":
      return isNever(value);
    case "if":
      return schema.then === undefined && schema.else === undefined;
    case "uniqueItems":
      return value === false;
    case "minProperties":
      return Number(value) <= (Array.isArray(schema.required) ? schema.required.length : 0);
    case "additionalItems":
      return !Array.isArray(schema.items);
    case "patternProperties":
    case "dependencies":
    case "dependentRequired":
    case "dependentSchemas":
      return isSchema(value) && Object.keys(value).length === 0;
    default:
      return false;
  }
}

/** Whether the keyword may exclude values. All others are annotations, unknown ones too, as JSON Schema says. */
export function isConstraint(keyword: string): boolean {
  return KNOWN.has(keyword) || UNENFORCED.has(keyword);
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

/** The types in `type`, or else the types the other keywords apply to; null for any type. */
export function typesOf(schema: Schema): readonly string[] | null {
  if (schema.type !== undefined) {
    const types = Array.isArray(schema.type) ? schema.type.map(String) : [String(schema.type)];
    const wrong = types.find((type) => !Object.hasOwn(TYPE_KEYWORDS, type));
    if (wrong !== undefined || types.length === 0) {
      const names = Object.keys(TYPE_KEYWORDS).join(", ");
      throw new KeywordError("type", `must be one of ${names}`);
    }
    const different = [...new Set(types)];
    return different.includes("number")
      ? different.filter((type) => type !== "integer")
      : different;
  }
  const implied = Object.entries(TYPE_KEYWORDS).filter(([, keywords]) =>
    keywords.some((keyword) => schema[keyword] !== undefined),
  );
  const types = implied.map(([type]) => type).filter((type) => type !== "integer");
  return types.length > 0 ? types : null;
}

export function hasType(value: Json, type: string): boolean {
  if (value === null) return type === "null";
  if (Array.isArray(value)) return type === "array";
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

export function isSchema(value: Json | undefined): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function readList(value: Json | undefined, keyword: string): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw new KeywordError(keyword, "must be an array");
}

/** The largest number of characters or items that a grammar counts. */
const MOST_COUNTED = 65_536;

export function readLeast(schema: Schema, keyword: string): number {
  const value = schema[keyword] ?? 0;
  if (isCount(value) && value <= MOST_COUNTED) return value;
  throw new KeywordError(keyword, `must be an integer from 0 to ${MOST_COUNTED}`);
}

/** A limit that is too high to count is lowered. */
export function readMost(schema: Schema, keyword: string, absent: number): number {
  const value = schema[keyword];
  if (value === undefined) return absent;
  if (isCount(value)) return Math.min(value, MOST_COUNTED);
  throw new KeywordError(keyword, "must be an integer from 0 up");
}

function isCount(value: Json): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

/** @returns null if the keyword is absent */
export function readNumber(schema: Schema, keyword: string): number | null {
  const value = schema[keyword];
  if (value === undefined) return null;
  if (typeof value === "number") return value;
  throw new KeywordError(keyword, "must be a number");
}

export function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
