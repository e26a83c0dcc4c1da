// What a client's JSON must not be, found without recursion before anybody walks it with recursion: nested so deep that
// the stack would end, or with a name that stands for an object's prototype and would be lost on the way.

import { ServiceError } from "../../errors.ts";

/** More than any schema that can be compiled needs. */
const MOST_DEPTH = 100;
/** Of one object or list; token ids and other plain values in a list do not count. */
const MOST_MEMBERS = 5_000;
/** Of a whole body. Each is checked, and costs a microsecond or two of the event loop. */
const MOST_HOLDERS = 25_000;
/** In the lists of a whole body: stop strings, values of an enumeration, documents, inputs. */
const MOST_TEXTS = 50_000;

type Place = { readonly holder: object; readonly path: string; readonly depth: number };

/**
 * @param param name of the field that the JSON is, or null for a whole body
 * @throws ServiceError 400 naming the field
 */
export function refuseShape(json: object, param: string | null): void {
  const waiting: Place[] = [{ holder: json, path: param ?? "", depth: 0 }];
  let holders = 0;
  let texts = 0;
  for (let place = waiting.pop(); place; place = waiting.pop()) {
    holders += 1;
    if (holders > MOST_HOLDERS)
      throw wrong(
        fieldOf(place.path, param),
        `brings the body to more than ${MOST_HOLDERS} objects and lists`,
      );
    if (place.depth > MOST_DEPTH)
      throw wrong(fieldOf(place.path, param), `has more than ${MOST_DEPTH} levels`);
    if (Array.isArray(place.holder)) texts += textsIn(place.holder);
    if (texts > MOST_TEXTS)
      throw wrong(
        fieldOf(place.path, param),
        `brings the body to more than ${MOST_TEXTS} texts in lists`,
      );
    // Of a list only what holds something is looked at: it may be of a million token ids.
    const names = Array.isArray(place.holder) ? holdersIn(place.holder) : Object.keys(place.holder);
    if (names.length > MOST_MEMBERS)
      throw wrong(fieldOf(place.path, param), `has more than ${MOST_MEMBERS} members in one place`);
    for (const name of names) {
      if (name === "__proto__") {
        const path = pathTo(place, name);
        throw wrong(param ?? path, "has the name __proto__, which no field may have");
      }
      const value = (place.holder as Readonly<Record<string, unknown>>)[name];
      if (typeof value !== "object" || value === null) continue;
      waiting.push({ holder: value, path: pathTo(place, name), depth: place.depth + 1 });
    }
  }
}

function holdersIn(list: readonly unknown[]): string[] {
  const names: string[] = [];
  for (let index = 0; index < list.length; index++)
    if (typeof list[index] === "object") names.push(`${index}`);
  return names;
}

function textsIn(list: readonly unknown[]): number {
  let count = 0;
  for (const each of list) if (typeof each === "string") count += 1;
  return count;
}

function pathTo({ holder, path }: Place, name: string): string {
  if (Array.isArray(holder)) return `${path}[${name}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** The whole way would be as long as the nesting is deep. */
function fieldOf(path: string, param: string | null): string {
  return param ?? /^[^.[]*/.exec(path)?.[0] ?? "";
}

function wrong(param: string, reason: string): ServiceError {
  if (param === "") return new ServiceError("invalid_value", `the body ${reason}`);
  return new ServiceError("invalid_value", `${param} ${reason}`, { param });
}
