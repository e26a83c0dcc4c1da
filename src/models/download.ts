// Downloads a model, for `sluice pull` and for pulls of the server: what to fetch, the attempts, and the checks of what has
// arrived. node-llama-cpp transfers the bytes; download-network.ts limits its requests.

import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ModelDownloader } from "node-llama-cpp";
import { type DiskRoom, diskRoom, RoomWatch } from "./disk-room.ts";
import { DownloadError, type DownloadNetwork } from "./download-network.ts";
import { isModelFileName, partsOf } from "./model-file-name.ts";

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

/** Told what happens while the caller waits. */
export type DownloadReporter = {
  /** @param made its `totalSize` is 0 when the server does not say; its `downloadedSize` is from an earlier, unfinished download */
  readonly onStart: (made: ModelDownloader, isComplete: boolean) => void;
  readonly onBytes: (bytes: number, totalBytes: number) => void;
  readonly onRetry: (reason: string) => void;
  /** All bytes are there, and the SHA-256 of a file is being computed. */
  readonly onVerify: (fileName: string) => void;
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
  const watch = new RoomWatch(() => diskRoom(options.dir));
  const { run, onProgress, end } = network.begin({
    onSize: (bytes) => refuseHuge(bytes, options.dir),
    onNewBytes({ downloadedSize, totalSize }) {
      seen.bytes = Math.max(seen.bytes, downloadedSize);
      reporter.onBytes(seen.bytes, totalSize);
      const room = watch.shortageAt(downloadedSize);
      if (room) throw noRoom(totalSize > 0 ? totalSize - downloadedSize : null, options.dir, room);
    },
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
    const arrived = files.filter(isOnDisk);
    const isComplete = arrived.length === files.length;
    const rest = files.filter((file) => !arrived.includes(file));
    replaced = files.map((file) => inode(file.filePath));
    for (const file of files) refuseName(file);
    refuseLonePart(files);
    reporter.onStart(made, isComplete);
    if (!isComplete) {
      for (const file of rest) refuseToReplace(file);
      checkRoom(rest, options.dir);
      await run(() => (downloading = made.download()));
    }
    for (const file of files) verify(file, arrived.includes(file));
    if (!isComplete) await verifyChecksums(files, { ...options, arrived });
    return files;
  } catch (error) {
    await settle(downloader?.cancel({ deleteTempFile: false }), options.timeoutMs);
    end();
    await settle(downloading, options.timeoutMs);
    const isUseless = !network.canResume || network.explain(error).kind === "damaged";
    for (const [index, file] of (downloader?.filesInfo ?? []).entries())
      removeRemains(file, replaced[index], isUseless);
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
  isUseless: boolean,
): void {
  if (isUseless) rmSync(`${file.filePath}.ipull`, { force: true });
  if (inode(file.filePath) !== replaced && !isOnDisk(file)) rmSync(file.filePath, { force: true });
}

function inode(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

/** The name may come from the server: it must be one in the folder itself. */
function refuseName({ fileName }: Files[number]): void {
  if (isModelFileName(fileName)) return;
  throw new DownloadError(
    `the server calls the file "${fileName}"; choose a name with --name model.gguf`,
  );
}

/** A server offers a model in parts only with all of them, so a part alone, or part 0, would take space for nothing. */
function refuseLonePart(files: Files): void {
  const paths = new Set(files.map(({ filePath }) => filePath));
  const [first = ""] = paths;
  if (partsOf(first).every((part) => paths.has(part))) return;
  throw new DownloadError(
    `the file would be called ${path.basename(first)}, as one part of a model, but the address does not give all parts`,
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

/** @param files those that are not complete */
function checkRoom(files: Files, dir: string): void {
  const missing = files.reduce((sum, file) => sum + file.totalSize - file.downloadedSize, 0);
  const room = diskRoom(dir);
  if (missing + room.reserveBytes > room.freeBytes) throw noRoom(missing, dir, room);
}

/** Before the library reserves memory for each chunk of the file. What is there of it already is not known yet. */
function refuseHuge(bytes: number, dir: string): void {
  const room = diskRoom(dir);
  if (bytes > room.diskBytes) throw noRoom(bytes, dir, room);
}

/** @param missing null if the server does not say how large the file is */
function noRoom(missing: number | null, dir: string, room: DiskRoom): DownloadError {
  const wanted = missing === null ? "the size is unknown" : `${formatBytes(missing)} are missing`;
  return new DownloadError(
    `not enough disk space: ${wanted}, ${dir} has ${formatBytes(room.freeBytes)} free, ` +
      `of which ${formatBytes(room.reserveBytes)} must stay free; free some space, or choose a folder on another disk`,
  );
}

function verify(file: Files[number], wasComplete: boolean): void {
  const { size } = statSync(file.filePath);
  const start = readStart(file.filePath);
  if (file.totalSize > 0 && size !== file.totalSize)
    reject({
      file,
      wasComplete,
      fault: `has ${size} bytes, but the server announced ${file.totalSize}`,
    });
  if (start === "GGUF") return;
  reject({
    file,
    wasComplete,
    fault: `is not a GGUF file; it begins with ${JSON.stringify(start)}`,
  });
}

/** The files that were complete before this download began. */
type Arrived = { readonly arrived: Files };

async function verifyChecksums(
  files: Files,
  { network, reporter, arrived }: DownloadOptions & Arrived,
): Promise<void> {
  const urls = [...network.files.keys()];
  // A file that the hub stores in several binary parts has no checksum for the whole.
  if (urls.length !== files.length) return;
  for (const [index, file] of files.entries()) {
    const expected = await network.sha256(urls[index] ?? "").catch(() => undefined);
    if (!expected) continue;
    reporter.onVerify(file.fileName);
    const hash = createHash("sha256");
    await pipeline(createReadStream(file.filePath), hash);
    const wasComplete = arrived.includes(file);
    if (hash.digest("hex") !== expected)
      reject({ file, wasComplete, fault: "has another SHA-256 than the hub states" });
    reporter.onChecksumRight(file.fileName);
  }
}

type BadFile = {
  readonly file: Files[number];
  readonly fault: string;
  readonly wasComplete: boolean;
};

function reject({ file, fault, wasComplete }: BadFile): never {
  // A file from before this download must not be removed.
  if (wasComplete) throw new DownloadError(`${file.fileName} ${fault}; move it away`);
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
