// The cost limit of compiling: one budget for all schemas of a request. It counts work, not time, so that the same request
// always gets the same answer. Other requests may wait for the same thread.

import { SchemaError } from "./schema-keywords.ts";

/** A unit takes 0.15 to 0.4 microseconds, so a document that uses all units takes well below 100 ms. */
const DOCUMENT_UNITS = 200_000;
/** Characters of grammar text that cost one unit to write, read and check. */
const CHARS_PER_UNIT = 8;

export class CompileBudget {
  #left: number;
  /** Check results of patterns, by syntax and text. */
  readonly #patterns = new Map<string, string | null>();

  constructor(units = DOCUMENT_UNITS) {
    this.#left = units;
  }

  /** Whether the budget was exceeded. From then on every call is refused. */
  get isSpent(): boolean {
    return this.#left < 0;
  }

  /** @throws SchemaError if fewer units are left */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left >= 0) return;
    throw new SchemaError(
      "",
      "is too much work to compile, together with all other schemas of the request; use fewer or shorter patterns, enumerations and properties",
    );
  }

  spendChars(chars: number): void {
    this.spend(chars / CHARS_PER_UNIT);
  }

  /** Checks each pattern only once. @param check returns the problem, or null */
  problemOf(pattern: string, check: () => string | null): string | null {
    const known = this.#patterns.get(pattern);
    if (known !== undefined) return known;
    const problem = check();
    this.#patterns.set(pattern, problem);
    return problem;
  }
}
