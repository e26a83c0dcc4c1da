// Downloads a model, for `sluice pull`: what to fetch, the attempts, and the checks of what has arrived. node-llama-cpp
// transfers the bytes; download-network.ts limits its requests.

import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ModelDownloader } from "node-llama-cpp";
import { DownloadError, type DownloadNetwork } from "./download-network.ts";

/** Attempts in a row that bring no new bytes. */
const MAX_ATTEMPTS = 3;

export type DownloadOptions = {
  /** `hf:user/repo:quant`, or an http(s) address. */
  readonly uri: string;
  readonly dir: string;
  /** Instead of the name that the server or the hub gives. */
  readonly name: string | undefined;
  /** A connection that is silent for longer has failed. */
  readonly timeoutMs: number;
  readonly showsProgressBar: boolean;
  readonly network: DownloadNetwork;
  readonly reporter: DownloadReporter;
};

/** Shown by the command while it waits. */
export type DownloadReporter = {
  /** @param made its `totalSize` is 0 when the server does not say; its `downloadedSize` is from an earlier, unfinished download */
  readonly onStart: (made: ModelDownloader, isComplete: boolean) => void;
  readonly onBytes: (bytes: number, totalBytes: number) => void;
  readonly onRetry: (reason: string) => void;
  readonly onChecksumRight: (fileName: string) => void;
};

/** The most bytes that any attempt had. */
type Seen = { bytes: number };
type Files = ModelDownloader["filesInfo"];

/** @returns the path of the first file. @throws DownloadError in one line */
export async function downloadModel(options: DownloadOptions): Promise<string> {
  const { network, reporter } = options;
  const seen: Seen = { bytes: 0 };
  let fruitless = 0;
  while (true) {
    const before = seen.bytes;
    try {
      const [first] = await attempt(options, seen);
      return first?.filePath ?? options.dir;
    } catch (error) {
      const { message, kind } = network.explain(error);
      fruitless = seen.bytes > before ? 1 : fruitless + 1;
      if (kind !== "transient" || fruitless >= MAX_ATTEMPTS) throw new DownloadError(message);
      reporter.onRetry(message);
      await sleep(fruitless * 1000);
    }
  }
}

async function attempt(options: DownloadOptions, seen: Seen): Promise<Files> {
  const { network, reporter } = options;
  // Loading the library takes a second, which a wrong argument need not wait for.
  const { createModelDownloader } = await import("node-llama-cpp");
  const { run, onProgress, end } = network.begin(({ downloadedSize, totalSize }) => {
    seen.bytes = Math.max(seen.bytes, downloadedSize);
    reporter.onBytes(seen.bytes, totalSize);
  });
  let downloader: ModelDownloader | undefined;
  let downloading: Promise<unknown> | undefined;
  let replaced: (number | undefined)[] = [];
  try {
    const made = await run(() =>
      createModelDownloader({
        modelUri: options.uri,
        dirPath: options.dir,
        showCliProgress: options.showsProgressBar,
        onProgress,
        ...(options.name && { fileName: options.name }),
      }),
    );
    downloader = made;
    const files = made.filesInfo;
    const isComplete = files.every(isOnDisk);
    replaced = files.map((file) => inode(file.filePath));
    refuseName(made);
    reporter.onStart(made, isComplete);
    if (!isComplete) {
      for (const file of files) refuseToReplace(file);
      checkRoom(made, options.dir);
      await run(() => (downloading = made.download()));
    }
    for (const file of files) verify(file, isComplete);
    if (!isComplete) await verifyChecksums(files, options);
    return files;
  } catch (error) {
    await settle(downloader?.cancel({ deleteTempFile: false }), options.timeoutMs);
    end();
    await settle(downloading, options.timeoutMs);
    const isDamaged = network.explain(error).kind === "damaged";
    for (const [index, file] of (downloader?.filesInfo ?? []).entries())
      removeRemains(file, replaced[index], isDamaged);
    throw error;
  } finally {
    end();
  }
}

function settle(step: Promise<unknown> | undefined, limitMs: number): Promise<unknown> {
  return Promise.race([Promise.allSettled([step]), sleep(limitMs, undefined, { ref: false })]);
}

/** ipull gives a file its final name once all bytes have been received, even when they could not all be written. */
function removeRemains(
  file: Files[number],
  replaced: number | undefined,
  isDamaged: boolean,
): void {
  if (isDamaged) rmSync(`${file.filePath}.ipull`, { force: true });
  if (inode(file.filePath) !== replaced && !isOnDisk(file)) rmSync(file.filePath, { force: true });
}

function inode(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

function refuseName({ entrypointFilename }: ModelDownloader): void {
  if (/\.gguf$/i.test(entrypointFilename)) return;
  throw new DownloadError(
    `the server calls the file "${entrypointFilename}"; choose a name with --name model.gguf`,
  );
}

function isOnDisk({ filePath, totalSize }: Files[number]): boolean {
  return totalSize > 0 && statSync(filePath, { throwIfNoEntry: false })?.size === totalSize;
}

/** An unfinished download has another name, so a file of this name is another model. */
function refuseToReplace({ filePath, fileName }: Files[number]): void {
  if (statSync(filePath, { throwIfNoEntry: false }) === undefined) return;
  throw new DownloadError(
    `${fileName} exists and is another file; remove it, or choose another name with --name other.gguf`,
  );
}

function checkRoom({ totalSize, downloadedSize }: ModelDownloader, dir: string): void {
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  const missing = totalSize - downloadedSize;
  if (missing > free)
    throw new DownloadError(
      `not enough disk space: ${formatBytes(missing)} are missing, ${dir} has ${formatBytes(free)} free`,
    );
}

function verify(file: Files[number], wasComplete: boolean): void {
  const { size } = statSync(file.filePath);
  const start = readStart(file.filePath);
  if (file.totalSize > 0 && size !== file.totalSize)
    reject(file, `has ${size} bytes, but the server announced ${file.totalSize}`);
  if (start === "GGUF") return;
  const fault = `is not a GGUF file; it begins with ${JSON.stringify(start)}`;
  // A file from before this command must not be removed.
  if (wasComplete) throw new DownloadError(`${file.fileName} ${fault}; move it away`);
  reject(file, fault);
}

async function verifyChecksums(
  files: Files,
  { network, reporter }: DownloadOptions,
): Promise<void> {
  const urls = [...network.files.keys()];
  // A file that the hub stores in several binary parts has no checksum for the whole.
  if (urls.length !== files.length) return;
  for (const [index, file] of files.entries()) {
    const expected = await network.sha256(urls[index] ?? "").catch(() => undefined);
    if (!expected) continue;
    const hash = createHash("sha256");
    await pipeline(createReadStream(file.filePath), hash);
    if (hash.digest("hex") !== expected) reject(file, "has another SHA-256 than the hub states");
    reporter.onChecksumRight(file.fileName);
  }
}

function reject(file: Files[number], fault: string): never {
  rmSync(file.filePath);
  throw new DownloadError(`${file.fileName} ${fault}; removed`);
}

/** The first bytes of a file: "GGUF" for a model. */
export function readStart(file: string): string {
  const start = Buffer.alloc(4);
  const handle = openSync(file, "r");
  try {
    return start.toString("latin1", 0, readSync(handle, start, 0, start.length, 0));
  } finally {
    closeSync(handle);
  }
}

export function formatBytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
