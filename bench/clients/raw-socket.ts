// Clients on plain sockets: one that never reads, and one that only counts frames, which is the cheapest reader possible.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ChatOptions, chatBody } from "../../src/bench/clients/chat-request.ts";

type RawOptions = Omit<ChatOptions, "isStreamed">;

const CONNECT_MS = 5_000;
const READ_BYTES = 8_192;
const LINE_FEED = 10;

/** Requests a stream and never reads it. Disconnect with `destroy()`. */
export async function stalledReader(options: RawOptions): Promise<Socket> {
  const { hostname, port } = new URL(options.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.pause(); // before it connects, or it would start to read
  await send(socket, options);
  return socket;
}

export type FrameCounter = { readonly frames: () => number; readonly leave: () => void };

/** Requests a stream and counts its frames (more exactly, its empty lines). */
export async function frameCounter(options: RawOptions): Promise<FrameCounter> {
  const { hostname, port } = new URL(options.url);
  let frames = 0;
  let endedInLineFeed = false;
  const count = (length: number, bytes: Uint8Array) => {
    for (let at = bytes.indexOf(LINE_FEED); at >= 0 && at < length; ) {
      const isPair = at === 0 ? endedInLineFeed : bytes[at - 1] === LINE_FEED;
      if (isPair) frames += 1;
      at = bytes.indexOf(LINE_FEED, at + 1);
    }
    endedInLineFeed = bytes[length - 1] === LINE_FEED;
    return true;
  };
  const onread = { buffer: new Uint8Array(READ_BYTES), callback: count };
  const socket = connect({ host: hostname, port: Number(port), onread });
  await send(socket, options);
  return { frames: () => frames, leave: () => void socket.destroy() };
}

async function send(socket: Socket, options: RawOptions): Promise<void> {
  await once(socket, "connect", { signal: AbortSignal.timeout(CONNECT_MS) });
  socket.on("error", () => {}); // these readers do not care if the server ends
  const body = JSON.stringify(chatBody({ ...options, isStreamed: true }));
  const head = [
    "POST /v1/chat/completions HTTP/1.1",
    `host: ${new URL(options.url).host}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
}
