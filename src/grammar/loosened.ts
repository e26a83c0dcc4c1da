// A schema without what cannot be enforced, for those who can live with less than all of it.

import { SchemaError } from "./schema-keywords.ts";

/** So many keywords are left out of one schema; with more of them nothing of it is enforced. */
const MOST_IGNORED = 50;

type Loosened = {
  readonly schema: object;
  /** Paths of what was left out; an empty one stands for all but the type. */
  readonly ignored: readonly string[];
};

/**
 * Leaves out one by one what the schema is refused for.
 * @param compile throws a SchemaError for what it refuses
 */
export function loosened(schema: object, compile: (schema: object) => unknown): Loosened {
  const loose = structuredClone(schema) as Record<string, unknown>;
  const ignored: string[] = [];
  while (ignored.length < MOST_IGNORED) {
    try {
      compile(loose);
      return { schema: loose, ignored };
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      if (!remove(loose, error.path)) break;
      ignored.push(error.path);
    }
  }
  return { schema: { type: "object" }, ignored: [""] };
}

/** @returns whether there was something at this path */
function remove(schema: Record<string, unknown>, path: string): boolean {
  const names = namesOf(path);
  const last = names.pop();
  let at: unknown = schema;
  for (const name of names) at = memberOf(at, name);
  if (last === undefined || memberOf(at, last) === undefined) return false;
  if (Array.isArray(at)) return false; // a branch too few would be a limit that nobody asked for
  delete (at as Record<string, unknown>)[last];
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
