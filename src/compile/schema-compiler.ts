// Compiles the schemas of requests without blocking the event loop: small ones directly, others in a thread. The same schemas
// return with every turn of a conversation, so results are cached.

import { RecentCache } from "../generation/recent-cache.ts";
import { CompileBudget } from "../grammar/compile-budget.ts";
import { compileDocument } from "./compile-document.ts";
import { type CompileRunOptions, CompileThread } from "./compile-thread.ts";
import { bytesOf, type CompileOutcome, compiledOf, outcomeOf } from "./outcome.ts";
import type { CompiledDocument, SchemaDocument } from "./schema-document.ts";

export type SchemaCompilerOptions = {
  /** The thread's program. */
  readonly entry: string;
  readonly timeoutMs?: number;
  /** Whether objects may have members that their schema neither declares nor excludes. Default: false. */
  readonly isOpen?: boolean;
};

const TIMEOUT_MS = 2_000;
const CACHE_BYTES = 32 * 1024 * 1024;
/** Memory of a document's objects, in bytes per character of its JSON. */
const OBJECT_BYTES = 20;
/** A document up to this many characters is first tried directly, with a budget that keeps it below 2 ms. */
const INLINE_CHARS = 2_048;
const INLINE_UNITS = 4_000;

export class SchemaCompiler {
  readonly #cache = new RecentCache<CompileOutcome>(CACHE_BYTES);
  readonly #thread: CompileThread;
  readonly #isOpen: boolean;

  constructor({ entry, timeoutMs = TIMEOUT_MS, isOpen = false }: SchemaCompilerOptions) {
    this.#isOpen = isOpen;
    this.#thread = new CompileThread({
      entry,
      timeoutMs,
      known: (text) => this.#cache.get(text),
      onOutcome: (text, outcome) => this.#keep(text, outcome),
    });
  }

  /** @throws ServiceError 400 for a schema that cannot be compiled; the signal's reason */
  async compile(given: SchemaDocument, options: CompileRunOptions): Promise<CompiledDocument> {
    const document = { ...given, isOpen: this.#isOpen };
    const text = JSON.stringify(document);
    const known = this.#cache.get(text) ?? this.#compileDirectly(document, text);
    return compiledOf(known ?? (await this.#thread.run(text, options)));
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  /** Returns null for a document that is not small or not cheap. */
  #compileDirectly(document: SchemaDocument, text: string): CompileOutcome | null {
    if (text.length > INLINE_CHARS) return null;
    const budget = new CompileBudget(INLINE_UNITS);
    const outcome = outcomeOf(() => compileDocument(document, budget));
    if (budget.isSpent) return null;
    this.#keep(text, outcome);
    return outcome;
  }

  #keep(text: string, outcome: CompileOutcome): void {
    this.#cache.set(text, outcome, bytesOf(outcome) + OBJECT_BYTES * text.length);
  }
}
