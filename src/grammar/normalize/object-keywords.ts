// The objects that the keywords of one schema describe.

import type { Json } from "../../generation/request.ts";
import { readList } from "../schema-keywords.ts";
import { possibleObject } from "./intersection.ts";
import { allPresence, anyPresence, hasAllOf, type Presence, presenceSize } from "./presence.ts";
import type { SchemaReader } from "./schema-reader.ts";
import {
  ANY_OBJECT,
  type MemberPattern,
  type MemberTable,
  type ObjectShape,
  type Shape,
} from "./shapes.ts";

const OBJECT_KEYWORDS = [
  ...["properties", "patternProperties", "additionalProperties", "propertyNames", "required"],
  ...["minProperties", "maxProperties", "dependentRequired", "dependencies"],
];

/** @returns null if there are none */
export function objectShape(reader: SchemaReader): Shape | null {
  if (!OBJECT_KEYWORDS.some((keyword) => reader.schema[keyword] !== undefined)) return ANY_OBJECT;
  const counts = reader.counts("minProperties", "maxProperties");
  if (!counts) return null;
  const propertyNames = reader.inner(reader.schema.propertyNames, "propertyNames");
  const { table, absent } = membersOf(reader);
  const isOpen =
    table.properties.size === 0 && table.patterns.length === 0 && table.others === undefined;
  const required = allowedNames(requiredNames(reader), table, reader);
  if (required === null) return null;
  reader.context.spend(table.properties.size + required.size);
  const shape: ObjectShape = {
    type: "object",
    tables: isOpen ? [] : [table],
    names: propertyNames === undefined || propertyNames === true ? [] : [propertyNames],
    required,
    presence: allPresence([
      ...absent.map((name) => ({ not: { has: name } })),
      ...dependenciesOf(reader),
    ]),
    ...counts,
  };
  reader.context.spend(2 * presenceSize(shape.presence));
  const possible = possibleObject(shape);
  if (
    possible ||
    !reader.contradicts(
      "required",
      "lists a member that is not allowed, or more members than are allowed",
    )
  )
    return possible;
  return { ...shape, required: new Set(), presence: true };
}

/** @returns null for a required member that the object does not allow, unless that is left out */
function allowedNames(
  names: readonly string[],
  { properties, patterns, others }: MemberTable,
  reader: SchemaReader,
): ReadonlySet<string> | null {
  const isClosed = others === false && patterns.length === 0;
  const allowed = isClosed ? names.filter((name) => properties.has(name)) : names;
  const hasOthers = allowed.length < names.length;
  if (hasOthers && !reader.contradicts("required", "lists a member that is not allowed"))
    return null;
  return new Set(allowed);
}

function membersOf(reader: SchemaReader): {
  readonly table: MemberTable;
  readonly absent: readonly string[];
} {
  const { additionalProperties } = reader.schema;
  const others = reader.inner(additionalProperties, "additionalProperties");
  const properties = new Map<string, Json>();
  const absent: string[] = [];
  const given = reader.readMap("properties");
  for (const [name, written] of Object.entries(given)) {
    const schema = reader.inner(written, "properties", name) ?? true;
    if (schema === false) absent.push(name);
    properties.set(name, schema);
  }
  const table = { properties, patterns: patternsOf(reader), others };
  return { table, absent };
}

function patternsOf(reader: SchemaReader): readonly MemberPattern[] {
  const given = reader.readMap("patternProperties");
  return Object.entries(given).flatMap(([pattern, written]) => {
    const schema = reader.inner(written, "patternProperties", pattern) ?? true;
    const checked = reader.report.attempt(reader.schema, "patternProperties", () => {
      reader.context.checkPattern(pattern);
      return { pattern, schema };
    });
    return checked ? [checked] : [];
  });
}

function requiredNames(reader: SchemaReader): readonly string[] {
  const { required } = reader.schema;
  if (typeof required === "boolean") return []; // draft 3 writes it inside the property
  const names = reader.read("required", () => readList(required)) ?? [];
  reader.context.spend(names.length);
  return names.map(String);
}

/** Members that need others. Draft 7 and older write `dependencies`. */
function dependenciesOf(reader: SchemaReader): readonly Presence[] {
  return ["dependentRequired", "dependencies"].flatMap((keyword) => {
    const needed = reader.readMap(keyword);
    return Object.entries(needed).flatMap(([name, others]) => {
      const names = typeof others === "string" ? [others] : others;
      if (!Array.isArray(names)) return [];
      return [anyPresence([{ not: { has: name } }, hasAllOf(names.map(String))])];
    });
  });
}
