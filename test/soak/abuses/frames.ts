// WebSockets as bytes: those that a proper client never sends.

import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { head } from "./requests.ts";
import { type Target, Unreachable } from "./target.ts";

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;
const FINAL = 0x80;
const MASKED = 0x80;

type FrameOptions = {
  readonly opcode?: number;
  readonly isFinal?: boolean;
  readonly isMasked?: boolean;
  /** Bits that mean nothing without an extension. */
  readonly reserved?: number;
  /** What it says to be its length (default: what it is). */
  readonly length?: number;
};

/** Its mask is 0, so that the payload stands in it as it is. */
export function frame(payload: string | Buffer, options: FrameOptions = {}): Buffer {
  const { opcode = TEXT, isFinal = true, isMasked = true, reserved = 0 } = options;
  const bytes = Buffer.from(payload);
  const { length = bytes.length } = options;
  const first = (isFinal ? FINAL : 0) | reserved | opcode;
  const mask = isMasked ? Buffer.alloc(4) : Buffer.alloc(0);
  return Buffer.concat([Buffer.of(first), lengthOf(length, isMasked ? MASKED : 0), mask, bytes]);
}

function lengthOf(length: number, flag: number): Buffer {
  if (length < 126) return Buffer.of(flag | length);
  const bytes = Buffer.alloc(length < 65_536 ? 3 : 9);
  bytes[0] = flag | (length < 65_536 ? 126 : 127);
  if (length < 65_536) bytes.writeUInt16BE(length, 1);
  else bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}

export function upgrade(key: string | null, ...lines: readonly string[]): string {
  const auth = key === null ? [] : [`Authorization: Bearer ${key}`];
  return head(
    "GET /v1/ws",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    ...auth,
    ...lines,
  );
}

/** After its 101, which is noted. @throws Unreachable when there is another answer */
export async function openWebSocket(
  target: Target,
  signal: AbortSignal,
  key: string | null,
  ...lines: readonly string[]
): Promise<Socket> {
  const socket = await target.open(signal);
  socket.write(upgrade(key, ...lines));
  const text = await target.hears(socket, { mostMs: 5_000 });
  if (text.startsWith("HTTP/1.1 101")) return socket;
  socket.destroy();
  throw new Unreachable("no WebSocket");
}
