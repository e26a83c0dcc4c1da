// The files of the RAM tier: a folder in memory (tmpfs), because the library saves sequences only to files. Every state file has a
// small file beside it that describes it and is written last, so that a worker that dies leaves no half-saved prefix. The
// folder outlives the worker; engine/prefix-folder.ts makes and removes it.

import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { SavedPrefix } from "./saved-prefixes.ts";

const STATE = ".state";
const DESCRIPTION = ".json";
/** Extension of the description while the library loads the state. */
const LOADING = ".loading";
const OWNER_ONLY = 0o600;

/** What the small file holds. */
type Description = Omit<SavedPrefix, "id" | "bytes"> & {
  /** The model and options that the state belongs to. */
  readonly modelKey: string;
};

export class SavedFiles {
  readonly #folder: string;
  readonly #modelKey: string;

  constructor(folder: string, modelKey: string) {
    this.#folder = folder;
    this.#modelKey = modelKey;
  }

  /** Path for the state of a prefix. It counts as saved after `describe()`. */
  statePath(id: string): string {
    return path.join(this.#folder, id + STATE);
  }

  /** Creates an empty file for a state, because the library would create one that others may read. @returns its path */
  create(id: string): string {
    const state = this.statePath(id);
    writeFileSync(state, "", { mode: OWNER_ONLY });
    return state;
  }

  /** Completes a saved prefix. @returns its entry for the index */
  describe(id: string, { hashes, tokens }: Pick<SavedPrefix, "hashes" | "tokens">): SavedPrefix {
    const file = path.join(this.#folder, id + DESCRIPTION);
    const description: Description = { modelKey: this.#modelKey, hashes, tokens };
    writeFileSync(`${file}.new`, JSON.stringify(description), { mode: OWNER_ONLY });
    renameSync(`${file}.new`, file);
    return { id, hashes, tokens, bytes: statSync(this.statePath(id)).size };
  }

  /**
   * Calls `load` with the path of a state. If the worker dies meanwhile, the state may be the reason: the next worker finds it
   * marked, and does not use it.
   */
  async whileMarked<T>(id: string, load: (path: string) => Promise<T>): Promise<T> {
    const usual = path.join(this.#folder, id + DESCRIPTION);
    const marked = path.join(this.#folder, id + LOADING);
    renameSync(usual, marked);
    try {
      return await load(this.statePath(id));
    } finally {
      renameSync(marked, usual);
    }
  }

  remove(id: string): void {
    for (const extension of [DESCRIPTION, LOADING, STATE])
      rmSync(path.join(this.#folder, id + extension), { force: true });
  }

  /**
   * What an earlier worker saved, the oldest first. Removes everything else.
   * @returns also the ids of the states that it was loading when it died
   */
  scan(): { readonly prefixes: SavedPrefix[]; readonly suspects: string[] } {
    const suspects: string[] = [];
    const found: (SavedPrefix & { readonly savedAtMs: number })[] = [];
    const known = new Set<string>();
    for (const name of readdirSync(this.#folder)) {
      if (name.endsWith(LOADING)) suspects.push(path.basename(name, LOADING));
      const id = path.basename(name, DESCRIPTION);
      const prefix = name.endsWith(DESCRIPTION) ? this.#read(id) : null;
      if (!prefix) continue;
      found.push(prefix);
      known.add(id + STATE).add(id + DESCRIPTION);
    }
    for (const name of readdirSync(this.#folder))
      if (!known.has(name)) rmSync(path.join(this.#folder, name), { force: true });
    return { prefixes: found.sort((a, b) => a.savedAtMs - b.savedAtMs), suspects };
  }

  #read(id: string): (SavedPrefix & { readonly savedAtMs: number }) | null {
    try {
      const text = readFileSync(path.join(this.#folder, id + DESCRIPTION), "utf8");
      const { modelKey, hashes, tokens } = JSON.parse(text) as Description; // only describe() writes it
      if (modelKey !== this.#modelKey) return null;
      const { size, mtimeMs } = statSync(this.statePath(id));
      return { id, hashes, tokens, bytes: size, savedAtMs: mtimeMs };
    } catch {
      return null; // removed, or cut off when a worker died: it is deleted as unknown
    }
  }
}
