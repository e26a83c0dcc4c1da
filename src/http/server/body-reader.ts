// Reads and decompresses a request body. All memory for it is counted before it is allocated.

import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from "node:zlib";
import { ServiceError } from "../../errors.ts";
import type { BodyHold } from "./body-memory.ts";

export type BodyLimits = { readonly limitBytes: number; readonly hold: BodyHold };
export type BodySource = { readonly req: IncomingMessage; readonly res: ServerResponse };

/** The size of the first buffer. It doubles while a larger body arrives. */
const FIRST_BYTES = 4_096;

type Unpack = (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>;

/** Compressed bodies are decompressed in one step when they are complete: a few bytes may expand to thousands. */
const UNPACKERS: ReadonlyMap<string, Unpack> = new Map([
  ["gzip", promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ["deflate", promisify<Buffer, ZlibOptions, Buffer>(inflate)],
  ["br", promisify<Buffer, ZlibOptions, Buffer>(brotliDecompress)],
]);

/** @throws ServiceError if the body is too large, is broken, or gets no memory; `aborted` if the client disconnects */
export async function readBody(source: BodySource, limits: BodyLimits): Promise<Buffer> {
  const encoding = (source.req.headers["content-encoding"] || "identity").toLowerCase();
  const unpack = UNPACKERS.get(encoding);
  if (!unpack && encoding !== "identity") {
    const allowed = [...UNPACKERS.keys()].join(", ");
    const message = `this content-encoding is not supported; allowed are ${allowed} and identity`;
    throw new ServiceError("unsupported_media_type", message);
  }
  const bytes = await receive(source, limits);
  return unpack ? decompress(bytes, unpack, limits) : bytes;
}

function receive({ req, res }: BodySource, limits: BodyLimits): Promise<Buffer> {
  const body = new GrowingBytes(limits, declaredLength(req));
  return new Promise((resolve, reject) => {
    const leave = () => {
      req.off("data", onData).off("end", onEnd).off("close", onClose);
      res.off("close", onClose);
      req.resume(); // discards the rest, so that the connection can serve the next request
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
      refuse(new ServiceError("aborted", "the client disconnected while it sent the body"));
    req.on("data", onData).once("end", onEnd).once("close", onClose);
    req.on("error", () => {}); // "close" follows
    res.once("close", onClose); // a request answered early (too slow, invalid HTTP) emits no "close" itself
    if (req.destroyed) onClose();
  });
}

/** The Content-Length; null for a chunked body. */
export function declaredLength({ headers }: IncomingMessage): number | null {
  const length = headers["content-length"];
  return length === undefined ? null : Number(length);
}

/** One buffer for all chunks: a million tiny chunks kept apart would take a hundred times their size. */
class GrowingBytes {
  readonly #limits: BodyLimits;
  /** The final size if it is known; the buffer never gets larger. */
  readonly #maxBytes: number;
  #memory = Buffer.alloc(0);
  #length = 0;

  constructor(limits: BodyLimits, declared: number | null) {
    this.#limits = limits;
    this.#maxBytes = Math.min(limits.limitBytes, declared ?? limits.limitBytes);
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
    const size = Math.max(length, Math.min(doubled, this.#maxBytes));
    this.#limits.hold.resize(size);
    const memory = Buffer.allocUnsafeSlow(size);
    this.#memory.copy(memory, 0, 0, this.#length);
    this.#memory = memory;
  }
}

async function decompress(
  bytes: Buffer,
  unpack: Unpack,
  { limitBytes, hold }: BodyLimits,
): Promise<Buffer> {
  hold.resize(bytes.length + limitBytes); // the largest possible result
  try {
    const whole = await unpack(bytes, { maxOutputLength: limitBytes });
    hold.resize(whole.length);
    return whole;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw tooLarge(limitBytes);
    const message = "the body cannot be decompressed with its content-encoding";
    throw new ServiceError("bad_request", message, { cause: error });
  }
}

/** The limit applies to the decompressed size too. */
export function tooLarge(limitBytes: number): ServiceError {
  const message = `the body is larger than ${limitBytes} bytes (--body-limit)`;
  return new ServiceError("body_too_large", message);
}
