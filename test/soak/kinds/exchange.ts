// Sends one request on its own connection and collects everything that arrives until it ends or the client disconnects.

import { type IncomingMessage, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createParser } from "eventsource-parser";

export type Frame = {
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly data: string;
};

export type Answer = {
  /** 0 without a response. */
  readonly status: number;
  readonly location: string | null;
  /** The events of a stream. */
  readonly frames: readonly Frame[];
  readonly body: string;
  /** Whether the response is complete. */
  readonly isComplete: boolean;
};

export type ExchangeRequest = {
  readonly url: string;
  readonly path: string;
  readonly method?: "GET" | "POST" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
  /** The client disconnects this long after the whole request was sent. */
  readonly leaveAfterMs?: number;
  /** The client disconnects after this many events. */
  readonly maxFrames?: number;
  /** The client pauses this long after every read. */
  readonly pauseMs?: number;
  /** The client reads nothing until this resolves. */
  readonly pauseUntil?: Promise<void>;
};

/** Never rejects: a broken connection gives an incomplete answer. */
export async function exchange(ask: ExchangeRequest): Promise<Answer> {
  const frames: Frame[] = [];
  let body = "";
  let response: IncomingMessage | null = null;
  const parser = createParser({
    onEvent: ({ event, id, data }) => {
      frames.push({ event, id, data });
    },
  });
  try {
    response = await opened(ask);
    await ask.pauseUntil;
    const isStream = response.headers["content-type"]?.startsWith("text/event-stream") ?? false;
    response.setEncoding("utf8");
    for await (const text of response) {
      if (isStream) parser.feed(String(text));
      else body += String(text);
      if (frames.length >= (ask.maxFrames ?? Number.POSITIVE_INFINITY)) break; // this closes the connection
      if (ask.pauseMs) await sleep(ask.pauseMs);
    }
  } catch {
    // the client disconnected, or the connection broke
  }
  const { statusCode = 0, headers, complete = false } = response ?? {};
  return {
    status: statusCode,
    location: headers?.location ?? null,
    frames,
    body,
    isComplete: complete,
  };
}

function opened(ask: ExchangeRequest): Promise<IncomingMessage> {
  const { url, path, method = "POST", headers, body, leaveAfterMs } = ask;
  const json = body ? { "content-type": "application/json" } : {};
  const options = { method, headers: { ...json, ...headers }, agent: false as const };
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), options, resolve);
    asked.on("error", reject); // keeps listening for errors of a connection that breaks later
    if (leaveAfterMs !== undefined)
      asked.once("finish", () => void setTimeout(() => asked.destroy(), leaveAfterMs));
    asked.end(body ? JSON.stringify(body) : undefined);
  });
}
