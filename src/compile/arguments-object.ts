// Normalizes the schema of a tool's arguments to the schema of an object, because arguments are always an object.

import { isDeepStrictEqual } from "node:util";
import { ServiceError } from "../errors.ts";
import type { AskedSchema } from "../generation/request.ts";
import { References } from "../grammar/normalize/references.ts";
import type { Schema } from "../grammar/schema-keywords.ts";

/** Keywords that may state the object type elsewhere. */
const ELSEWHERE = ["$ref", "anyOf", "oneOf", "allOf"];
/** Keywords of objects alone. */
const MEMBERS = ["properties", "required", "additionalProperties"];
const MOST_STEPS = 20;

/**
 * Without a schema, or with a schema without properties, the object is empty.
 * @throws ServiceError 400 for a schema of anything but an object
 */
export function argumentsObject({ schema, param }: AskedSchema): Schema {
  const given = (schema ?? { properties: {} }) as Schema; // every dialect has checked that the schema is an object
  if (!new ObjectProof(given).holds) {
    const where = given.type === undefined ? param : `${param}.type`;
    throw new ServiceError("invalid_value", `${where}: arguments must be an object`, {
      param: where,
    });
  }
  const isElsewhere = ELSEWHERE.some((keyword) => Object.hasOwn(given, keyword));
  const isEmpty = !isElsewhere && isDeepStrictEqual(given.properties, {});
  return { ...(isEmpty ? { additionalProperties: false } : {}), ...given, type: "object" };
}

/** Proves that a schema only allows objects, by itself or through its references and branches. */
class ObjectProof {
  readonly #root: Schema;
  readonly #references: References;
  /** Each schema is proven once, however many references lead to it. */
  readonly #proven = new Set<object>();

  constructor(root: Schema) {
    this.#root = root;
    this.#references = new References(root, () => undefined);
  }

  get holds(): boolean {
    return this.#allowsOnlyObjects(this.#root, MOST_STEPS);
  }

  #allowsOnlyObjects(schema: unknown, stepsLeft: number): boolean {
    if (typeof schema !== "object" || schema === null || stepsLeft === 0) return false;
    if (this.#proven.has(schema)) return true;
    const { type, $ref, anyOf, oneOf, allOf } = schema as Schema;
    const branches = anyOf ?? oneOf ?? allOf;
    const isDescribed = MEMBERS.some((keyword) => Object.hasOwn(schema, keyword));
    let isProven: boolean;
    if (type !== undefined) isProven = isDeepStrictEqual([type].flat(), ["object"]);
    else if (isDescribed) isProven = true;
    else if (typeof $ref === "string")
      isProven = this.#allowsOnlyObjects(this.#resolve($ref), stepsLeft - 1);
    else if (Array.isArray(branches))
      isProven = branches.every((branch) => this.#allowsOnlyObjects(branch, stepsLeft - 1));
    else isProven = schema === this.#root;
    if (isProven) this.#proven.add(schema);
    return isProven;
  }

  #resolve(ref: string): unknown {
    try {
      return this.#references.resolve(ref);
    } catch {
      return null;
    }
  }
}
