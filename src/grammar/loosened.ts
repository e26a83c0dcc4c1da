// A schema without what cannot be enforced, for those who can live with less than all of it.

import { isKnown, isSchema, type Json, join, SchemaError } from "./schema-keywords.ts";

/** Each refusal is found by compiling once more: so many are allowed to all that share the budget. */
export type LooseningBudget = { left: number };

type Loosened<T> = {
  readonly schema: object;
  /** What compiling it returned; null where nothing of it is enforced. */
  readonly compiled: T | null;
  /** Paths of what was left out; an empty one stands for all but the type. */
  readonly ignored: readonly string[];
};

/**
 * Leaves out the keywords that nobody knows, then one by one what the schema is refused for. With the budget used up,
 * nothing of it is enforced.
 * @param compile throws a SchemaError for what it refuses
 */
export function loosened<T>(
  schema: object,
  compile: (schema: object) => T,
  budget: LooseningBudget,
): Loosened<T> {
  const loose = structuredClone(schema) as MutableSchema;
  const ignored: string[] = [];
  leaveUnknown(loose, "", ignored);
  for (;;) {
    try {
      return { schema: loose, compiled: compile(loose), ignored };
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      budget.left -= 1;
      if (budget.left < 0 || !remove(loose, error.path)) break;
      ignored.push(error.path);
    }
  }
  return { schema: ANY_OBJECT, compiled: null, ignored: [""] };
}

const ANY_OBJECT = { type: "object" };

type MutableSchema = Record<string, Json>;

/** Where a schema holds others: under names of their own, in a list, or right there. */
const NAMED = ["properties", "$defs", "definitions"];
const LISTED = ["prefixItems", "anyOf", "oneOf", "allOf"];
const SINGLE = ["items", "additionalProperties"];

function leaveUnknown(schema: MutableSchema, path: string, ignored: string[]): void {
  for (const keyword of Object.keys(schema)) {
    const where = join(path, keyword);
    if (!isKnown(keyword)) {
      delete schema[keyword];
      ignored.push(where);
      continue;
    }
    const value = schema[keyword];
    if (NAMED.includes(keyword) && isSchema(value))
      leaveUnknownIn(Object.entries(value), where, ignored);
    else if (LISTED.includes(keyword) && Array.isArray(value))
      leaveUnknownIn(Object.entries(value as Json[]), where, ignored);
    else if (SINGLE.includes(keyword)) leaveUnknownIn([["", value ?? null]], where, ignored);
  }
}

function leaveUnknownIn(
  schemas: readonly (readonly [name: string, schema: Json])[],
  path: string,
  ignored: string[],
): void {
  for (const [name, schema] of schemas) {
    // The clone is ours to change.
    if (isSchema(schema))
      leaveUnknown(schema as MutableSchema, name === "" ? path : join(path, name), ignored);
  }
}

/** @returns whether there was something at this path */
function remove(schema: MutableSchema, path: string): boolean {
  const names = namesOf(path);
  const last = names.pop();
  let at: unknown = schema;
  for (const name of names) at = memberOf(at, name);
  if (last === undefined || memberOf(at, last) === undefined) return false;
  if (Array.isArray(at)) return false; // a branch too few would be a limit that nobody asked for
  delete (at as MutableSchema)[last];
  return true;
}

/** Paths are names with dots between; behind a reference they begin with its pointer. */
function namesOf(path: string): string[] {
  const [first = "", ...rest] = path.split(".");
  return first.startsWith("#/") ? [...first.slice(2).split("/"), ...rest] : [first, ...rest];
}

function memberOf(holder: unknown, name: string): unknown {
  const isHolder = typeof holder === "object" && holder !== null && Object.hasOwn(holder, name);
  return isHolder ? (holder as Record<string, unknown>)[name] : undefined;
}
