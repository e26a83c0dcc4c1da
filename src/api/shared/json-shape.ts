// Limits on a client's JSON: depth, size, and no field named `__proto__`. Checked without recursion, before any recursive
// code (zod, the grammar compiler) reads the JSON and could overflow the stack.

import { ServiceError } from "../../errors.ts";
import { invalidValue } from "./refusals.ts";

/** Levels of nesting. Every schema that can be compiled needs fewer. */
const MAX_DEPTH = 100;
/** Members of one object or list. Token ids and other plain values in a list do not count. */
const MAX_MEMBERS = 5_000;
/** Objects and lists of a whole body. Checking each costs 1 to 2 µs of the event loop. */
const MAX_CONTAINERS = 25_000;
/** Strings in the lists of a whole body: stop strings, enum values, documents, inputs. */
const MAX_LISTED_STRINGS = 50_000;

type Container = { readonly holder: object; readonly path: string; readonly depth: number };

/**
 * @param param the field that holds the JSON, or null for a whole body
 * @throws ServiceError 400 naming the field
 */
export function checkShape(json: object, param: string | null): void {
  const unread: Container[] = [{ holder: json, path: param ?? "", depth: 0 }];
  let containers = 0;
  let strings = 0;
  for (let each = unread.pop(); each; each = unread.pop()) {
    const { holder, depth } = each;
    containers += 1;
    if (containers > MAX_CONTAINERS)
      throw tooLarge(each, param, `takes the body above ${MAX_CONTAINERS} objects and lists`);
    if (depth > MAX_DEPTH)
      throw tooLarge(each, param, `is nested more than ${MAX_DEPTH} levels deep`);
    if (Array.isArray(holder)) strings += stringsIn(holder);
    if (strings > MAX_LISTED_STRINGS)
      throw tooLarge(each, param, `takes the body above ${MAX_LISTED_STRINGS} strings in lists`);
    // A list may hold a million token ids, so only its objects and lists are visited.
    const names = Array.isArray(holder) ? containersIn(holder) : Object.keys(holder);
    if (names.length > MAX_MEMBERS)
      throw tooLarge(each, param, `has an object or list with more than ${MAX_MEMBERS} members`);
    for (const name of names) {
      if (name === "__proto__")
        throw refusal(param ?? pathTo(each, name), "has a field named __proto__; rename it");
      const value = (holder as Readonly<Record<string, unknown>>)[name];
      if (typeof value !== "object" || value === null) continue;
      unread.push({ holder: value, path: pathTo(each, name), depth: depth + 1 });
    }
  }
}

function containersIn(list: readonly unknown[]): string[] {
  const names: string[] = [];
  for (let index = 0; index < list.length; index++)
    if (typeof list[index] === "object") names.push(`${index}`);
  return names;
}

function stringsIn(list: readonly unknown[]): number {
  let count = 0;
  for (const each of list) if (typeof each === "string") count += 1;
  return count;
}

function pathTo({ holder, path }: Container, name: string): string {
  if (Array.isArray(holder)) return `${path}[${name}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** Names the top-level field alone: the whole path would be as long as the nesting is deep. */
function tooLarge({ path }: Container, param: string | null, reason: string): ServiceError {
  return refusal(param ?? /^[^.[]*/.exec(path)?.[0] ?? "", reason);
}

function refusal(param: string, reason: string): ServiceError {
  if (param === "") return new ServiceError("invalid_value", `the body ${reason}`);
  return invalidValue(param, reason);
}
