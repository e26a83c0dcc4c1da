// The keys file: read by the server, written by `sluice keys`. It holds hashes, never keys.

import {
  closeSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { KeyLimits } from "../generation/caller.ts";
import { type Caller, groupOwner, SCOPES } from "./caller.ts";

export class KeysFileError extends Error {
  override readonly name = "KeysFileError";
}

/** Each key is a metrics label and is compared at every request. */
const MAX_KEYS = 1_000;

const ROOT = 0;

const limit = z.int().min(1).max(1_000_000_000_000).nullable().default(null);

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
const nameText = z
  .string()
  .regex(NAME, "a name is 1 to 64 letters, digits, dots, dashes and underscores");

export const keyName = nameText.refine(
  (name) => !/^(key-\d+|anonymous)$/.test(name),
  "anonymous and key-1, key-2, ... (the keys of --api-key) are reserved names",
);
export const groupName = nameText;

const keyLimits = z.strictObject({
  concurrent: limit,
  waiting: z.int().min(0).max(1_000_000).nullable().default(null),
  tokensPerMinute: limit,
  tokensPerDay: limit,
  tokensPerMonth: limit,
}) satisfies z.ZodType<KeyLimits>;

const keyEntry = z.strictObject({
  name: keyName,
  sha256: z.string().regex(/^[\da-f]{64}$/, "64 hexadecimal digits"),
  scopes: z.array(z.enum(SCOPES)).min(1),
  limits: keyLimits,
  expires: z.iso.datetime().nullable().default(null),
  models: z.array(z.string().min(1)).min(1).nullable().default(null),
  group: nameText.nullable().default(null),
  created: z.iso.datetime(),
});

const groupEntry = z.strictObject({ name: nameText, limits: keyLimits });

const keysFile = z
  .strictObject({
    version: z.literal([1, 2]),
    groups: z
      .array(groupEntry)
      .max(MAX_KEYS)
      .default([])
      .refine(
        (groups) => areUnique(groups.map(({ name }) => name)),
        "two groups have the same name",
      ),
    keys: z
      .array(keyEntry)
      .max(MAX_KEYS)
      .refine((keys) => areUnique(keys.map(({ name }) => name)), "two keys have the same name")
      .refine((keys) => areUnique(keys.map(({ sha256 }) => sha256)), "two keys are the same"),
  })
  .superRefine(({ keys, groups }, context) => {
    const names = groups.map(({ name }) => name);
    for (const [index, { group }] of keys.entries())
      if (group !== null && !names.includes(group))
        context.addIssue({
          code: "custom",
          path: ["keys", index, "group"],
          message: `there is no group ${group}`,
        });
  });

/** A key as stored in the file. */
export type KeyEntry = z.output<typeof keyEntry>;

/** A group of keys as stored in the file. */
export type GroupEntry = z.output<typeof groupEntry>;

export type KeysFileContent = {
  readonly keys: readonly KeyEntry[];
  readonly groups: readonly GroupEntry[];
};

export const NO_KEYS: KeysFileContent = { keys: [], groups: [] };

/**
 * @param program the words that run sluice, for the command in an error
 * @throws KeysFileError if the file is missing, unreadable or invalid
 */
export function readKeysFile(file: string, program = "sluice"): KeysFileContent {
  const text = readText(file);
  if (text === null)
    throw new KeysFileError(
      `there is no keys file ${file}; create it with: ${program} keys add NAME --keys-file ${file}`,
    );
  return parse(file, text);
}

/**
 * Reads the file, applies `change` and writes the result: atomically, and readable only by the file's owner, also when root changes it. The temporary
 * file serves as the lock, so only one process changes the keys at a time.
 * @throws KeysFileError
 */
export function changeKeysFile(
  file: string,
  change: (content: KeysFileContent) => KeysFileContent,
): void {
  const target = targetOf(file);
  const temporary = `${target}.new`;
  const descriptor = lock(temporary);
  try {
    const text = readText(target);
    const { keys, groups } = change(text === null ? NO_KEYS : parse(file, text));
    const checked = check(file, { version: 2, groups, keys });
    writeSync(descriptor, `${JSON.stringify(storable(checked), null, 2)}\n`);
    if (fstatSync(descriptor).uid === ROOT) giveToOwner(descriptor, target);
    fsyncSync(descriptor);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw asKeysFileError(error, file);
  } finally {
    closeSync(descriptor);
  }
}

/** A service could not read a file that root has replaced: it stays its owner's, or becomes that of the folder's owner. */
function giveToOwner(descriptor: number, target: string): void {
  const { uid, gid } =
    statSync(target, { throwIfNoEntry: false }) ?? statSync(path.dirname(target));
  fchownSync(descriptor, uid, gid);
}

/** As version 1, which older servers read, while nothing in the file came later. */
function storable({ keys, groups }: KeysFileContent): object {
  const asOld = keys.map(({ expires, models, group, ...key }) => {
    const { tokensPerDay, tokensPerMonth, ...limits } = key.limits;
    const isOld = [expires, models, group, tokensPerDay, tokensPerMonth].every((it) => it === null);
    return isOld ? [{ ...key, limits }] : [];
  });
  const isOld = groups.length === 0 && asOld.every(({ length }) => length > 0);
  return isOld ? { version: 1, keys: asOld.flat() } : { version: 2, groups, keys };
}

/** @param groups of the same file */
export function callerOf(entry: KeyEntry, groups: readonly GroupEntry[]): Caller {
  const { sha256: owner, name, scopes, limits, models, expires } = entry;
  const group = groups.find((each) => each.name === entry.group);
  return {
    owner,
    name,
    scopes,
    limits,
    models,
    expiresAtMs: expires === null ? null : Date.parse(expires),
    group: group ? { ...group, owner: groupOwner(group.name) } : null,
  };
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, ""); // editors on Windows write a byte order mark
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw asKeysFileError(error, file);
  }
}

function parse(file: string, text: string): KeysFileContent {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new KeysFileError(`the keys file ${file} is not valid JSON`); // the parser's message would quote the file
  }
  return check(file, json);
}

function check(file: string, json: unknown): KeysFileContent {
  const result = keysFile.safeParse(json);
  if (result.success) return result.data;
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
