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

export type Schema = { readonly [name: string]: Json };

/** Keywords that describe a value but do not constrain it. */
const ANNOTATIONS = new Set([
  "title",
  "description",
  "default",
  "examples",
  "example",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$schema",
  "$id",
  "$comment",
  "$defs",
  "definitions",
  "$anchor",
  "strict",
  "contentEncoding",
  "contentMediaType",
  "nullable",
  "unevaluatedProperties",
]);
/** Keywords by the type they apply to. They do not constrain values of other types. */
const TYPE_KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  object: ["properties", "required", "additionalProperties"],
  array: ["items", "prefixItems", "minItems", "maxItems"],
  string: ["minLength", "maxLength", "pattern", "format"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  integer: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  boolean: [],
  null: [],
};
const ANY_TYPE = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"];
const KNOWN = new Set([...ANY_TYPE, ...Object.values(TYPE_KEYWORDS).flat()]);

/** Whether the keyword can be enforced or constrains nothing. */
export function isKnown(keyword: string): boolean {
  return KNOWN.has(keyword) || ANNOTATIONS.has(keyword) || keyword.startsWith("x-");
}

/** @throws KeywordError for an unknown keyword, which may be a constraint */
export function refuseUnknown(schema: Schema): void {
  const unknown = Object.keys(schema).find((keyword) => !isKnown(keyword));
  if (unknown !== undefined) throw new KeywordError(unknown, "cannot be enforced");
}

/** Refuses other keywords next to one that describes the whole value: they would be additional constraints. */
export function refuseOthers(keyword: string, schema: Schema, allowed: readonly string[] = []) {
  for (const other of Object.keys(schema)) {
    if (other === keyword || ANNOTATIONS.has(other) || other.startsWith("x-")) continue;
    if (allowed.includes(other)) continue;
    throw new KeywordError(other, `cannot be enforced together with ${keyword}`);
  }
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

/**
 * Whether no value can match two branches: all have different types, or the same property has a different constant in each.
 * @param spend is called for every look at a branch
 */
export function areDistinct(branches: readonly Json[], spend: (units: number) => void) {
  const schemas = branches.filter(isSchema);
  if (schemas.length !== branches.length) return false;
  const types = schemas.map(({ type }) => (type === "integer" ? "number" : type));
  if (types.every((type) => typeof type === "string") && new Set(types).size === types.length)
    return true;
  const [first = {}] = schemas;
  const names = isSchema(first.properties) ? Object.keys(first.properties) : [];
  const required = schemas.map(requiredOf);
  return names.some((name) => {
    spend(schemas.length);
    const constants = schemas.map((schema, index) =>
      required[index]?.has(name) ? constantOf(schema, name) : null,
    );
    return !constants.includes(null) && new Set(constants).size === constants.length;
  });
}

function requiredOf({ required }: Schema): ReadonlySet<Json> {
  return new Set(Array.isArray(required) ? required : []);
}

function constantOf({ properties }: Schema, name: string): string | null {
  const property = isSchema(properties) ? properties[name] : undefined;
  if (!isSchema(property)) return null;
  if (property.const !== undefined) return JSON.stringify(property.const);
  const values = property.enum;
  return Array.isArray(values) && values.length === 1 ? JSON.stringify(values[0]) : null;
}

export function isSchema(value: Json | undefined): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function readList(value: Json | undefined, keyword: string): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw new KeywordError(keyword, "must be an array");
}

export function readCount(schema: Schema, keyword: string, absent: number): number {
  const value = schema[keyword];
  if (value === undefined) return absent;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_536)
    return value;
  throw new KeywordError(keyword, "must be an integer from 0 to 65536");
}

export function readNumber(schema: Schema, keyword: string, absent: number): number {
  const value = schema[keyword];
  if (value === undefined) return absent;
  if (typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
  throw new KeywordError(keyword, "must be a number from -2^53 to 2^53");
}

export function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
