// Where saved prefixes lie: in memory, and copies of them on disk. Keeps both within their limits. Knows nothing about slots.

import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import type { PrefixTier, SavedBytes } from "../../generation/events.ts";
import type { DiskTier } from "./disk-tier.ts";
import { SavedFiles } from "./saved-files.ts";
import { type PrefixMatch, type SavedPrefix, SavedPrefixes } from "./saved-prefixes.ts";

export type SavedTiersOptions = {
  /** A folder in memory. */
  readonly folder: string;
  readonly maxRamBytes: number;
  /** Null for none. */
  readonly disk: Pick<DiskTier, "scan" | "store" | "fetch" | "remove"> | null;
  /** The model and the options that a state belongs to. */
  readonly modelKey: string;
  /** Whether a prefix helps only prompts that contain all of it, because the model cannot go back within it. */
  readonly isWhole: boolean;
  /** Called when the size of a tier has changed. */
  readonly onBytes: (bytes: SavedBytes) => void;
  readonly log: (level: "info" | "warn", message: string) => void;
};

/** A saved prefix that helps a prompt. */
export type FoundPrefix = PrefixMatch & { readonly tier: Exclude<PrefixTier, "slot"> };

/** A growing conversation is saved after each answer, but only its last state within this time goes to the disk. */
const STORE_DELAY_MS = 5_000;

export class SavedTiers {
  readonly #options: SavedTiersOptions;
  readonly #files: SavedFiles;
  readonly #ram = new SavedPrefixes();
  readonly #onDisk = new SavedPrefixes();
  /** Prefixes in memory that are not on disk yet, with the timers of their copies. */
  readonly #unstored = new Map<string, NodeJS.Timeout>();
  /** Ids of the prefixes that the last worker was loading when it died. */
  readonly #suspects: readonly string[];
  readonly #fetching = new Map<string, Promise<void>>();

  constructor(options: SavedTiersOptions) {
    this.#options = options;
    this.#files = new SavedFiles(options.folder, options.modelKey);
    const { prefixes, suspects } = this.#files.scan();
    for (const prefix of prefixes) this.#ram.add(prefix);
    this.#suspects = suspects;
    this.#shrink(0);
    this.#report();
  }

  /** Lists what earlier servers left on the disk. Until then, and after an error, the disk tier is empty. */
  async open(): Promise<void> {
    const { disk, modelKey, log } = this.#options;
    if (!disk) return;
    const { prefixes, damaged } = await disk.scan(modelKey);
    for (const prefix of prefixes) this.#onDisk.add(prefix);
    for (const id of this.#suspects) this.remove(id);
    for (const { id } of this.#ram.all) if (!this.#onDisk.get(id)) this.#storeLater(id);
    this.#report();
    if (damaged > 0)
      log(
        "warn",
        `removed ${damaged} files from the cache on disk: damaged, or of another key file`,
      );
  }

  get modelKey(): string {
    return this.#options.modelKey;
  }

  /** The longest prefix of a prompt, in memory if both tiers have it. */
  find(hashes: readonly string[]): FoundPrefix | null {
    const { isWhole } = this.#options;
    const inRam = this.#ram.longest(hashes, { isWhole });
    const onDisk = this.#onDisk.longest(hashes, { isWhole });
    if (inRam && inRam.blocks >= (onDisk?.blocks ?? 0)) return { ...inRam, tier: "ram" };
    return onDisk ? { ...onDisk, tier: "disk" } : null;
  }

  /** Whether a saved prefix holds all blocks of these hashes. */
  holds(hashes: readonly string[]): boolean {
    return this.#ram.holds(hashes) || this.#onDisk.holds(hashes);
  }

  /**
   * Makes room in memory for a new prefix.
   * @returns its id and the path to save its state to; null if it is larger than the whole tier
   */
  prepare(bytes: number): { readonly id: string; readonly path: string } | null {
    if (bytes > this.#options.maxRamBytes) return null;
    this.#shrink(bytes);
    const id = randomUUID();
    return { id, path: this.#files.create(id) };
  }

  /** Takes in a prefix whose state has been saved. Prefixes that it contains are removed, unless they may still be needed. */
  add(id: string, description: Pick<SavedPrefix, "hashes" | "tokens">): SavedPrefix {
    const prefix = this.#files.describe(id, description);
    this.#ram.add(prefix);
    this.#shrink(0);
    this.#storeLater(id);
    if (!this.#options.isWhole)
      for (const contained of [...this.#ram.within(prefix), ...this.#onDisk.within(prefix)])
        this.remove(contained);
    this.#report();
    return prefix;
  }

  /** Removes a prefix from all tiers, also one whose state was not saved completely. */
  remove(id: string): void {
    this.#dropFromRam(id);
    if (this.#onDisk.get(id)) {
      this.#onDisk.remove(id);
      this.#options.disk?.remove(id).catch((error) => this.#diskFailed(error));
    }
    this.#report();
  }

  /** Copies a prefix from the disk to memory, if it is not there. */
  async bring({ prefix, tier }: FoundPrefix): Promise<void> {
    if (tier === "disk" && !this.#ram.get(prefix.id)) await this.#fetch(prefix);
    this.#ram.touch(prefix.id);
    this.#onDisk.touch(prefix.id);
  }

  /** Calls `load` with the path of a state in memory. */
  load<T>({ prefix }: FoundPrefix, load: (path: string) => Promise<T>): Promise<T> {
    return this.#files.whileMarked(prefix.id, load);
  }

  /** Copies everything to the disk that is not there yet. */
  async flush(): Promise<void> {
    for (const id of [...this.#unstored.keys()]) await this.#store(id);
  }

  #fetch(prefix: SavedPrefix): Promise<void> {
    const running = this.#fetching.get(prefix.id);
    if (running) return running;
    const fetched = this.#fetchNow(prefix).finally(() => this.#fetching.delete(prefix.id));
    this.#fetching.set(prefix.id, fetched);
    return fetched;
  }

  async #fetchNow({ id, bytes, hashes, tokens }: SavedPrefix): Promise<void> {
    this.#shrink(bytes);
    const state = this.#files.statePath(id);
    try {
      await this.#options.disk?.fetch(id, state);
      this.#ram.add(this.#files.describe(id, { hashes, tokens }));
      this.#shrink(0);
      this.#report();
    } catch (error) {
      rmSync(state, { force: true });
      this.#onDisk.remove(id);
      throw error;
    }
  }

  #storeLater(id: string): void {
    if (!this.#options.disk) return;
    const timer = setTimeout(() => void this.#store(id), STORE_DELAY_MS);
    this.#unstored.set(id, timer.unref());
  }

  async #store(id: string): Promise<void> {
    clearTimeout(this.#unstored.get(id));
    this.#unstored.delete(id);
    const { disk, modelKey } = this.#options;
    const prefix = this.#ram.get(id);
    if (!disk || !prefix) return;
    try {
      const { bytes, removed } = await disk.store(this.#files.statePath(id), prefix, modelKey);
      for (const each of removed) this.#onDisk.remove(each);
      if (bytes !== null) this.#onDisk.add({ ...prefix, bytes });
      this.#report();
    } catch (error) {
      if (this.#ram.get(id)) this.#diskFailed(error); // otherwise it was removed meanwhile
    }
  }

  #report(): void {
    this.#options.onBytes({ ram: this.#ram.bytes, disk: this.#onDisk.bytes });
  }

  #diskFailed(error: unknown): void {
    this.#options.log("warn", `the cache on disk failed: ${(error as Error).message}`);
  }

  /** Removes the least recently used prefixes from memory until so many bytes are free. */
  #shrink(neededBytes: number): void {
    const left = Math.max(0, this.#options.maxRamBytes - neededBytes);
    for (const id of this.#ram.beyond(left)) this.#dropFromRam(id);
  }

  #dropFromRam(id: string): void {
    clearTimeout(this.#unstored.get(id));
    this.#unstored.delete(id);
    this.#ram.remove(id);
    this.#files.remove(id);
  }
}
