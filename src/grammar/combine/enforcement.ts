// Handles keywords that cannot be enforced: their schema is refused, or compiled without them.

import { EmptyError, KeywordError, type Schema, SchemaError } from "../schema-keywords.ts";
import type { Origins } from "./origins.ts";

export type EnforcementOptions = {
  readonly origins: Origins;
  /** Gets the paths of keywords that are left out; null to refuse their schema. */
  readonly ignored: Set<string> | null;
};

export type EnforcementPlace = {
  readonly path: string;
  /** Whether it is no mistake if the schema allows no value, as for combined schemas. */
  readonly mayBeEmpty?: boolean;
};

export class Enforcement {
  readonly #origins: Origins;
  readonly #ignored: Set<string> | null;

  constructor({ origins, ignored }: EnforcementOptions) {
    this.#origins = origins;
    this.#ignored = ignored;
  }

  /**
   * Each attempt has one keyword less than the one before.
   * @throws SchemaError for a keyword that cannot be enforced; EmptyError for a schema that may allow no value
   */
  run<T>(
    schema: Schema,
    { path, mayBeEmpty = false }: EnforcementPlace,
    work: (schema: Schema) => T,
  ): T {
    let left = schema;
    for (;;) {
      try {
        return work(left);
      } catch (error) {
        if (!(error instanceof KeywordError)) throw error;
        if (error instanceof EmptyError && (mayBeEmpty || this.#origins.isCombined(left)))
          throw error;
        const { keyword, message } = error;
        this.leaveOut(this.#origins.within(left, keyword === "" ? [] : [keyword], path), message);
        left = this.#origins.keep(without(left, keyword), left);
      }
    }
  }

  /** @throws SchemaError if it is not acceptable */
  leaveOut(path: string, reason: string): void {
    if (!this.#ignored) throw new SchemaError(path, reason);
    this.#ignored.add(path);
  }
}

/** Without a keyword that is not there, only the type is left, and without that nothing. */
function without(schema: Schema, keyword: string): Schema {
  if (Object.hasOwn(schema, keyword)) {
    const { [keyword]: _, ...rest } = schema;
    return rest;
  }
  const { type } = schema;
  return type === undefined || Object.keys(schema).length === 1 ? {} : { type };
}
