// Whether a value matches a schema, as far as that can be told without matching patterns.

import type { Json } from "../../generation/request.ts";
import {
  hasType,
  isAlways,
  isConstraint,
  isNever,
  isSchema,
  type Schema,
  typesOf,
} from "../schema-keywords.ts";
import { FORMAT_NAMES } from "../string-format.ts";
import { othersOf, propertiesOf, textsOf } from "./merge-schemas.ts";

/** @returns null if it cannot be told */
export function allows(schema: Json, value: Json): boolean | null {
  if (isNever(schema)) return false;
  if (isAlways(schema)) return true;
  if (!isSchema(schema)) return null;
  const found = Object.keys(schema)
    .filter(isConstraint)
    .map((keyword) => allowsBy(keyword, schema, value));
  if (found.includes(false)) return false;
  return found.includes(null) ? null : true;
}

/** The first keyword for which it cannot be told; null if there is none. */
export function untoldKeyword(schema: Schema, value: Json): string | null {
  const untold = Object.keys(schema)
    .filter(isConstraint)
    .find((keyword) => allowsBy(keyword, schema, value) === null);
  return untold ?? null;
}

type Check = (limit: Json, value: Json, schema: Schema) => boolean | null;

const NUMBERS: Readonly<Record<string, (limit: number, value: number) => boolean | null>> = {
  minimum: (limit, value) => value >= limit,
  exclusiveMinimum: (limit, value) => value > limit,
  maximum: (limit, value) => value <= limit,
  exclusiveMaximum: (limit, value) => value < limit,
  multipleOf: (limit, value) =>
    Number.isInteger(limit) && Number.isInteger(value) ? value % limit === 0 : null,
};

const COUNTS: Readonly<Record<string, (limit: number, size: number) => boolean>> = {
  min: (limit, size) => size >= limit,
  max: (limit, size) => size <= limit,
};

const OBJECTS: Readonly<Record<string, Check>> = {
  required: (names, value) =>
    Array.isArray(names) && names.every((name) => Object.hasOwn(value as Schema, String(name))),
  properties: (_, value, schema) => {
    const properties = propertiesOf(schema);
    return every(
      Object.entries(value as Schema).map(([name, member]) =>
        allows((Object.hasOwn(properties, name) ? properties[name] : undefined) ?? true, member),
      ),
    );
  },
  additionalProperties: (_, value, schema) => {
    const properties = propertiesOf(schema);
    const others = Object.entries(value as Schema).filter(
      ([name]) => !Object.hasOwn(properties, name),
    );
    return every(others.map(([, member]) => allows(othersOf(schema), member)));
  },
};

function allowsBy(keyword: string, schema: Schema, value: Json): boolean | null {
  const limit = schema[keyword] ?? null;
  if (keyword === "type") return (typesOf(schema) ?? []).some((type) => hasType(value, type));
  if (keyword === "enum")
    return textsOf(Array.isArray(limit) ? limit : []).has(JSON.stringify(value));
  if (keyword === "const") return JSON.stringify(limit) === JSON.stringify(value);
  if (keyword === "allOf" && Array.isArray(limit))
    return every(limit.map((each) => allows(each, value)));
  const number = NUMBERS[keyword];
  if (number) {
    if (typeof value !== "number") return true;
    return typeof limit === "number" ? number(limit, value) : null;
  }
  const [, side = "", counted] = /^(min|max)(Length|Items)$/.exec(keyword) ?? [];
  if (counted) {
    const isCounted = counted === "Items" ? Array.isArray(value) : typeof value === "string";
    return !isCounted || (COUNTS[side]?.(Number(limit), [...(value as string)].length) ?? null);
  }
  if (keyword === "items" && schema.prefixItems === undefined)
    return !Array.isArray(value) || every(value.map((item) => allows(limit, item)));
  if (keyword in OBJECTS)
    return !isSchema(value) || (OBJECTS[keyword]?.(limit, value, schema) ?? null);
  if (keyword === "pattern") return typeof value === "string" ? null : true;
  if (keyword === "format")
    return typeof value === "string" && FORMAT_NAMES.includes(String(limit)) ? null : true;
  return null;
}

function every(found: readonly (boolean | null)[]): boolean | null {
  if (found.includes(false)) return false;
  return found.includes(null) ? null : true;
}
