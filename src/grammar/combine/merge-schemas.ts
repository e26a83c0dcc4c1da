// Two schemas that a value must match as one schema. Both have no references and no combinators.

import { isDeepStrictEqual } from "node:util";
import type { Json } from "../../generation/request.ts";
import { isSchema, KeywordError, readList, type Schema, typesOf } from "../schema-keywords.ts";
import { FORMAT_NAMES } from "../string-format.ts";

export type MergeContext = {
  /** Joins schemas of the same part of both, which are found by these names. */
  readonly both: (a: Json, b: Json, names: readonly string[]) => Json;
  /** Called for every look at a value or a property. */
  readonly spend: (units: number) => void;
  /** Called for a keyword that only one of the two can set. @throws if that is not acceptable */
  readonly conflict: (keyword: string) => void;
};

const UNITS_PER_PROPERTY = 10;
/** Values are compared as text, which may be long. */
const UNITS_PER_VALUE = 2;
const CHARS_PER_UNIT = 32;

/** @returns null if no value matches both. @throws KeywordError */
export function mergedSchemas(a: Schema, b: Schema, context: MergeContext): Schema | null {
  const types = typesOfBoth(a, b);
  const values = valuesOfBoth(a, b, context);
  if (types?.length === 0 || values?.length === 0) return null;
  const { const: _, ...rest } = { ...b, ...a };
  const merged: Record<string, Json> = { ...rest };
  if (types) merged.type = types;
  if (values) merged.enum = values;
  for (const [keyword, join] of Object.entries(JOINED)) {
    const [left, right] = [a[keyword], b[keyword]];
    if (left === undefined || right === undefined || isDeepStrictEqual(left, right)) continue;
    const limit = join(left, right);
    if (limit === undefined) context.conflict(keyword);
    else merged[keyword] = limit;
  }
  return { ...merged, ...objectParts(a, b, context), ...arrayParts(a, b, context) };
}

/** The stricter of two limits; undefined if neither implies the other. */
type Join = (a: Json, b: Json) => Json | undefined;

const higher: Join = (a, b) => (areNumbers(a, b) ? Math.max(Number(a), Number(b)) : undefined);
const lower: Join = (a, b) => (areNumbers(a, b) ? Math.min(Number(a), Number(b)) : undefined);

/** Keywords that both may set. */
const JOINED: Readonly<Record<string, Join>> = {
  minimum: higher,
  exclusiveMinimum: higher,
  minLength: higher,
  minItems: higher,
  maximum: lower,
  exclusiveMaximum: lower,
  maxLength: lower,
  maxItems: lower,
  multipleOf: (a, b) => {
    if (!areNumbers(a, b)) return undefined;
    const [small, large] = [lower(a, b), higher(a, b)];
    return Number(large) % Number(small) === 0 ? large : undefined;
  },
  pattern: () => undefined,
  format: (a, b) => {
    const known = [a, b].filter((format) => FORMAT_NAMES.includes(String(format)));
    return known.length < 2 ? (known[0] ?? a) : undefined;
  },
};

function areNumbers(...values: readonly Json[]): boolean {
  return values.every((value) => typeof value === "number");
}

function typesOfBoth(a: Schema, b: Schema): string[] | null {
  const [left, right] = [a, b].map((each) => (each.type === undefined ? null : typesOf(each)));
  if (!left || !right)
    return [...(left ?? right ?? [])].length > 0 ? [...(left ?? right ?? [])] : null;
  const covers = (types: readonly string[], type: string) =>
    types.includes(type) || (type === "integer" && types.includes("number"));
  return [
    ...new Set([
      ...left.filter((type) => covers(right, type)),
      ...right.filter((type) => covers(left, type)),
    ]),
  ];
}

/** The values that a schema lists; null if it lists none. */
export function listedValues(schema: Schema): readonly Json[] | null {
  if (schema.const !== undefined) return [schema.const];
  return schema.enum === undefined ? null : readList(schema.enum, "enum");
}

function valuesOfBoth(a: Schema, b: Schema, { spend }: MergeContext): Json[] | null {
  const [left, right] = [listedValues(a), listedValues(b)];
  if (!left && !right) return null;
  const values = [...(left ?? right ?? [])];
  if (!left || !right || left === right) return values;
  spend(lookUnits(left) + lookUnits(right));
  const texts = textsOf(right);
  return values.filter((value) => texts.has(JSON.stringify(value)));
}

/** Lists are compared again and again. */
const TEXTS = new WeakMap<readonly Json[], ReadonlySet<string>>();

/** Listed values as text, to compare them. */
export function textsOf(values: readonly Json[]): ReadonlySet<string> {
  const known = TEXTS.get(values) ?? new Set(values.map((value) => JSON.stringify(value)));
  TEXTS.set(values, known);
  return known;
}

/** The cost of comparing listed values with others. */
export function lookUnits(values: readonly Json[]): number {
  let chars = 0;
  for (const text of textsOf(values)) chars += text.length;
  return UNITS_PER_VALUE * values.length + chars / CHARS_PER_UNIT;
}

/** The object keywords of both together; nothing if one of the two has none. */
function objectParts(a: Schema, b: Schema, { both, spend }: MergeContext): Schema {
  const required = [a, b].flatMap((each) => readList(each.required ?? [], "required"));
  const parts: Record<string, Json> =
    required.length > 0 ? { required: [...new Set(required)] } : {};
  for (const keyword of ["additionalProperties", "propertyNames"])
    if (a[keyword] !== undefined && b[keyword] !== undefined)
      parts[keyword] = both(a[keyword], b[keyword], [keyword]);
  const [left, right] = [propertiesOf(a), propertiesOf(b)];
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  if (names.size === 0) return parts;
  spend(UNITS_PER_PROPERTY * names.size);
  const properties = [...names].map((name) => {
    const [ours, theirs] = [own(left, name) ?? othersOf(a), own(right, name) ?? othersOf(b)];
    return [name, both(ours, theirs, ["properties", name])];
  });
  return { ...parts, properties: Object.fromEntries(properties) };
}

export function propertiesOf({ properties = {} }: Schema): Schema {
  if (isSchema(properties)) return properties;
  throw new KeywordError("properties", "must be an object");
}

function own(schema: Schema, name: string): Json | undefined {
  return Object.hasOwn(schema, name) ? schema[name] : undefined;
}

/** The schema of properties that are not declared. */
export function othersOf({ additionalProperties, unevaluatedProperties }: Schema): Json {
  return additionalProperties ?? unevaluatedProperties ?? true;
}

function arrayParts(a: Schema, b: Schema, { both }: MergeContext): Schema {
  const [left, right] = [a, b].map((each) => readList(each.prefixItems ?? [], "prefixItems"));
  const items = (each: Schema) => each.items ?? true;
  const parts: Record<string, Json> = {};
  if (a.items !== undefined && b.items !== undefined)
    parts.items = both(a.items, b.items, ["items"]);
  const length = Math.max(left?.length ?? 0, right?.length ?? 0);
  if (length === 0) return parts;
  const prefixItems = Array.from({ length }, (_, index) =>
    both(left?.[index] ?? items(a), right?.[index] ?? items(b), ["prefixItems", `${index}`]),
  );
  return { ...parts, prefixItems };
}
