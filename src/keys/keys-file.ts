// The keys file: read by the server, written by `sluice keys`. It holds hashes, never keys.

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { KeyLimits } from "../generation/caller.ts";
import { type Caller, SCOPES } from "./caller.ts";

export class KeysFileError extends Error {
  override readonly name = "KeysFileError";
}

/** Each key is a metrics label and is compared at every request. */
const MAX_KEYS = 1_000;

const limit = z.int().min(1).max(1_000_000_000_000).nullable().default(null);

export const keyName = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]{0,63}$/,
    "a name is 1 to 64 letters, digits, dots, dashes and underscores",
  )
  .refine(
    (name) => !/^(key-\d+|anonymous)$/.test(name),
    "anonymous and key-1, key-2, ... (the keys of --api-key) are reserved names",
  );

const keyEntry = z.strictObject({
  name: keyName,
  sha256: z.string().regex(/^[\da-f]{64}$/, "64 hexadecimal digits"),
  scopes: z.array(z.enum(SCOPES)).min(1),
  limits: z.strictObject({
    concurrent: limit,
    waiting: z.int().min(0).max(1_000_000).nullable().default(null),
    tokensPerMinute: limit,
    tokensPerDay: limit,
    tokensPerMonth: limit,
  }) satisfies z.ZodType<KeyLimits>,
  created: z.iso.datetime(),
});

const keysFile = z.strictObject({
  version: z.literal([1, 2]),
  keys: z
    .array(keyEntry)
    .max(MAX_KEYS)
    .refine((keys) => areUnique(keys.map(({ name }) => name)), "two keys have the same name")
    .refine((keys) => areUnique(keys.map(({ sha256 }) => sha256)), "two keys are the same"),
});

/** A key as stored in the file. */
export type KeyEntry = z.output<typeof keyEntry>;

/**
 * @param program the words that run sluice, for the command in an error
 * @throws KeysFileError if the file is missing, unreadable or invalid
 */
export function readKeysFile(file: string, program = "sluice"): readonly KeyEntry[] {
  const text = readText(file);
  if (text === null)
    throw new KeysFileError(
      `there is no keys file ${file}; create it with: ${program} keys add NAME --keys-file ${file}`,
    );
  return parse(file, text);
}

/**
 * Reads the file, applies `change` and writes the result: atomically, and readable only by the file's owner. The temporary
 * file serves as the lock, so only one process changes the keys at a time.
 * @throws KeysFileError
 */
export function changeKeysFile(
  file: string,
  change: (entries: readonly KeyEntry[]) => readonly KeyEntry[],
): void {
  const target = targetOf(file);
  const temporary = `${target}.new`;
  const descriptor = lock(temporary);
  try {
    const text = readText(target);
    const keys = change(text === null ? [] : parse(file, text));
    const checked = check(file, { version: 2, keys });
    writeSync(descriptor, `${JSON.stringify(storable(checked), null, 2)}\n`);
    fsyncSync(descriptor);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw asKeysFileError(error, file);
  } finally {
    closeSync(descriptor);
  }
}

/** As version 1, which older servers read, while no key uses what came later. */
function storable(keys: readonly KeyEntry[]): object {
  const olders = keys.map((key) => {
    const { tokensPerDay, tokensPerMonth, ...limits } = key.limits;
    return { isOld: tokensPerDay === null && tokensPerMonth === null, key: { ...key, limits } };
  });
  return olders.every(({ isOld }) => isOld)
    ? { version: 1, keys: olders.map(({ key }) => key) }
    : { version: 2, keys };
}

export function callerOf({ name, sha256, scopes, limits }: KeyEntry): Caller {
  return { owner: sha256, name, scopes, limits };
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, ""); // editors on Windows write a byte order mark
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw asKeysFileError(error, file);
  }
}

function parse(file: string, text: string): readonly KeyEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new KeysFileError(`the keys file ${file} is not valid JSON`); // the parser's message would quote the file
  }
  return check(file, json);
}

function check(file: string, json: unknown): readonly KeyEntry[] {
  const result = keysFile.safeParse(json);
  if (result.success) return result.data.keys;
  const [issue] = result.error.issues;
  const where = issue?.path.join(".") || "the file";
  throw new KeysFileError(`the keys file ${file} is not valid: ${where}: ${issue?.message}`);
}

/** Resolves links, because renaming onto a link would replace the link itself. */
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return path.resolve(file);
  }
}

function lock(temporary: string): number {
  try {
    mkdirSync(path.dirname(temporary), { recursive: true, mode: 0o700 });
    return openSync(temporary, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw asKeysFileError(error, temporary);
    throw new KeysFileError(
      `${temporary} exists: another command is changing the keys; if none is running, remove this file`,
    );
  }
}

function asKeysFileError(error: unknown, file: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined
    ? error
    : new KeysFileError(`cannot use the keys file ${file}: ${code}`, { cause: error });
}

/** Whether the error may pass: too many open files say nothing about the keys file. */
export function isTemporary({ cause }: KeysFileError): boolean {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return code === "EMFILE" || code === "ENFILE";
}

function areUnique(all: readonly string[]): boolean {
  return new Set(all).size === all.length;
}
