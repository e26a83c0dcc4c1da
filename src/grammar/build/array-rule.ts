// Arrays: the items of a prefix, then further ones.

import type { Json } from "../../generation/request.ts";
import { writeValue } from "../../generation/syntax.ts";
import { anyArray, arrayOf, comma } from "../json.ts";
import { anyNumberOf, type GrammarNode, type GrammarPart, sequence, UNBOUNDED } from "../nodes.ts";
import { equalKey } from "../normalize/matching.ts";
import { type ArrayShape, type Contains, isOneOrMore, isWholeType } from "../normalize/shapes.ts";
import type { BuildContext } from "./build-context.ts";
import { memberSequence } from "./member-sequence.ts";
import { anyOrder, type UniqueOptions } from "./unique-items.ts";

/** Limit on values in the order of their list: llama.cpp tries all later values after each item. */
const MOST_UNIQUE = 500;

/** @returns null if there is no such array. @throws SchemaError */
export function arrayRule(shape: ArrayShape, context: BuildContext): GrammarPart | null {
  const { rules, report } = context;
  if (isWholeType(shape)) return anyArray(rules);
  const items = itemsOf(shape, context);
  const { prefix, rest } = items;
  rules.budget.spend(prefix.length);
  const [needed, ...more] = shape.contains.filter(({ min, max }) => min > 0 || max !== UNBOUNDED);
  if (needed) {
    if (more.length === 0 && isOneOrMore(needed) && isUnlimited(items))
      return containing(needed, rest, context);
    report.leaveOut(
      needed.path,
      "cannot be enforced beside other limits on the array, or for more than one item",
    );
  }
  if (shape.uniquePath !== null && shape.max > 1) {
    const values = prefix.length === 0 ? listedItems(rest, context) : null;
    if (values && values.length <= MOST_UNIQUE) return uniqueItems(values, shape, context);
    report.leaveOut(
      shape.uniquePath,
      values
        ? `cannot be enforced for more than ${MOST_UNIQUE} values`
        : "cannot be enforced unless the values of the items are listed",
    );
  }
  return anyItems(items, context);
}

/** The schemas of the items by all tables. */
function itemsOf(shape: ArrayShape, { shapes: { joiner } }: BuildContext): ItemParts {
  const { tables } = shape;
  const longest = Math.max(0, ...tables.map(({ prefix }) => prefix.length));
  const rest = joiner.both(tables.map((table) => table.rest ?? true));
  const prefix = Array.from({ length: longest }, (_, index) =>
    joiner.both(tables.map((table) => table.prefix[index] ?? table.rest ?? true)),
  );
  return { shape, prefix, rest };
}

/** Whether only `contains` limits the number of items. */
function isUnlimited({ shape: { min, max, uniquePath }, prefix }: ItemParts): boolean {
  return prefix.length === 0 && min <= 1 && max === UNBOUNDED && uniquePath === null;
}

type ItemParts = {
  readonly shape: ArrayShape;
  readonly prefix: readonly Json[];
  readonly rest: Json;
};

function anyItems({ shape, prefix, rest }: ItemParts, context: BuildContext): GrammarPart | null {
  const { rules } = context;
  const { min, max } = shape;
  const visited = (item: Json) => {
    const body = context.visit(item);
    return body === null ? null : rules.add("item", body);
  };
  const all = prefix.slice(0, max).map(visited);
  const end = all.indexOf(null); // no item is possible here, and none after it
  const first = (end < 0 ? all : all.slice(0, end)).filter((item) => item !== null);
  const further = end >= 0 || max <= first.length ? null : visited(rest);
  const most = further === null ? Math.min(max, first.length) : max;
  if (most < min) return null;
  return rules.add("array", arrayOf(rules, { first, rest: further, min, max: most }));
}

/** At least one item matches: any items, then that one, then any items again. The first ones may match too. */
function containing({ schema }: Contains, rest: Json, context: BuildContext): GrammarPart | null {
  const { rules, shapes } = context;
  const needed = context.visit(shapes.joiner.both([rest, schema]));
  if (needed === null) return null;
  const other = context.visit(rest);
  if (other === null) return null;
  const items = sequence(
    anyNumberOf(other, comma(rules)),
    needed,
    anyNumberOf(comma(rules), other),
  );
  return rules.add("array", sequence("[", items, "]"));
}

/** The values of items if they are listed. */
function listedItems(schema: Json, { shapes }: BuildContext): readonly Json[] | null {
  const values: Json[] = [];
  for (const shape of shapes.shapesOf(schema)) {
    if (shape.type === "values") values.push(...shape.values);
    else if (shape.type === "null") values.push(null);
    else if (shape.type === "boolean") values.push(true, false);
    else return null;
  }
  return values;
}

function uniqueItems(
  values: readonly Json[],
  { min, max }: ArrayShape,
  { rules }: BuildContext,
): GrammarNode | null {
  const different = new Map<string, Json>();
  for (const value of values)
    if (!different.has(equalKey(value))) different.set(equalKey(value), value);
  const texts = [...different.values()].map((value) => writeValue(value, rules.syntax));
  for (const text of texts) rules.budget.spendChars(text.length);
  const items = anyOrder(texts, { rules, min, max }) ?? inOrder(texts, { rules, min, max });
  return items && rules.add("array", sequence("[", items, "]"));
}

/** Values in the order in which the schema lists them, because they can be in too many other orders. */
function inOrder(texts: readonly string[], options: UniqueOptions): GrammarNode | null {
  const parts = texts.map((text) => ({ name: text, node: sequence(text), isRequired: false }));
  const separator = comma(options.rules);
  return memberSequence({ ...options, comma: separator, parts, other: null, presence: true });
}
