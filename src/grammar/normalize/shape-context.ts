// The functions with which shapes are compared and combined: they answer questions about the schemas inside a shape.

import type { Json } from "../../generation/request.ts";
import type { SchemaJoiner } from "./schema-joiner.ts";
import type { MemberTable, ObjectShape, Shape, TextCondition } from "./shapes.ts";

export type ShapeContext = {
  readonly joiner: SchemaJoiner;
  /** Takes units from the budget. @throws SchemaError if the budget is used up */
  readonly spend: (units: number) => void;
  /** @throws SchemaError */
  readonly shapesOf: (schema: Json) => readonly Shape[];
  /** Whether it is certain that no value matches. False where that takes too long to find out. */
  readonly isImpossible: (schema: Json) => boolean;
  readonly allowsText: (condition: TextCondition, text: string) => boolean;
};

/** The schema that a member must match to match all tables. */
export function memberSchema(
  { tables }: Pick<ObjectShape, "tables">,
  name: string,
  context: ShapeContext,
): Json {
  context.spend(2 * tables.length);
  const [only, ...more] = tables;
  if (only && more.length === 0) return inTable(only, name, context);
  return context.joiner.both(tables.map((table) => inTable(table, name, context)));
}

function inTable(table: MemberTable, name: string, context: ShapeContext): Json {
  const own = table.properties.get(name);
  if (table.patterns.length === 0) return own ?? table.others ?? true;
  context.spend(table.patterns.length);
  const matching = table.patterns
    .filter(({ pattern }) => context.allowsText({ type: "pattern", pattern, path: "" }, name))
    .map(({ schema }) => schema);
  if (own === undefined && matching.length === 0) return table.others ?? true;
  return context.joiner.both(own === undefined ? matching : [own, ...matching]);
}

/** Names by tables, kept because each object is compared with many others. */
const DECLARED = new WeakMap<readonly MemberTable[], ReadonlySet<string>>();

/** The names that the tables declare, in their order. */
export function declaredNames(
  { tables }: Pick<ObjectShape, "tables">,
  { spend }: Pick<ShapeContext, "spend">,
): ReadonlySet<string> {
  const known = DECLARED.get(tables);
  if (known) return known;
  const names = new Set(tables.flatMap(({ properties }) => [...properties.keys()]));
  spend(tables.reduce((sum, { properties }) => sum + properties.size, tables.length) / 2);
  DECLARED.set(tables, names);
  return names;
}
