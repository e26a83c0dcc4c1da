// The cost limit of compiling: one budget for all schemas of a request. It counts work, not time, so that the same request
// always gets the same answer. Other requests may wait for the same thread.

import { SchemaError } from "./schema-keywords.ts";

/** A unit takes 0.15 to 0.4 microseconds, so a document that uses all units takes well below 100 ms. */
const DOCUMENT_UNITS = 200_000;
/** Units that `allow` may add, for all schemas of a request together. */
const RESERVE_UNITS = 150_000;
/** Units that `allow` grants even without a reserve. */
const LEAST_ALLOWED = 2_500;
/** Characters of grammar text that cost one unit to write, read and check. */
const CHARS_PER_UNIT = 8;

export class CompileBudget {
  #left: number;
  #reserve = RESERVE_UNITS;
  #isSpent = false;

  constructor(units = DOCUMENT_UNITS) {
    this.#left = units;
  }

  /** Whether the budget was exceeded at any time. Only units from `allow` can be spent after that. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /**
   * Allows some work even if the budget was exceeded, so that a part of a schema can be compiled. All schemas of a request
   * share the reserve; when it is used up, the units may be fewer.
   */
  allow(units: number): void {
    const allowed = Math.max(Math.min(units, this.#reserve), Math.min(units, LEAST_ALLOWED));
    const left = Math.max(this.#left, 0);
    if (allowed <= left) return;
    this.#reserve -= allowed - left;
    this.#left = allowed;
  }

  /** @throws SchemaError if fewer units are left */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left >= 0) return;
    this.#isSpent = true;
    throw new SchemaError(
      "",
      "is too much work to compile, together with all other schemas of the request; use fewer or shorter patterns, enumerations and properties",
    );
  }

  /** @throws SchemaError if fewer units are left */
  spendChars(chars: number): void {
    this.spend(chars / CHARS_PER_UNIT);
  }
}
