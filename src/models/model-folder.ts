// The GGUF files of the folder that the server offers: lists them, notices when one has changed, and deletes one. Called by the
// commands and by the server. A model split into parts is one entry: model-file-name.ts.

import { accessSync, constants, readdirSync, rmSync, type Stats, statSync } from "node:fs";
import path from "node:path";
import { readStart } from "./download.ts";
import {
  fileNameOf,
  MODEL_FILE,
  modelNameOf,
  type PartName,
  partName,
  partsOf,
  UNFINISHED_FILE,
} from "./model-file-name.ts";

export type ModelFolderEntry = {
  /**
   * The file name without `.gguf`, the number of the part, and the `hf_` with which the names of downloads from the hub begin:
   * `hf_Qwen_Qwen3-4B.Q4_K_M.gguf` is `Qwen_Qwen3-4B.Q4_K_M`. If that name is taken, `hf_` stays.
   */
  readonly name: string;
  /** Absolute path of the first part, which loads the others. */
  readonly file: string;
  /** Absolute paths of the parts that exist, in order. */
  readonly parts: readonly string[];
  /** Of all parts. */
  readonly sizeBytes: number;
  /** When the newest part was written. */
  readonly modifiedAt: Date;
  /** Why the model cannot be loaded; null for a usable one. */
  readonly problem: string | null;
};

export type ModelFolder = {
  /** Sorted by name. */
  readonly models: readonly ModelFolderEntry[];
  /** What interrupted and running downloads have so far (`.gguf.ipull`). */
  readonly unfinished: readonly ModelFolderEntry[];
};

/** The folder cannot be read or changed. The message is one line. */
export class ModelFolderError extends Error {
  override readonly name = "ModelFolderError";

  /** Whether the folder is gone, rather than not readable at the moment. */
  get isMissing(): boolean {
    return ["ENOENT", "ENOTDIR"].includes(codeOf(this.cause));
  }
}

type Part = PartName & { readonly file: string; readonly stats: Stats };

/** An error lists this many missing parts. */
const MAX_SHOWN_PARTS = 5;

/**
 * Does not look into folders within the folder. A missing folder is empty; an entry that leads nowhere is left out.
 *
 * @throws ModelFolderError
 */
export function listModelFolder(folder: string): ModelFolder {
  const dir = path.resolve(folder);
  const files = namesIn(dir).map((name) => path.join(dir, name));
  return {
    models: distinctlyNamed(groupsOf(files, MODEL_FILE).map((parts) => entryOf(dir, parts))),
    unfinished: groupsOf(files, UNFINISHED_FILE).map((parts) => ({
      ...entryOf(dir, parts),
      problem: "its download is not finished",
    })),
  };
}

/** @returns every model and unfinished download of that name; only those in the folder have one */
export function findInModelFolder(folder: string, name: string): readonly ModelFolderEntry[] {
  const { models, unfinished } = listModelFolder(folder);
  return [...models, ...unfinished].filter((each) => each.name === name);
}

/**
 * Changes when the file is replaced or written to: sizes, times and inodes of all its parts.
 *
 * @param file the first part
 * @returns null if a part is missing or cannot be read
 */
export function fileIdentity(file: string): string | null {
  const stats = partsOf(file).map(statsOf);
  const known = stats.flatMap((part) => part ?? []);
  if (known.length < stats.length) return null;
  return known.map(({ size, mtimeMs, ino }) => `${size}:${mtimeMs}:${ino}`).join(",");
}

/** Bytes of all parts; 0 for a file that cannot be read. @param file the first part */
export function sizeOf(file: string): number {
  return partsOf(file).reduce((sum, part) => sum + (statsOf(part)?.size ?? 0), 0);
}

/** When the newest part was written; null for a file that cannot be read. @param file the first part */
export function modifiedAtOf(file: string): Date | null {
  const times = partsOf(file).flatMap((part) => statsOf(part)?.mtime.getTime() ?? []);
  return times.length > 0 ? new Date(Math.max(...times)) : null;
}

/**
 * Null if the file is missing or the system cannot say: a link in a loop, a folder without permission, a disk that fails.
 * `throwIfNoEntry: false` would still throw for those.
 */
function statsOf(file: string): Stats | null {
  try {
    return statSync(file);
  } catch {
    return null;
  }
}

/** A missing folder is created by a download, so the folder above it counts. @throws ModelFolderError */
export function checkWritable(folder: string): void {
  const dir = path.resolve(folder);
  try {
    const stats = statSync(dir, { throwIfNoEntry: false });
    if (!stats && path.dirname(dir) !== dir) return checkWritable(path.dirname(dir));
    if (stats && !stats.isDirectory()) throw new ModelFolderError(`${dir} is not a folder`);
    accessSync(dir, constants.W_OK);
  } catch (error) {
    if (error instanceof ModelFolderError) throw error;
    throw new ModelFolderError(`cannot write to the folder ${dir}: ${codeOf(error)}`);
  }
}

/** Deletes all parts; of a link, only the link. @throws ModelFolderError */
export function deleteModel({ parts }: Pick<ModelFolderEntry, "parts">): void {
  for (const part of parts) {
    try {
      rmSync(part, { force: true });
    } catch (error) {
      throw new ModelFolderError(`cannot delete ${part}: ${codeOf(error)}`);
    }
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw new ModelFolderError(`cannot read the folder ${dir}: ${codeOf(error)}`, { cause: error });
  }
}

/** The files of one kind, those of one model together and in order. */
function groupsOf(files: readonly string[], kind: RegExp): Part[][] {
  const groups = new Map<string, Part[]>();
  for (const file of files) {
    const name = path.basename(file);
    const stats = kind.test(name) ? statsOf(file) : null;
    if (!stats?.isFile()) continue;
    const part = { ...partName(name), file, stats };
    // A model in one file is never a part of another one, however similar the names are.
    const group = part.count > 1 ? `${part.base}/${part.count}` : `${name}/1`;
    groups.set(group, [...(groups.get(group) ?? []), part]);
  }
  return [...groups.values()].map((parts) => parts.sort((a, b) => a.number - b.number));
}

function entryOf(dir: string, parts: readonly Part[]): ModelFolderEntry {
  const [first] = parts;
  const base = first?.base ?? "";
  return {
    name: modelNameOf(base),
    file: first?.number === 1 ? first.file : firstPartIn(dir, first),
    parts: parts.map(({ file }) => file),
    sizeBytes: parts.reduce((sum, { stats }) => sum + stats.size, 0),
    modifiedAt: new Date(Math.max(...parts.map(({ stats }) => stats.mtimeMs))),
    problem: problemOf(parts),
  };
}

function firstPartIn(dir: string, part: PartName | undefined): string {
  return part ? path.join(dir, fileNameOf({ ...part, number: 1 })) : dir;
}

function problemOf(parts: readonly Part[]): string | null {
  const count = parts[0]?.count ?? 1;
  const present = new Set(parts.map(({ number }) => number));
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter(
    (number) => !present.has(number),
  );
  if (missing.length > 0) {
    const more = missing.length > MAX_SHOWN_PARTS ? ", ..." : "";
    return `incomplete: of ${count} parts, these are missing: ${missing.slice(0, MAX_SHOWN_PARTS).join(", ")}${more}`;
  }
  for (const { file } of parts) {
    try {
      if (readStart(file) !== "GGUF") return `${path.basename(file)} is not a GGUF file`;
    } catch (error) {
      return `cannot read ${path.basename(file)}: ${codeOf(error)}`;
    }
  }
  return null;
}

/** Two files may have the same name, such as `x.gguf` and `hf_x.gguf`. */
function distinctlyNamed(entries: readonly ModelFolderEntry[]): ModelFolderEntry[] {
  const plain = new Set(entries.filter((each) => !isFromHub(each)).map(({ name }) => name));
  const owners = new Map<string, ModelFolderEntry>();
  return entries
    .map((each) => (isFromHub(each) && plain.has(each.name) ? withHubName(each) : each))
    .map((each) => {
      const owner = owners.get(each.name);
      if (!owner) owners.set(each.name, each);
      const clash =
        owner && `has the same name as ${path.basename(owner.file)}; rename one of them`;
      return { ...each, problem: each.problem ?? clash ?? null };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

function isFromHub({ file, name }: ModelFolderEntry): boolean {
  return partName(path.basename(file)).base !== name;
}

function withHubName(entry: ModelFolderEntry): ModelFolderEntry {
  return { ...entry, name: partName(path.basename(entry.file)).base };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? String(error);
}
