// A small validator of JSON Schema 2020-12, written from the specification alone: property tests compare grammars with it.

import type { Json } from "../../src/generation/request.ts";

type JsonObject = { readonly [name: string]: Json };
type Verdict = {
  readonly isValid: boolean;
  /** Names of members and numbers of items that a keyword describes. */
  readonly seen: ReadonlySet<string | number>;
};

const WRONG: Verdict = { isValid: false, seen: new Set() };

export class SchemaValidator {
  readonly #document: Json;

  constructor(document: Json) {
    this.#document = document;
  }

  allows(value: Json): boolean {
    return this.#check(this.#document, value).isValid;
  }

  #check(schema: Json | undefined, value: Json): Verdict {
    if (schema === undefined || schema === true) return { isValid: true, seen: new Set() };
    if (!isObject(schema) || !holdsAlone(schema, value)) return WRONG;
    const seen = new Set<string | number>();
    const isOfMembers = !isObject(value) || this.#members(schema, value, seen);
    const isOfItems = !Array.isArray(value) || this.#items(schema, value, seen);
    if (!isOfMembers || !isOfItems || !this.#combinators(schema, value, seen)) return WRONG;
    return this.#unevaluated(schema, value, seen) ? { isValid: true, seen } : WRONG;
  }

  #holds(schema: Json | undefined, value: Json): boolean {
    return this.#check(schema, value).isValid;
  }

  #members(schema: JsonObject, value: JsonObject, seen: Set<string | number>): boolean {
    const { properties = {}, patternProperties = {}, additionalProperties } = schema;
    for (const [name, member] of Object.entries(value)) {
      const own = isObject(properties) && Object.hasOwn(properties, name) ? [properties[name]] : [];
      const byPattern = Object.entries(patternProperties ?? {}).filter(([pattern]) => new RegExp(pattern, "u").test(name)); // biome-ignore format: one line
      const described = [...own, ...byPattern.map(([, each]) => each)];
      const schemas = described.length > 0 || additionalProperties === undefined ? described : [additionalProperties]; // biome-ignore format: one line
      if (schemas.length > 0) seen.add(name);
      if (!schemas.every((each) => this.#holds(each, member))) return false;
    }
    return Object.keys(value).every((name) => this.#holds(schema.propertyNames, name));
  }

  #items(schema: JsonObject, value: readonly Json[], seen: Set<string | number>): boolean {
    const { prefixItems, items, contains, minContains = 1, maxContains = value.length } = schema;
    const prefix = Array.isArray(prefixItems) ? prefixItems : [];
    for (const [index, item] of value.entries()) {
      const each = index < prefix.length ? prefix[index] : items;
      if (each !== undefined) seen.add(index);
      if (!this.#holds(each, item)) return false;
    }
    if (contains === undefined) return true;
    const found = [...value.keys()].filter((index) => this.#holds(contains, value[index] ?? null));
    for (const index of found) seen.add(index);
    return found.length >= Number(minContains) && found.length <= Number(maxContains);
  }

  #combinators(schema: JsonObject, value: Json, seen: Set<string | number>): boolean {
    const check = (part: Json | undefined) => {
      const verdict = this.#check(part, value);
      for (const each of verdict.seen) seen.add(each);
      return verdict.isValid;
    };
    const count = (parts: Json | undefined) => listOf(parts).map(check).filter(Boolean).length;
    const { $ref, allOf, anyOf, oneOf, not, dependentSchemas } = schema;
    if (typeof $ref === "string" && !check(this.#target($ref))) return false;
    if (allOf !== undefined && count(allOf) < listOf(allOf).length) return false;
    if (anyOf !== undefined && count(anyOf) === 0) return false;
    if (oneOf !== undefined && count(oneOf) !== 1) return false;
    if (not !== undefined && this.#holds(not, value)) return false;
    if (schema.if !== undefined && !check(check(schema.if) ? schema.then : schema.else)) return false; // biome-ignore format: one line
    if (!isObject(value)) return true;
    return Object.entries(dependentSchemas ?? {}).every(([name, part]) => !Object.hasOwn(value, name) || check(part)); // biome-ignore format: one line
  }

  #target(ref: string): Json {
    const names = ref.slice(1).split("/").slice(1);
    return names.reduce<Json>((at, name) => (isObject(at) ? (at[name] ?? false) : false), this.#document); // biome-ignore format: one line
  }

  #unevaluated(schema: JsonObject, value: Json, seen: Set<string | number>): boolean {
    const keyword = Array.isArray(value) ? "unevaluatedItems" : "unevaluatedProperties";
    const rest = schema[keyword];
    if (rest === undefined || typeof value !== "object" || value === null) return true;
    const parts: readonly (readonly [string | number, Json])[] = Array.isArray(value)
      ? [...value.entries()]
      : Object.entries(value);
    const isValid = parts.every(([key, part]) => seen.has(key) || this.#holds(rest, part));
    for (const [key] of parts) seen.add(key);
    return isValid;
  }
}

/** Keywords that need no other schema. */
function holdsAlone(schema: JsonObject, value: Json): boolean {
  const { type } = schema;
  if (type !== undefined && ![type].flat().some((each) => isOfType(String(each), value))) return false; // biome-ignore format: one line
  if (schema.const !== undefined && key(schema.const) !== key(value)) return false;
  if (schema.enum !== undefined && !listOf(schema.enum).some((each) => key(each) === key(value))) return false; // biome-ignore format: one line
  if (typeof value === "number") return isInLimits(schema, value);
  if (typeof value === "string") return isText(schema, value);
  if (Array.isArray(value)) return isArray(schema, value);
  return !isObject(value) || isCounted(schema, value);
}

function isOfType(type: string, value: Json): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function isInLimits(schema: JsonObject, value: number): boolean {
  const limit = (keyword: string, otherwise: number) => Number(schema[keyword] ?? otherwise);
  const { multipleOf } = schema;
  return (
    value >= limit("minimum", -Infinity) &&
    value <= limit("maximum", Infinity) &&
    (schema.exclusiveMinimum === undefined || value > limit("exclusiveMinimum", 0)) &&
    (schema.exclusiveMaximum === undefined || value < limit("exclusiveMaximum", 0)) &&
    (multipleOf === undefined || Number.isInteger(value / Number(multipleOf)))
  );
}

function isText(schema: JsonObject, value: string): boolean {
  const { minLength = 0, maxLength = value.length, pattern = "" } = schema;
  const { length } = [...value];
  return length >= Number(minLength) && length <= Number(maxLength) && new RegExp(String(pattern), "u").test(value); // biome-ignore format: one line
}

function isArray(schema: JsonObject, value: readonly Json[]): boolean {
  const { minItems = 0, maxItems = value.length, uniqueItems } = schema;
  const isUnique = uniqueItems !== true || new Set(value.map(key)).size === value.length;
  return value.length >= Number(minItems) && value.length <= Number(maxItems) && isUnique;
}

function isCounted(schema: JsonObject, value: JsonObject): boolean {
  const names = Object.keys(value);
  const { minProperties = 0, maxProperties = names.length, required, dependentRequired } = schema;
  const hasAll = (all: Json | undefined) =>
    listOf(all).every((name) => Object.hasOwn(value, String(name)));
  return (
    names.length >= Number(minProperties) &&
    names.length <= Number(maxProperties) &&
    hasAll(required) &&
    Object.entries(dependentRequired ?? {}).every(([name, all]) => !Object.hasOwn(value, name) || hasAll(all)) // biome-ignore format: one line
  );
}

/** Equal values have equal keys. */
function key(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(key).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${key(member)}`); // biome-ignore format: one line
  return `{${members.sort().join()}}`;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
