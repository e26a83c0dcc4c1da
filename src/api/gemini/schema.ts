// Schemas as Gemini has them, a subset of OpenAPI 3.0's → JSON schema. https://ai.google.dev/api/caching#Schema

import { z } from "zod";
import { FORMAT_NAMES } from "../../grammar/string-format.ts";
import { isObject } from "./spelling.ts";

export const openapiSchema = z.record(z.string(), z.unknown());

type JsonObject = Readonly<Record<string, unknown>>;

/** 64-bit integers, which Google's JSON has as texts. */
const COUNTS = [
  ...["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"],
];

/** Keywords that it does not know stay as they are: whoever makes a grammar of it refuses them by name. */
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

/** Of any other format, as with Google, nothing follows: `int32`, `double`, `enum`. */
function formatOf(format: unknown): JsonObject {
  return typeof format === "string" && FORMAT_NAMES.includes(format) ? { format } : {};
}

type Around = { readonly order: unknown; readonly isNullable: boolean };

function keywordOf(keyword: string, value: unknown, { order, isNullable }: Around): unknown {
  if (COUNTS.includes(keyword))
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

/** The answer has its properties in the order of the schema. */
function inOrder(properties: JsonObject, order: unknown): JsonObject {
  const first = Array.isArray(order) ? order.map(String) : [];
  const names = Object.keys(properties);
  const wanted = first.filter((name) => Object.hasOwn(properties, name));
  return Object.fromEntries(
    [...new Set([...wanted, ...names])].map((name) => [name, schemaIn(properties[name])]),
  );
}
