// Removes what cannot be enforced from a schema, for callers that accept a partial guarantee.

import type { Json } from "../generation/request.ts";
import { isKnown, isSchema, join, SchemaError } from "./schema-keywords.ts";

/** Attempts left. Each refusal is found by compiling again, so all schemas that share the budget share its attempts. */
export type LooseningBudget = { left: number };

type Loosened<T> = {
  readonly schema: object;
  /** The result of compiling; null if nothing is enforced. */
  readonly compiled: T | null;
  /** Paths of removed parts; an empty path stands for everything but the type. */
  readonly ignored: readonly string[];
};

/**
 * Removes unknown keywords, then one by one the parts the schema is refused for. Once the budget is used up, nothing of the
 * schema is enforced.
 * @param compile throws a SchemaError for the part it refuses
 */
export function loosenSchema<T>(
  schema: object,
  compile: (schema: object) => T,
  budget: LooseningBudget,
): Loosened<T> {
  const loose = structuredClone(schema) as MutableSchema;
  const ignored: string[] = [];
  removeUnknown(loose, "", ignored);
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

/** Keywords that hold other schemas: by name, in a list, or directly. */
const BY_NAME = ["properties", "$defs", "definitions"];
const IN_LIST = ["prefixItems", "anyOf", "oneOf", "allOf"];
const DIRECTLY = ["items", "additionalProperties"];

function removeUnknown(schema: MutableSchema, path: string, ignored: string[]): void {
  for (const keyword of Object.keys(schema)) {
    const where = join(path, keyword);
    if (!isKnown(keyword)) {
      delete schema[keyword];
      ignored.push(where);
      continue;
    }
    // The clone is ours to change.
    for (const [name, inner] of schemasIn(keyword, schema[keyword]))
      if (isSchema(inner))
        removeUnknown(inner as MutableSchema, name === "" ? where : join(where, name), ignored);
  }
}

/** The schemas that a keyword holds, by name; the name is empty if it holds one directly. */
function schemasIn(keyword: string, value: Json = null): readonly (readonly [string, Json])[] {
  if (BY_NAME.includes(keyword) && isSchema(value)) return Object.entries(value);
  if (IN_LIST.includes(keyword) && Array.isArray(value)) return Object.entries(value);
  return DIRECTLY.includes(keyword) ? [["", value]] : [];
}

/** @returns whether something existed at this path */
function remove(schema: MutableSchema, path: string): boolean {
  const names = namesOf(path);
  const last = names.pop();
  let holder: unknown = schema;
  for (const name of names) holder = memberOf(holder, name);
  if (last === undefined || memberOf(holder, last) === undefined) return false;
  if (Array.isArray(holder)) return false; // removing a branch would add a constraint that the client did not ask for
  delete (holder as MutableSchema)[last];
  return true;
}

/** Splits a path at its dots. A path behind a reference begins with its JSON pointer. */
function namesOf(path: string): string[] {
  const [first = "", ...rest] = path.split(".");
  return first.startsWith("#/") ? [...first.slice(2).split("/"), ...rest] : [first, ...rest];
}

function memberOf(holder: unknown, name: string): unknown {
  const isHolder = typeof holder === "object" && holder !== null && Object.hasOwn(holder, name);
  return isHolder ? (holder as Record<string, unknown>)[name] : undefined;
}
