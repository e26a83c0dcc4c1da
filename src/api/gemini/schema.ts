// Gemini's schemas, a subset of OpenAPI 3.0 → JSON schema. https://ai.google.dev/api/caching#Schema

import { z } from "zod";
import { FORMAT_NAMES } from "../../grammar/string-format.ts";
import { isObject } from "../shared/refusals.ts";

export const openapiSchema = z.record(z.string(), z.unknown());

type JsonObject = Readonly<Record<string, unknown>>;

/** 64-bit integers, which Google's JSON writes as strings. */
const COUNTS = /^(min|max)(Items|Length|Properties)$/;

/** Keeps unknown keywords, so that the grammar compiler can refuse them by name. */
export function jsonSchemaOf(schema: JsonObject): JsonObject {
  const { type, format, nullable, propertyOrdering, ...rest } = schema;
  const isNullable = nullable === true;
  const fields = Object.entries(rest).map(([keyword, value]) => [
    keyword,
    keywordOf(keyword, value, { order: propertyOrdering, isNullable }),
  ]);
  return {
    ...typeOf(type, isNullable && rest.anyOf === undefined),
    ...formatOf(format),
    ...Object.fromEntries(fields),
  };
}

/** `STRING` → `string`. */
function typeOf(type: unknown, isNullable: boolean): JsonObject {
  if (typeof type !== "string") return type === undefined || type === null ? {} : { type };
  if (type === "TYPE_UNSPECIFIED") return {};
  const name = type.toLowerCase();
  return { type: isNullable && name !== "null" ? [name, "null"] : name };
}

/** Drops formats that enforce nothing, such as `int32`, `double` and `enum`, as Google does. */
function formatOf(format: unknown): JsonObject {
  return typeof format === "string" && FORMAT_NAMES.includes(format) ? { format } : {};
}

type SchemaContext = { readonly order: unknown; readonly isNullable: boolean };

function keywordOf(keyword: string, value: unknown, { order, isNullable }: SchemaContext): unknown {
  if (COUNTS.test(keyword))
    return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (keyword === "properties" && isObject(value)) return inOrder(value, order);
  if (keyword === "enum" && Array.isArray(value))
    return isNullable && !value.includes(null) ? [...value, null] : value;
  if (keyword === "anyOf" && Array.isArray(value)) {
    const branches = value.map(schemaIn);
    return isNullable ? [...branches, { type: "null" }] : branches;
  }
  return keyword === "items" ? schemaIn(value) : value;
}

function schemaIn(value: unknown): unknown {
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
