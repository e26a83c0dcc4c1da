// Sends one buffered chat request.

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type ChatOptions, sendChat } from "./chat-request.ts";

const LIMIT_MS = 180_000;

/** @returns the duration in ms. @throws Error unless the answer is complete */
export async function bufferedChat(options: Omit<ChatOptions, "isStreamed">): Promise<number> {
  const startedMs = performance.now();
  const request = sendChat({ ...options, isStreamed: false });
  const limit = setTimeout(
    () => request.destroy(new Error(`no answer within ${LIMIT_MS / 1000} s`)),
    LIMIT_MS,
  );
  request.on("error", () => {}); // `once` below reports the error
  try {
    const [response] = (await once(request, "response")) as [IncomingMessage];
    for await (const _ of response); // only the end of the body counts
    if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
    return performance.now() - startedMs;
  } finally {
    clearTimeout(limit);
  }
}
