// WebSocket frames as bytes, including those a valid client never sends.

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
  /** Reserved bits, which are only valid with an extension. */
  readonly reserved?: number;
  /** The length written in the frame (default: the real one). */
  readonly length?: number;
};

/** The mask is 0, so the payload is unchanged. */
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

/** Opens a WebSocket and notes its 101. @throws Unreachable for any other answer */
export async function openWebSocket(
  target: Target,
  signal: AbortSignal,
  key: string | null,
  ...lines: readonly string[]
): Promise<Socket> {
  const socket = await target.open(signal);
  socket.write(upgrade(key, ...lines));
  const text = await target.receive(socket, { timeoutMs: 5_000 });
  if (text.startsWith("HTTP/1.1 101")) return socket;
  socket.destroy();
  throw new Unreachable("no WebSocket");
}
