// Remembers the prints of prompts that were read, to find out why a later prompt missed the cache. Only in memory, only hashes
// and counts, and only as long as there is room.

import { randomBytes } from "node:crypto";
import type { MissDiagnosis, PromptComparison } from "../generation/cache-miss.ts";
import { RecentCache } from "../generation/recent-cache.ts";
import { compare, type DiagnoseOptions, diagnose, type KnownPrompt } from "./diagnose.ts";
import { type PrintOptions, type PromptPrint, printOf } from "./prompt-print.ts";

/** Memory for all prints. A prompt of 10,000 tokens and 300 parts takes 53 KiB. */
const MAX_BYTES = 8 * 2 ** 20;
/** More than a print takes beside its hashes: it limits the number of prints, each of which is compared, to 1,024. */
const PRINT_BYTES = 8_192;
const BLOCK_BYTES = 48;
const PART_BYTES = 128;

export class PromptHistory {
  readonly #seed = randomBytes(16).toString("base64");
  readonly #known: RecentCache<KnownPrompt>;

  constructor(maxBytes = MAX_BYTES) {
    this.#known = new RecentCache(maxBytes);
  }

  printOf(options: Omit<PrintOptions, "seed">): PromptPrint {
    return printOf({ ...options, seed: this.#seed });
  }

  /** @param id of the answer, by which a client can name the prompt */
  remember(id: string, prompt: KnownPrompt): void {
    const { blocks, parts } = prompt.print;
    const bytes = PRINT_BYTES + blocks.length * BLOCK_BYTES + parts.length * PART_BYTES;
    this.#known.set(id, prompt, bytes);
  }

  diagnose(print: PromptPrint, options: Omit<DiagnoseOptions, "known">): MissDiagnosis {
    return diagnose(print, { ...options, known: this.#known.values });
  }

  /** @param id of an earlier answer; that of another key's answer is not found */
  compareWith(id: string, print: PromptPrint, owner: string): PromptComparison {
    const earlier = this.#known.get(id);
    return earlier?.owner === owner ? compare(print, earlier.print) : { type: "not-found" };
  }
}
