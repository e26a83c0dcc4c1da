// The outline of a schema that is too much work: its type, and the names and types of its members. Only these are enforced.

import type { Json } from "../generation/request.ts";
import { isSchema, TYPES } from "../grammar/schema-keywords.ts";

/** Limit on members. The required ones come first, then the others in their order. */
const MOST_MEMBERS = 100;

export type Outline = {
  /** A schema with the type, and the names and types of members. */
  readonly members: Json;
  /** A schema with the type alone. */
  readonly type: Json;
};

/** Reads the top level only: references and combinators are not followed. */
export function outlineOf(schema: Json): Outline {
  if (!isSchema(schema)) return { members: true, type: true };
  const { properties, required } = schema;
  const type = typeOf(schema);
  if (!isSchema(properties)) return { members: type, type };
  const names = Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
  const all = Object.keys(properties);
  const kept = new Set([...names, ...all].slice(0, MOST_MEMBERS));
  const members = all
    .filter((name) => kept.has(name))
    .map((name) => [name, typeOf(properties[name] ?? true)]);
  const open = members.length < all.length ? { additionalProperties: true } : {};
  return {
    members: {
      ...type,
      properties: Object.fromEntries(members),
      required: names.filter((name) => kept.has(name)),
      ...open,
    },
    type,
  };
}

function typeOf(schema: Json): { readonly [keyword: string]: Json } {
  if (!isSchema(schema)) return {};
  const types = [schema.type].flat().filter((type) => TYPES.includes(String(type)));
  return types.length === 0 ? {} : { type: types.map(String) };
}
