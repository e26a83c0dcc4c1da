// What compiling may cost: one budget for all schemas of a request, counted in work and not in time, so that the same
// request is always answered alike. Schemas are compiled while other requests wait for the same thread.

import { SchemaError } from "./schema-keywords.ts";

/** A unit takes 0.15 to 0.4 microseconds: a document that uses all of them takes well below 100 ms. */
const DOCUMENT_UNITS = 200_000;
/** Writing, reading and checking this much text of a grammar is one unit. */
const CHARS_PER_UNIT = 8;

export class CompileBudget {
  #left: number;
  /** What was found out about patterns, by syntax and text. */
  readonly #patterns = new Map<string, string | null>();

  constructor(units = DOCUMENT_UNITS) {
    this.#left = units;
  }

  /** Whether something has asked for more than there was: from then on everything is refused. */
  get isSpent(): boolean {
    return this.#left < 0;
  }

  /** @throws SchemaError when the budget does not hold so much */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left >= 0) return;
    throw new SchemaError(
      "",
      "is too much work to compile, together with all other schemas of the request; use fewer or shorter patterns, enumerations and properties",
    );
  }

  /** @throws SchemaError as `spend()` */
  spendChars(chars: number): void {
    this.spend(chars / CHARS_PER_UNIT);
  }

  /** The same pattern is checked once. @param check what is wrong with it, or null */
  problemOf(pattern: string, check: () => string | null): string | null {
    const known = this.#patterns.get(pattern);
    if (known !== undefined) return known;
    const problem = check();
    this.#patterns.set(pattern, problem);
    return problem;
  }
}
