// Compiles the schemas of requests without holding the event loop: small ones right away, others in a thread. The same
// schemas come again with each turn of a conversation, so what became of them is kept.

import { RecentCache } from "../generation/recent-cache.ts";
import { CompileBudget } from "../grammar/compile-budget.ts";
import { compileDocument } from "./compile-document.ts";
import { type CompileRunOptions, CompileThread } from "./compile-thread.ts";
import { bytesOf, type CompileOutcome, compiledOf, outcomeOf } from "./outcome.ts";
import type { CompiledDocument, SchemaDocument } from "./schema-document.ts";

export type SchemaCompilerOptions = {
  /** The thread's program. */
  readonly entry: string;
  /** How long one document may take in the thread. */
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 2_000;
const CACHE_BYTES = 32 * 1024 * 1024;
/** What the objects of a document hold in memory, for each character of its JSON. */
const OBJECT_BYTES = 20;
/** A document of so few characters is tried right away, with a budget that keeps it below 2 ms. */
const INLINE_CHARS = 2_048;
const INLINE_UNITS = 4_000;

export class SchemaCompiler {
  readonly #cache = new RecentCache<CompileOutcome>(CACHE_BYTES);
  readonly #thread: CompileThread;

  constructor({ entry, timeoutMs = TIMEOUT_MS }: SchemaCompilerOptions) {
    this.#thread = new CompileThread({
      entry,
      timeoutMs,
      known: (text) => this.#cache.get(text),
      onOutcome: (text, outcome) => this.#keep(text, outcome),
    });
  }

  /** @throws ServiceError 400 for what cannot be compiled; the signal's reason */
  async compile(document: SchemaDocument, options: CompileRunOptions): Promise<CompiledDocument> {
    const text = JSON.stringify(document);
    const known = this.#cache.get(text) ?? this.#atOnce(document, text);
    return compiledOf(known ?? (await this.#thread.run(text, options)));
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  /** Null for one that is not small, or not cheap. */
  #atOnce(document: SchemaDocument, text: string): CompileOutcome | null {
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
