// Reads the bytes of a body, and unpacks them. All memory that it takes for them is counted before it is taken.

import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from "node:zlib";
import { ServiceError } from "../../errors.ts";
import type { BodyHold } from "./body-memory.ts";

export type BodyLimits = { readonly limitBytes: number; readonly hold: BodyHold };
export type BodySource = { readonly req: IncomingMessage; readonly res: ServerResponse };

/** A small body takes no more; a larger one doubles it as it comes. */
const FIRST_BYTES = 4_096;

type Unpack = (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>;

/** Some bytes of these stand for thousands: they are unpacked when the body is whole, so that no half of one is held. */
const UNPACKERS: ReadonlyMap<string, Unpack> = new Map([
  ["gzip", promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ["deflate", promisify<Buffer, ZlibOptions, Buffer>(inflate)],
  ["br", promisify<Buffer, ZlibOptions, Buffer>(brotliDecompress)],
]);

/** @throws ServiceError for one that is too large, cannot be unpacked, or has no memory; `aborted` when it does not end */
export async function readBody(source: BodySource, limits: BodyLimits): Promise<Buffer> {
  const encoding = (source.req.headers["content-encoding"] || "identity").toLowerCase();
  const unpack = UNPACKERS.get(encoding);
  if (!unpack && encoding !== "identity") throw unknownEncoding();
  const bytes = await receive(source, limits);
  return unpack ? unpacked(bytes, unpack, limits) : bytes;
}

function receive({ req, res }: BodySource, limits: BodyLimits): Promise<Buffer> {
  const body = new GrowingBytes(limits, declaredLength(req));
  return new Promise((resolve, reject) => {
    const leave = () => {
      req.off("data", onData).off("end", onEnd).off("close", onClose);
      res.off("close", onClose);
      req.resume(); // what still comes goes nowhere, and the connection can serve the next request
    };
    const refuse = (error: unknown) => {
      leave();
      reject(error);
    };
    const onData = (bytes: Buffer) => {
      try {
        body.append(bytes);
      } catch (error) {
        refuse(error);
      }
    };
    const onEnd = () => {
      leave();
      resolve(body.bytes);
    };
    const onClose = () =>
      refuse(new ServiceError("aborted", "the client left while it sent the body"));
    req.on("data", onData).once("end", onEnd).once("close", onClose);
    req.on("error", () => {}); // it is closed after that
    res.once("close", onClose); // one that was answered before its end, as too slow or no HTTP, is not closed itself
    if (req.destroyed) onClose();
  });
}

/** What the head says; null where it does not, as of a body in chunks. */
export function declaredLength({ headers }: IncomingMessage): number | null {
  const length = headers["content-length"];
  return length === undefined ? null : Number(length);
}

/** One piece of memory, however small the pieces are that come: a million of those would take a hundred times their size. */
class GrowingBytes {
  readonly #limits: BodyLimits;
  /** Of the whole; never more is taken. */
  readonly #mostBytes: number;
  #memory = Buffer.alloc(0);
  #length = 0;

  constructor(limits: BodyLimits, declared: number | null) {
    this.#limits = limits;
    this.#mostBytes = Math.min(limits.limitBytes, declared ?? limits.limitBytes);
  }

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** @throws ServiceError */
  append(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#limits.limitBytes) throw tooLarge(this.#limits.limitBytes);
    if (length > this.#memory.length) this.#grow(length);
    bytes.copy(this.#memory, this.#length);
    this.#length = length;
  }

  #grow(length: number): void {
    const doubled = Math.max(length, 2 * this.#memory.length, FIRST_BYTES);
    const size = Math.max(length, Math.min(doubled, this.#mostBytes));
    this.#limits.hold.resize(size);
    const memory = Buffer.allocUnsafeSlow(size);
    this.#memory.copy(memory, 0, 0, this.#length);
    this.#memory = memory;
  }
}

async function unpacked(
  bytes: Buffer,
  unpack: Unpack,
  { limitBytes, hold }: BodyLimits,
): Promise<Buffer> {
  hold.resize(bytes.length + limitBytes); // as much as it may become
  try {
    const whole = await unpack(bytes, { maxOutputLength: limitBytes });
    hold.resize(whole.length);
    return whole;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw tooLarge(limitBytes);
    throw new ServiceError("bad_request", "the body is not what its content-encoding says", {
      cause: error,
    });
  }
}

/** It may be one that is small until it is unpacked. */
export function tooLarge(limitBytes: number): ServiceError {
  const message = `the body is larger than ${limitBytes} bytes (--body-limit)`;
  return new ServiceError("body_too_large", message);
}

function unknownEncoding(): ServiceError {
  const allowed = [...UNPACKERS.keys()].join(", ");
  const message = `this content-encoding is not known here: allowed are ${allowed} and identity`;
  return new ServiceError("unsupported_media_type", message);
}
