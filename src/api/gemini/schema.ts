// Gemini's schemas → JSON schema: both those in a subset of OpenAPI 3.0, and JSON schemas, in which Google takes OpenAPI's keywords
// and upper-case types too. https://ai.google.dev/api/caching#Schema

import { z } from "zod";
import { isObject } from "../shared/refusals.ts";

export const openapiSchema = z.record(z.string(), z.unknown());

type JsonObject = Readonly<Record<string, unknown>>;

/** Keywords that map the client's own names to schemas. */
export const SCHEMAS_BY_NAME = [
  "properties",
  "patternProperties",
  "dependentSchemas",
  "$defs",
  "definitions",
];
const SCHEMA_LISTS = ["anyOf", "oneOf", "allOf", "prefixItems"];
const SCHEMAS = [
  ...["items", "additionalProperties", "contains", "propertyNames"],
  ...["not", "if", "then", "else", "unevaluatedItems", "unevaluatedProperties"],
];

/** Keywords that can say by themselves that the value may be null. */
const NULLABLE_BY = ["type", "anyOf", "enum"];

/** 64-bit integers, which Google's JSON writes as strings. */
const COUNTS = /^(min|max)(Items|Length|Properties)$/;

/** Keeps unknown keywords, so that the grammar compiler can refuse them by name. */
export function jsonSchemaOf(schema: JsonObject): JsonObject {
  const { type, nullable, propertyOrdering, ...rest } = schema;
  const isNullable = nullable === true;
  const fields = Object.entries(rest).map(([keyword, value]) => [
    keyword,
    keywordOf(keyword, value, { order: propertyOrdering, isNullable }),
  ]);
  return {
    ...typeOf(type, isNullable && rest.anyOf === undefined),
    ...(isNullable && NULLABLE_BY.every((name) => schema[name] === undefined)
      ? { nullable: true }
      : {}),
    ...Object.fromEntries(fields),
  };
}

/** `STRING` → `string`. */
function typeOf(type: unknown, isNullable: boolean): JsonObject {
  if (type === undefined || type === null || type === "TYPE_UNSPECIFIED") return {};
  const names = [type].flat().map((name) => (typeof name === "string" ? name.toLowerCase() : name));
  const all = isNullable && !names.includes("null") ? [...names, "null"] : names;
  return { type: all.length === 1 && !Array.isArray(type) ? all[0] : all };
}

type SchemaContext = { readonly order: unknown; readonly isNullable: boolean };

function keywordOf(keyword: string, value: unknown, { order, isNullable }: SchemaContext): unknown {
  if (COUNTS.test(keyword))
    return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (SCHEMAS_BY_NAME.includes(keyword) && isObject(value))
    return inOrder(value, keyword === "properties" ? order : []);
  if (keyword === "enum" && Array.isArray(value))
    return isNullable && !value.includes(null) ? [...value, null] : value;
  if (SCHEMA_LISTS.includes(keyword) && Array.isArray(value)) {
    const branches = value.map(schemaIn);
    return keyword === "anyOf" && isNullable ? [...branches, { type: "null" }] : branches;
  }
  return SCHEMAS.includes(keyword) ? schemaIn(value) : value;
}

/** @param value a schema, or anything else, which is returned as it is */
export function schemaIn(value: unknown): unknown {
  return isObject(value) ? jsonSchemaOf(value) : value;
}

/** Orders properties by `propertyOrdering`, because an answer has its properties in the order of the schema. */
function inOrder(properties: JsonObject, order: unknown): JsonObject {
  const first = Array.isArray(order) ? order.map(String) : [];
  const names = Object.keys(properties);
  const wanted = first.filter((name) => Object.hasOwn(properties, name));
  return Object.fromEntries(
    [...new Set([...wanted, ...names])].map((name) => [name, schemaIn(properties[name])]),
  );
}
