// The files of the disk tier: one encrypted file per saved prefix. AES-256-GCM with a key of its own for each file, so that a
// damaged, shortened or foreign file fails its check and is never given to the library, which could crash on it.
// Everything is synchronous, because it runs in disk-main.ts, a thread with no other work.
//
// Layout: magic, salt, length of the header, header (JSON), then the state in chunks. Header and chunks each end in their tag.

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";

const MAGIC = Buffer.from("SLUICEP1");
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const CHUNK_BYTES = 2 ** 20;
/** Protects against a damaged length: the hashes of a million tokens take less. */
const MOST_HEADER_BYTES = 2 ** 23;
const OWNER_ONLY = 0o600;

/** What the encrypted header says about a saved prefix. */
export type DiskHeader = {
  readonly modelKey: string;
  readonly hashes: readonly string[];
  readonly tokens: number;
  /** Size of the state, without encryption. */
  readonly stateBytes: number;
};

/** The file was cut off, changed, or encrypted with another key. */
export class DamagedFileError extends Error {}

/** Encrypts the file `from` to `to`. A reader never sees a part of it, because it is renamed when it is complete. */
export function encryptFile(from: string, to: string, header: DiskHeader, key: Buffer): void {
  const input = openSync(from, "r");
  const unfinished = `${to}.new`;
  try {
    const output = openSync(unfinished, "w", OWNER_ONLY);
    try {
      const salt = randomBytes(SALT_BYTES);
      const seal = sealer(fileKey(key, salt));
      const sealed = seal(Buffer.from(JSON.stringify(header)));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(sealed.length);
      for (const part of [MAGIC, salt, length, sealed]) writeAll(output, part);
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let left = header.stateBytes; left > 0; left -= CHUNK_BYTES)
        writeAll(output, seal(readExactly(input, chunk.subarray(0, Math.min(left, CHUNK_BYTES)))));
    } finally {
      closeSync(output);
    }
    renameSync(unfinished, to);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    closeSync(input);
  }
}

/** @throws DamagedFileError */
export function readHeader(file: string, key: Buffer): DiskHeader {
  const input = openSync(file, "r");
  try {
    return openHeader(input, key).header;
  } finally {
    closeSync(input);
  }
}

/** Decrypts the state to the file `to`. @throws DamagedFileError; `to` may then hold a part of it */
export function decryptFile(from: string, to: string, key: Buffer): void {
  const input = openSync(from, "r");
  try {
    const { header, unseal } = openHeader(input, key);
    const output = openSync(to, "w", OWNER_ONLY);
    try {
      for (let left = header.stateBytes; left > 0; left -= CHUNK_BYTES)
        writeAll(output, unseal(readPart(input, Math.min(left, CHUNK_BYTES) + TAG_BYTES)));
      if (readSync(input, Buffer.alloc(1)) > 0) throw new DamagedFileError("it is too long");
    } finally {
      closeSync(output);
    }
  } finally {
    closeSync(input);
  }
}

function openHeader(input: number, key: Buffer) {
  const start = readPart(input, MAGIC.length + SALT_BYTES + 4);
  if (!start.subarray(0, MAGIC.length).equals(MAGIC))
    throw new DamagedFileError("it is not a saved prefix");
  const unseal = unsealer(fileKey(key, start.subarray(MAGIC.length, -4)));
  const length = start.readUInt32LE(start.length - 4);
  if (length > MOST_HEADER_BYTES) throw new DamagedFileError("its header is too long");
  const header = JSON.parse(unseal(readPart(input, length)).toString()) as DiskHeader; // authenticated: encryptFile() wrote it
  return { header, unseal };
}

/** A key of its own for each file, so that a nonce is never used twice with the same key (RFC 5869). */
function fileKey(key: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", key, salt, "sluice prefix cache", 32));
}

/** @returns a function that encrypts the next part and appends its tag; parts are numbered, so their order is protected */
function sealer(key: Buffer): (plain: Buffer) => Buffer {
  const nextNonce = nonces();
  return (plain) => {
    const cipher = createCipheriv("aes-256-gcm", key, nextNonce());
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  };
}

function unsealer(key: Buffer): (sealed: Buffer) => Buffer {
  const nextNonce = nonces();
  return (sealed) => {
    if (sealed.length < TAG_BYTES) throw new DamagedFileError("it is cut off");
    const decipher = createDecipheriv("aes-256-gcm", key, nextNonce(), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plain = decipher.update(sealed.subarray(0, -TAG_BYTES));
    try {
      decipher.final();
    } catch (cause) {
      throw new DamagedFileError("it was changed, or encrypted with another key", { cause });
    }
    return plain;
  };
}

function nonces(): () => Buffer {
  let count = 0;
  return () => {
    const nonce = Buffer.alloc(NONCE_BYTES);
    nonce.writeUInt32LE(count++);
    return nonce;
  };
}

function readPart(input: number, length: number): Buffer {
  return readExactly(input, Buffer.alloc(length));
}

function readExactly(input: number, into: Buffer): Buffer {
  let done = 0;
  while (done < into.length) {
    const read = readSync(input, into, done, into.length - done, null);
    if (read === 0) throw new DamagedFileError("it is cut off");
    done += read;
  }
  return into;
}

function writeAll(output: number, data: Buffer): void {
  let done = 0;
  while (done < data.length) done += writeSync(output, data, done);
}
