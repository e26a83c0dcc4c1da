// Fetches a GGUF model into models/, with progress, resume and clear errors: `npm run pull -- hf:user/repo:quant`.
// node-llama-cpp downloads; pull-network.ts limits its requests; here are the command, its attempts and its checks.
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { ModelDownloader } from "node-llama-cpp";
import { Network, PullError } from "../models/download.ts";

const HELP = `Fetch a GGUF model.

  npm run pull -- <model> [options]

<model> is one of
  hf:user/repo:quant            a quantization of a Hugging Face repository, such as Q4_K_M
  hf:user/repo                  the same, with the quantization the hub proposes
  hf:user/repo/path/file.gguf   one file; add #branch for a branch other than main
  https://host/path/file.gguf   any http or https address
A model split into several files (-00001-of-00003.gguf) is fetched whole.

Options
  --dir <folder>        where to put it (default: models)
  --name <file.gguf>    what to call it (default: the name the server or the hub gives)
  --timeout <seconds>   give up on a silent connection after this long, 1 to 3600 (default: 30)
  --help                this text

Environment
  HF_TOKEN      access token for gated or private repositories; sent to the hub only
  HF_ENDPOINT   address of another hub that speaks the same protocol

A download that was cut or stopped goes on where it was when the same command is run again,
from the unfinished <file>.ipull beside the model. A complete file is not fetched twice.
Exit code: 0 complete, 1 failed, 130 stopped with Ctrl-C.`;

const MAX_ATTEMPTS = 3;
const PERCENT_STEP = 5;

type Options = { uri: string; dir: string; name: string | undefined; timeoutMs: number };
type Files = ModelDownloader["filesInfo"];
type Seen = { bytes: number; percent: number };

process.exit(await main());

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (!options) {
      console.log(HELP);
      return 0;
    }
    const network = new Network(options.timeoutMs);
    exitOnSignals(network);
    const [first] = await pull(options, network);
    const shown = path.relative(process.cwd(), first?.filePath ?? options.dir);
    console.log(`Model file: ${shown}`);
    console.log(`Next: npm start -- --model ${/[^\w./+-]/.test(shown) ? `"${shown}"` : shown}`);
    return 0;
  } catch (error) {
    printError(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function readOptions(args: string[]): Options | undefined {
  const text = { type: "string" } as const;
  const options = { dir: text, name: text, timeout: text, help: { type: "boolean" } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (values.help) return undefined;
  const [uri, ...rest] = positionals;
  if (!uri || rest.length > 0)
    throw new PullError("give one model, as in: npm run pull -- hf:user/repo:quant (see --help)");
  const isUrl = /^https?:\/\//i.test(uri) && URL.canParse(uri);
  if (!isUrl && !/^(hf|huggingface):(\/\/)?[^/\s:]+\/[^/\s]+/.test(uri))
    throw new PullError(`"${uri}" is neither hf:user/repo:quant nor an http(s) address`);
  const { dir = "models", name, timeout = "30" } = values;
  if (name !== undefined && !/^[^/\\]+\.gguf$/i.test(name))
    throw new PullError(`--name must be a plain file name that ends in .gguf, not "${name}"`);
  const seconds = Number(timeout);
  if (!(seconds >= 1 && seconds <= 3600))
    throw new PullError(`--timeout must be 1 to 3600 seconds, not "${timeout}"`);
  return { uri, dir, name, timeoutMs: seconds * 1000 };
}

/** Attempts until the model is complete; those that bring nothing new are limited. */
async function pull(options: Options, network: Network): Promise<Files> {
  const seen = { bytes: 0, percent: 0 };
  let fruitless = 0;
  while (true) {
    const before = seen.bytes;
    try {
      return await attempt(options, network, seen);
    } catch (error) {
      const { message, isTransient } = network.explain(error);
      fruitless = seen.bytes > before ? 1 : fruitless + 1;
      if (!isTransient || fruitless >= MAX_ATTEMPTS) throw new PullError(message);
      console.error(`pull: ${message}; trying again`);
      await sleep(fruitless * 1000);
    }
  }
}

async function attempt(options: Options, network: Network, seen: Seen): Promise<Files> {
  // Loaded only here: it takes a second, which --help and a wrong option need not wait for.
  const { createModelDownloader } = await import("node-llama-cpp");
  const { uri: modelUri, dir: dirPath, name: fileName, timeoutMs } = options;
  const showCliProgress = process.stdout.isTTY === true;
  const { run, onProgress, end } = network.begin(({ downloadedSize, totalSize }) => {
    seen.bytes = Math.max(seen.bytes, downloadedSize);
    if (!showCliProgress) printPercent(seen, totalSize);
  });
  const settings = {
    modelUri,
    dirPath,
    showCliProgress,
    onProgress,
    ...(fileName && { fileName }),
  };
  let downloader: ModelDownloader | undefined;
  let downloading: Promise<unknown> | undefined;
  let replaced: (number | undefined)[] = [];
  try {
    const made = await run(() => createModelDownloader(settings));
    downloader = made;
    const files = made.filesInfo;
    const wasThere = files.every(isOnDisk);
    replaced = files.map((file) => inode(file.filePath));
    announce(made, wasThere);
    if (!wasThere) {
      for (const file of files) refuseToReplace(file);
      checkRoom(made, dirPath);
      await run(() => (downloading = made.download()));
    }
    for (const file of files) verify(file, wasThere);
    if (!wasThere) await verifyChecksums(files, network);
    return files;
  } catch (error) {
    await settle(downloader?.cancel({ deleteTempFile: false }), timeoutMs);
    end();
    await settle(downloading, timeoutMs);
    const { hasSpoiltFile } = network.explain(error);
    for (const [index, file] of (downloader?.filesInfo ?? []).entries())
      removeRemains(file, replaced[index], hasSpoiltFile);
    throw error;
  } finally {
    end();
  }
}

function settle(step: Promise<unknown> | undefined, limitMs: number): Promise<unknown> {
  return Promise.race([Promise.allSettled([step]), sleep(limitMs, undefined, { ref: false })]);
}

/** ipull gives a file its final name when all bytes were received, even when they could not all be written. */
function removeRemains(file: Files[number], replaced: number | undefined, isSpoilt: boolean): void {
  if (isSpoilt) rmSync(`${file.filePath}.ipull`, { force: true });
  if (inode(file.filePath) !== replaced && !isOnDisk(file)) rmSync(file.filePath, { force: true });
}

function inode(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

function announce(downloader: ModelDownloader, wasThere: boolean): void {
  const { filesInfo, entrypointFilename, downloadedSize, totalSize } = downloader;
  if (!/\.gguf$/i.test(entrypointFilename))
    throw new PullError(`the server calls it "${entrypointFilename}": set --name model.gguf`);
  const names = filesInfo.map((file) => file.fileName).join(", ");
  const size = totalSize > 0 ? inUnits(totalSize) : "size unknown";
  const start = downloadedSize > 0 ? `, going on at ${inUnits(downloadedSize)}` : "";
  console.log(`${names}: ${wasThere ? "already complete" : size + start}`);
}

function isOnDisk({ filePath, totalSize }: Files[number]): boolean {
  return totalSize > 0 && statSync(filePath, { throwIfNoEntry: false })?.size === totalSize;
}

/** What is still being fetched has another name, so a file of this name is another model. */
function refuseToReplace({ filePath, fileName }: Files[number]): void {
  if (statSync(filePath, { throwIfNoEntry: false }) === undefined) return;
  throw new PullError(
    `${fileName} is there already and is another file: remove it, or set --name other.gguf`,
  );
}

function checkRoom({ totalSize, downloadedSize }: ModelDownloader, dir: string): void {
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  const missing = totalSize - downloadedSize;
  if (missing > free)
    throw new PullError(
      `disk full: ${inUnits(missing)} are still to come, ${dir} has ${inUnits(free)} free`,
    );
}

function verify(file: Files[number], wasThere: boolean): void {
  const { size } = statSync(file.filePath);
  const start = readStart(file.filePath);
  if (file.totalSize > 0 && size !== file.totalSize)
    reject(file, `size mismatch: ${size} bytes where the server announced ${file.totalSize}`);
  if (start === "GGUF") return;
  const fault = `not a GGUF file, it begins with ${JSON.stringify(start)}`;
  // A file that was there before is not this command's to remove.
  if (wasThere) throw new PullError(`${file.fileName}: ${fault}; move it away`);
  reject(file, fault);
}

async function verifyChecksums(files: Files, network: Network): Promise<void> {
  const urls = [...network.files.keys()];
  // A file that the hub keeps in several binary parts has no checksum of its own.
  if (urls.length !== files.length) return;
  for (const [index, file] of files.entries()) {
    const expected = await network.sha256(urls[index] ?? "").catch(() => undefined);
    if (!expected) continue;
    const hash = createHash("sha256");
    await pipeline(createReadStream(file.filePath), hash);
    if (hash.digest("hex") !== expected) reject(file, "its SHA-256 is not the one the hub states");
    console.log(`${file.fileName}: SHA-256 is right`);
  }
}

function reject(file: Files[number], fault: string): never {
  rmSync(file.filePath);
  throw new PullError(`${file.fileName}: ${fault}; removed`);
}

function readStart(file: string): string {
  const start = Buffer.alloc(4);
  const handle = openSync(file, "r");
  try {
    return start.toString("latin1", 0, readSync(handle, start, 0, start.length, 0));
  } finally {
    closeSync(handle);
  }
}

function printPercent(seen: Seen, totalSize: number): void {
  const percent = Math.floor((seen.bytes / totalSize) * 100);
  if (!(percent >= seen.percent + PERCENT_STEP)) return;
  seen.percent = percent - (percent % PERCENT_STEP);
  console.log(`${String(percent).padStart(3)}%  ${inUnits(seen.bytes)} of ${inUnits(totalSize)}`);
}

function inUnits(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

function exitOnSignals(network: Network): void {
  let code = 0;
  const signals = [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const;
  for (const [signal, signalCode] of signals)
    process.prependListener(signal, () => {
      code = signalCode;
      setImmediate(() => process.exit(code));
    });
  // Not in the listener above: the library's progress bar answers Ctrl-C with process.exit(0) at once.
  process.on("exit", () => {
    if (code === 0) return;
    process.exitCode = code;
    const next = network.canResume ? "go on where it stopped" : "start it again from the beginning";
    printError(`stopped; run the same command to ${next}`);
  });
}

/** Past the progress bar, which holds the standard streams and hides the cursor while it runs. */
function printError(message: string): void {
  writeSync(2, `${process.stdout.isTTY ? "\x1b[?25h\n" : ""}pull: ${message}\n`);
}
