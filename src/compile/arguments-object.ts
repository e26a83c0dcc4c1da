// The schema of a tool's arguments as the schema of an object, which arguments always are.

import { isDeepStrictEqual } from "node:util";
import { ServiceError } from "../errors.ts";
import type { AskedSchema } from "../generation/request.ts";

type JsonObject = { readonly [name: string]: unknown };

/** Keywords that may say elsewhere that it is an object. */
const ELSEWHERE = ["$ref", "anyOf", "oneOf", "allOf"];
const MOST_STEPS = 20;

/**
 * Without a schema, or with one that has no properties, the object is empty.
 * @throws ServiceError 400 for the schema of something else
 */
export function argumentsObject({ schema, param }: AskedSchema): JsonObject {
  const given = (schema ?? { properties: {} }) as JsonObject; // every dialect checks that it is an object
  if (!new ObjectProof(given).holds) {
    const where = given.type === undefined ? param : `${param}.type`;
    throw new ServiceError("invalid_value", `${where}: arguments are an object`, { param: where });
  }
  const { type: _, ...rest } = given;
  if (ELSEWHERE.some((keyword) => Object.hasOwn(given, keyword))) return rest;
  const isEmpty = isDeepStrictEqual(given.properties, {});
  return { ...(isEmpty ? { additionalProperties: false } : {}), ...rest, type: "object" };
}

/** Whether nothing but objects is of a schema: it says so itself, or what it refers to does. */
class ObjectProof {
  readonly #root: JsonObject;
  /** Each is looked at once, however many references lead to it. */
  readonly #proven = new Set<object>();

  constructor(root: JsonObject) {
    this.#root = root;
  }

  get holds(): boolean {
    return this.#isOfObject(this.#root, MOST_STEPS);
  }

  #isOfObject(schema: unknown, stepsLeft: number): boolean {
    if (typeof schema !== "object" || schema === null || stepsLeft === 0) return false;
    if (this.#proven.has(schema)) return true;
    const { type, $ref, anyOf, oneOf, allOf } = schema as JsonObject;
    const branches = anyOf ?? oneOf ?? allOf;
    let isProven: boolean;
    if (type !== undefined) isProven = isDeepStrictEqual([type].flat(), ["object"]);
    else if (typeof $ref === "string")
      isProven = this.#isOfObject(this.#referred($ref), stepsLeft - 1);
    else if (Array.isArray(branches))
      isProven = branches.every((branch) => this.#isOfObject(branch, stepsLeft - 1));
    else isProven = schema === this.#root || Object.hasOwn(schema, "properties");
    if (isProven) this.#proven.add(schema);
    return isProven;
  }

  #referred(ref: string): unknown {
    const names = ref.startsWith("#/") ? ref.slice(2).split("/") : [];
    let at: unknown = names.length > 0 ? this.#root : null;
    for (const name of names) {
      const isHolder = typeof at === "object" && at !== null && Object.hasOwn(at, name);
      at = isHolder ? (at as JsonObject)[name] : null;
    }
    return at;
  }
}
