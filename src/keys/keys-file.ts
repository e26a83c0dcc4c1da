// The file of keys: read by the server, written by the command. It holds hashes, never a key.

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
import { type Caller, type KeyLimits, SCOPES } from "./caller.ts";

/** What is wrong with the file, in one line that names it. */
export class KeysFileError extends Error {
  override readonly name = "KeysFileError";
}

/** Each is a label of metrics, and is compared at every request. */
const MAX_KEYS = 1_000;

const limit = z.int().min(1).max(1_000_000_000).nullable().default(null);

export const keyName = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]{0,63}$/,
    "a name is 1 to 64 letters, digits, dots, dashes and underscores",
  )
  .refine(
    (name) => !/^(key-\d+|anonymous)$/.test(name),
    "key-1, key-2, ... are the keys of --api-key, and anonymous is nobody's",
  );

const keyEntry = z.strictObject({
  name: keyName,
  sha256: z.string().regex(/^[\da-f]{64}$/, "64 hexadecimal digits"),
  scopes: z.array(z.enum(SCOPES)).min(1),
  limits: z.strictObject({
    concurrent: limit,
    waiting: z.int().min(0).max(1_000_000).nullable().default(null),
    tokensPerMinute: limit,
  }) satisfies z.ZodType<KeyLimits>,
  created: z.iso.datetime(),
});

const keysFile = z.strictObject({
  version: z.literal(1),
  keys: z
    .array(keyEntry)
    .max(MAX_KEYS)
    .refine((keys) => areUnique(keys.map(({ name }) => name)), "two keys have the same name")
    .refine((keys) => areUnique(keys.map(({ sha256 }) => sha256)), "two keys are the same"),
});

/** A key as it is kept. */
export type KeyEntry = z.output<typeof keyEntry>;

/** @throws KeysFileError where it is not there, cannot be read, or is not what it should be */
export function readKeysFile(file: string): readonly KeyEntry[] {
  const text = readText(file);
  if (text === null)
    throw new KeysFileError(`there is no keys file ${file}: sluice keys add NAME makes it`);
  return parse(file, text);
}

/**
 * Reads it, and writes what `change` makes of it: whole or not at all, readable for its owner alone. One at a time: the new
 * file is the lock.
 * @throws KeysFileError
 */
export function changeKeysFile(
  file: string,
  change: (entries: readonly KeyEntry[]) => readonly KeyEntry[],
): void {
  const target = targetOf(file);
  const fresh = `${target}.new`;
  const descriptor = lock(fresh);
  try {
    const text = readText(target);
    const keys = change(text === null ? [] : parse(file, text));
    const checked = check(file, { version: 1, keys });
    writeSync(descriptor, `${JSON.stringify({ version: 1, keys: checked }, null, 2)}\n`);
    fsyncSync(descriptor);
    renameSync(fresh, target);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw asKeysFileError(error, file);
  } finally {
    closeSync(descriptor);
  }
}

export function callerOf({ name, sha256, scopes, limits }: KeyEntry): Caller {
  return { owner: sha256, name, scopes, limits };
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
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
    throw new KeysFileError(`the keys file ${file} is not valid JSON`); // the parser's words would quote it
  }
  return check(file, json);
}

function check(file: string, json: unknown): readonly KeyEntry[] {
  const result = keysFile.safeParse(json);
  if (result.success) return result.data.keys;
  const [issue] = result.error.issues;
  const place = issue?.path.join(".") || "the whole";
  throw new KeysFileError(`the keys file ${file} is not right: ${place}: ${issue?.message}`);
}

/** Where a link leads to: a rename would put a file in its place. */
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return path.resolve(file);
  }
}

function lock(fresh: string): number {
  try {
    mkdirSync(path.dirname(fresh), { recursive: true, mode: 0o700 });
    return openSync(fresh, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw asKeysFileError(error, fresh);
    throw new KeysFileError(
      `${fresh} is there: another command is changing the keys, or was ended while it did; then remove it`,
    );
  }
}

function asKeysFileError(error: unknown, file: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined
    ? error
    : new KeysFileError(`cannot use the keys file ${file}: ${code}`, { cause: error });
}

/** Too many open files are over in a while, and the file is as right as it was. */
export function isPassing({ cause }: KeysFileError): boolean {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return code === "EMFILE" || code === "ENFILE";
}

function areUnique(all: readonly string[]): boolean {
  return new Set(all).size === all.length;
}
