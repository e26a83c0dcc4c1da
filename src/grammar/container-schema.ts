// Objects and arrays of a JSON Schema.

import type { Json } from "../generation/request.ts";
import { writeName } from "../generation/syntax.ts";
import { combinatorsOf } from "./combine/alternatives.ts";
import { listedValues, othersOf, propertiesOf } from "./combine/merge-schemas.ts";
import {
  anyArray,
  anyName,
  anyObject,
  arrayOf,
  type Member,
  memberOf,
  objectInOrder,
  objectOf,
} from "./json.ts";
import { type GrammarPart, UNBOUNDED } from "./nodes.ts";
import type { Rules } from "./rules.ts";
import {
  EmptyError,
  isAlone,
  isAlways,
  isNever,
  isSchema,
  KeywordError,
  readLeast,
  readList,
  readMost,
  type Schema,
  typesOf,
} from "./schema-keywords.ts";

export type ContainerContext = {
  readonly rules: Rules;
  /** The schema that a reference leads to. */
  readonly resolve: (schema: Json) => Json;
  /** Compiles a schema in this one, which these names lead to; null if it allows no value. */
  readonly visit: (schema: Json, ...names: string[]) => GrammarPart | null;
};

/** @throws KeywordError */
export function objectRule(schema: Schema, context: ContainerContext): GrammarPart {
  const { rules, visit } = context;
  const properties = propertiesOf(schema);
  const requiredNames = readList(schema.required ?? [], "required");
  rules.budget.spend(requiredNames.length);
  const required = new Set(requiredNames.map(String));
  const listed = listedNames(schema, context);
  const declared = [...new Set([...Object.keys(properties), ...required])];
  if (declared.length === 0 && !listed) return mapRule(schema, context);
  if (declared.length > 0 && !listed && !isAnyText(schema.propertyNames ?? true))
    throw new KeywordError("propertyNames", "cannot be enforced beside properties");
  const members: Member[] = [];
  for (const name of declared.length > 0 ? declared : (listed ?? [])) {
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const isAllowed = !listed || listed.includes(name);
    const value = isAllowed ? visit(own ?? othersOf(schema), "properties", name) : null;
    const isRequired = required.has(name);
    if (value !== null)
      members.push({ node: memberOf(rules, nameOf(name, rules), value), isRequired }); // biome-ignore format: one line
    else if (isRequired) throw new EmptyError("required", `lists ${name}, which is not allowed`);
  }
  return rules.add("object", objectInOrder(rules, members));
}

/** Spends for a name before it is written: it may be long. */
function nameOf(name: string, rules: Rules): string {
  const text = writeName(name, rules.syntax);
  rules.budget.spendChars(text.length);
  return text;
}

/** The names of members if propertyNames lists them. */
function listedNames({ propertyNames }: Schema, { resolve }: ContainerContext) {
  const names = propertyNames === undefined ? null : resolve(propertyNames);
  const values = isSchema(names) ? listedValues(names) : null;
  return values?.filter((value) => typeof value === "string") ?? null;
}

/** An object of which only the values are described, and maybe the names. */
function mapRule(schema: Schema, context: ContainerContext): GrammarPart {
  const { rules, visit } = context;
  const others = othersOf(schema);
  if (isNever(schema.propertyNames)) return "{}";
  const name = mapName(schema, context);
  if (isAlways(others) && name === null) return anyObject(rules);
  const value = visit(others, "additionalProperties");
  if (value === null) return "{}";
  return rules.add("map", objectOf(rules, value, name ?? anyName(rules)));
}

/** Null for any name. */
function mapName({ propertyNames = true }: Schema, { rules, visit }: ContainerContext) {
  if (isAnyText(propertyNames)) return null;
  if (!rules.syntax.areNamesQuoted)
    throw new KeywordError("propertyNames", "cannot be enforced in the syntax of this model");
  const isSimple = isSchema(propertyNames) && combinatorsOf(propertyNames).length === 0;
  return visit(isSimple ? { ...propertyNames, type: "string" } : propertyNames, "propertyNames");
}

/** Whether a schema allows every text. */
function isAnyText(schema: Json): boolean {
  if (isAlways(schema)) return true;
  return isSchema(schema) && isAlone("type", schema) && (typesOf(schema) ?? []).includes("string");
}

/** @throws KeywordError */
export function arrayRule(schema: Schema, { rules, visit }: ContainerContext): GrammarPart {
  const { items = true, prefixItems = [], minItems, maxItems } = schema;
  const prefix = readList(prefixItems, "prefixItems");
  const isLimited = prefix.length > 0 || minItems !== undefined || maxItems !== undefined;
  if (isAlways(items) && !isLimited) return anyArray(rules);
  const min = readLeast(schema, "minItems");
  const max = readMost(schema, "maxItems", UNBOUNDED);
  if (max < min) throw new EmptyError("maxItems", "is below minItems");
  const visited = (item: Json, ...names: string[]) => {
    const body = visit(item, ...names);
    return body === null ? null : rules.add("item", body);
  };
  const all = prefix.map((item, index) => visited(item, "prefixItems", `${index}`));
  const end = all.indexOf(null); // there can be no item here, and none after it
  const first = (end < 0 ? all : all.slice(0, end)).filter((item) => item !== null);
  const rest = end >= 0 || max <= first.length ? null : visited(items, "items");
  const most = rest === null ? Math.min(max, first.length) : max;
  if (most < min) throw new EmptyError("minItems", "is more than the items that are allowed");
  return rules.add("array", arrayOf(rules, { first, rest, min, max: most }));
}
