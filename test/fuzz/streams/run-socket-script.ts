// Runs a script on a handwritten WebSocket, whose client does what no library would. The server must only send complete
// frames of known messages, and no results before the key.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SocketScript, SocketStep } from "./socket-scripts.ts";

const OPENING_MS = 10_000;
/** How long to wait for a write; a blocked write means that the server has stopped reading. */
const WRITE_MS = 200;
const HANDSHAKE = [
  "GET /v1/ws HTTP/1.1",
  "host: localhost",
  "connection: upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
].join("\r\n");
const BEFORE_KEY = ["pong", "error", "authenticated"];
const AFTER_KEY = [...BEFORE_KEY, "started", "status", "event", "response", "end"];

/** Faults; empty if there are none. */
export async function runSocketScript(
  url: string,
  script: SocketScript,
): Promise<readonly string[]> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: Buffer[] = [];
  socket.on("error", () => {}); // a reset is one way to refuse a request
  socket.on("data", (bytes) => chunks.push(bytes));
  try {
    socket.write(`${HANDSHAKE}\r\n\r\n`);
    const signal = AbortSignal.timeout(OPENING_MS);
    while (!Buffer.concat(chunks).includes("\r\n\r\n")) await once(socket, "data", { signal });
    for (const step of script.steps) {
      if (socket.destroyed) break;
      await runStep(socket, step);
    }
    return faultsOfBytes(Buffer.concat(chunks), script.hasKey);
  } catch (error) {
    return [`no socket: ${(error as Error).message}`];
  } finally {
    socket.destroy();
  }
}

async function runStep(socket: Socket, step: SocketStep): Promise<void> {
  switch (step.type) {
    case "send": {
      if (!socket.writable || socket.write(step.bytes())) return;
      const limit = AbortSignal.timeout(WRITE_MS);
      await once(socket, "drain", { signal: limit }).catch(() => {}); // or the socket is closed
      return;
    }
    case "pause":
      return sleep(step.ms);
    case "stop-reading":
      socket.pause();
      return;
    case "half-close":
      socket.end();
      return;
    case "reset":
      socket.resetAndDestroy();
  }
}

function faultsOfBytes(all: Buffer, hasKey: boolean): string[] {
  const headEnd = all.indexOf("\r\n\r\n");
  if (!all.subarray(0, headEnd).toString("latin1").startsWith("HTTP/1.1 101 ")) return ["no 101"];
  const faults: string[] = [];
  const allowed = hasKey ? AFTER_KEY : BEFORE_KEY;
  for (const text of textsOf(all.subarray(headEnd + 4), faults)) {
    const { type, error } = parsed(text);
    if (!allowed.includes(type)) faults.push(`a message of type ${type.slice(0, 50)}`);
    if (error?.code === "internal_error") faults.push("internal_error");
  }
  return faults;
}

/** Texts of all complete frames. A server masks no frame and sends each message in one frame. */
function* textsOf(bytes: Buffer, faults: string[]): Generator<string> {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [first = 0, second = 0] = bytes.subarray(at, at + 2);
    const opcode = first & 0x0f;
    if ((first & 0xf0) !== 0x80 || ![1, 8, 9, 10].includes(opcode) || second > 127) {
      faults.push(`a frame that starts with ${first} ${second}`);
      return;
    }
    const sizeBytes = second === 126 ? 2 : second === 127 ? 8 : 0;
    const start = at + 2 + sizeBytes;
    if (bytes.length < start) return;
    const length =
      sizeBytes === 0 ? second : Number.parseInt(bytes.toString("hex", at + 2, start), 16);
    if (bytes.length < start + length) return;
    if (opcode === 1) yield bytes.toString("utf8", start, start + length);
    at = start + length;
  }
}

function parsed(text: string): { readonly type: string; readonly error?: { code?: string } } {
  try {
    return JSON.parse(text) as { type: string };
  } catch {
    return { type: `not JSON: ${text}` };
  }
}
