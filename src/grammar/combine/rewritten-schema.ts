// Keywords that combinators can say as well: `not` of members and types, at least one member, and members that need others.

import type { Json } from "../../generation/request.ts";
import { isConstraint, isNever, isSchema, type Schema, typesOf } from "../schema-keywords.ts";
import { listedValues, propertiesOf, textsOf } from "./merge-schemas.ts";

/** More members make too many branches. */
const MOST_MEMBERS = 32;
const TYPES = ["string", "number", "boolean", "object", "array", "null"];

/**
 * @param isBranch whether other branches are told apart from the schema: then it must not allow less than before
 * @returns the schema itself if there is nothing to rewrite, or no way to do it
 */
export function rewrittenSchema(schema: Schema, isBranch: boolean): Schema {
  let rest = schema;
  const conditions: Json[] = [];
  const replace = (keyword: string, condition: Json | null) => {
    if (condition === null) return;
    const { [keyword]: _, ...others } = rest;
    rest = others;
    conditions.push(condition);
  };
  if (schema.not !== undefined && !isNever(schema.not)) replace("not", negated(schema.not, schema));
  if (schema.minProperties === 1 && !isBranch) replace("minProperties", someMember(schema));
  if (isSchema(schema.dependentRequired))
    replace("dependentRequired", dependencies(schema.dependentRequired));
  if (conditions.length === 0) return schema;
  const { allOf = [] } = rest;
  return Array.isArray(allOf) ? { ...rest, allOf: [...allOf, ...conditions] } : schema;
}

/** A schema of what another one does not allow; null if it cannot be stated. @param beside what holds as well */
function negated(schema: Json, beside: Schema): Json | null {
  if (!isSchema(schema)) return null;
  const keywords = Object.keys(schema).filter(isConstraint);
  const isOnly = (...allowed: string[]) => keywords.every((keyword) => allowed.includes(keyword));
  const { required, anyOf } = schema;
  if (Array.isArray(required) && required.length > 0 && isOnly("required", "type")) {
    const lacking = required.map((name) => ({ type: "object", ...without(String(name)) }));
    if (isOnly("required")) return { anyOf: lacking };
    const others = TYPES.filter((type) => type !== "object");
    return schema.type === "object" ? { anyOf: [...lacking, { type: others }] } : null;
  }
  if (Array.isArray(anyOf) && isOnly("anyOf")) {
    const all = anyOf.map((branch) => negated(branch, beside));
    return all.includes(null) ? null : { allOf: all };
  }
  if (schema.type !== undefined && isOnly("type")) {
    const excluded = (typesOf(schema) ?? []).map((type) => (type === "integer" ? "number" : type));
    return { type: TYPES.filter((type) => !excluded.includes(type)) };
  }
  const [values, excluded] = [listedValues(beside), listedValues(schema)];
  if (!values || !excluded || !isOnly("enum", "const")) return null;
  return { enum: values.filter((value) => !textsOf(excluded).has(JSON.stringify(value))) };
}

function someMember(schema: Schema): Json | null {
  const names = Object.keys(propertiesOf(schema));
  if (names.length === 0 || names.length > MOST_MEMBERS) return null;
  return { anyOf: names.map((name) => ({ required: [name] })) };
}

function dependencies(needed: Schema): Json | null {
  const each = Object.entries(needed).map(([name, others]) =>
    Array.isArray(others) ? { anyOf: [without(name), { required: [name, ...others] }] } : null,
  );
  return each.includes(null) || each.length > MOST_MEMBERS ? null : { allOf: each };
}

function without(name: string): Schema {
  return { properties: { [name]: false } };
}
