// What a client's JSON must not be, found without recursion before anybody walks it with recursion: nested so deep that
// the stack would end, or with a name that stands for an object's prototype and would be lost on the way.

import { ServiceError } from "../errors.ts";

/** More than any schema that can be compiled needs. */
const MOST_DEPTH = 100;

type Place = { readonly holder: object; readonly path: string; readonly depth: number };

/**
 * @param param name of the field that the JSON is, or null for a whole body
 * @throws ServiceError 400 naming the field
 */
export function refuseShape(json: object, param: string | null): void {
  const waiting: Place[] = [{ holder: json, path: param ?? "", depth: 0 }];
  for (let place = waiting.pop(); place; place = waiting.pop()) {
    if (place.depth > MOST_DEPTH)
      throw wrong(fieldOf(place.path, param), `has more than ${MOST_DEPTH} levels`);
    if (Array.isArray(place.holder)) {
      for (const [index, value] of place.holder.entries())
        enter(waiting, value, `${place.path}[${index}]`, place.depth);
    } else {
      for (const [name, value] of Object.entries(place.holder)) {
        const path = place.path === "" ? name : `${place.path}.${name}`;
        if (name === "__proto__")
          throw wrong(param ?? path, "has the name __proto__, which no field may have");
        enter(waiting, value, path, place.depth);
      }
    }
  }
}

function enter(waiting: Place[], value: unknown, path: string, depth: number): void {
  if (typeof value === "object" && value !== null)
    waiting.push({ holder: value, path, depth: depth + 1 });
}

/** The whole way would be as long as the nesting is deep. */
function fieldOf(path: string, param: string | null): string {
  return param ?? /^[^.[]*/.exec(path)?.[0] ?? "";
}

function wrong(param: string, reason: string): ServiceError {
  return new ServiceError("invalid_value", `${param} ${reason}`, { param });
}
