// The worker's side of the disk tier: passes its tasks to a thread, because encrypting a large state would hold up the streams.

import path from "node:path";
import { Worker } from "node:worker_threads";
import { type Deferred, deferred } from "../../generation/deferred.ts";
import type { DiskFolder, DiskFolderOptions, DiskScan } from "./disk-folder.ts";
import type { SavedPrefix } from "./saved-prefixes.ts";

export type DiskTask =
  | { readonly type: "digest"; readonly modelPath: string }
  | { readonly type: "scan"; readonly modelKey: string }
  | {
      readonly type: "store";
      readonly from: string;
      readonly prefix: SavedPrefix;
      readonly modelKey: string;
    }
  | { readonly type: "fetch"; readonly id: string; readonly to: string }
  | { readonly type: "remove"; readonly id: string };

export type NumberedTask = { readonly number: number; readonly task: DiskTask };

export type DiskAnswer = { readonly number: number } & (
  | { readonly result: unknown }
  | { readonly error: string }
);

/** The compiled file, because a thread cannot run TypeScript. */
const ENTRY = import.meta.filename.endsWith(".ts")
  ? path.join(import.meta.dirname, "../../../dist/worker/cache/disk-main.js")
  : path.join(import.meta.dirname, "disk-main.js");

export class DiskTier {
  readonly #thread: Worker;
  readonly #open = new Map<number, Deferred<unknown>>();
  #count = 0;
  #failure: Error | null = null;

  constructor(options: DiskFolderOptions) {
    this.#thread = new Worker(ENTRY, { workerData: options });
    this.#thread.on("message", (answer: DiskAnswer) => this.#receive(answer));
    this.#thread.on("error", (error) => this.#fail(error));
    this.#thread.on("exit", () => this.#fail(new Error("the thread of the disk cache has ended")));
  }

  /** SHA-256 of a model file. */
  digest(modelPath: string): Promise<string> {
    return this.#do({ type: "digest", modelPath }) as Promise<string>;
  }

  scan(modelKey: string): Promise<DiskScan> {
    return this.#do({ type: "scan", modelKey }) as Promise<DiskScan>;
  }

  /** Copies a state file to the disk; see `DiskFolder.store()`. */
  store(from: string, prefix: SavedPrefix, modelKey: string) {
    const task: DiskTask = { type: "store", from, prefix, modelKey };
    return this.#do(task) as Promise<ReturnType<DiskFolder["store"]>>;
  }

  /** Copies a prefix from the disk to a state file. Rejects if it is damaged. */
  async fetch(id: string, to: string): Promise<void> {
    await this.#do({ type: "fetch", id, to });
  }

  async remove(id: string): Promise<void> {
    await this.#do({ type: "remove", id });
  }

  #do(task: DiskTask): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#count += 1;
    const answer = deferred<unknown>();
    this.#open.set(this.#count, answer);
    this.#thread.postMessage({ number: this.#count, task } satisfies NumberedTask);
    return answer.promise;
  }

  #receive(answer: DiskAnswer): void {
    const waiting = this.#open.get(answer.number);
    this.#open.delete(answer.number);
    if ("error" in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.result);
  }

  /** Every task, open or later, fails. The prefix cache then works without a disk. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#open.values()) waiting.reject(this.#failure);
    this.#open.clear();
  }
}
