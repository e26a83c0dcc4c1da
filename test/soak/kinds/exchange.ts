// One request on a connection of its own, and all that came back until it ended or was left.

import { type IncomingMessage, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createParser } from "eventsource-parser";

export type Frame = {
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly data: string;
};

export type Answer = {
  /** 0 where there was none. */
  readonly status: number;
  readonly location: string | null;
  /** Those of a stream. */
  readonly frames: readonly Frame[];
  readonly body: string;
  /** Whether it came to its end. */
  readonly isWhole: boolean;
};

export type Ask = {
  readonly url: string;
  readonly path: string;
  readonly method?: "GET" | "POST" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
  /** The client leaves so long after all of the request has been sent. */
  readonly leaveAfterMs?: number;
  /** The client leaves after so many frames. */
  readonly mostFrames?: number;
  /** The client rests so long after everything that it reads. */
  readonly restMs?: number;
  /** The client reads nothing until this resolves. */
  readonly deafUntil?: Promise<void>;
};

/** Never rejects: a connection that breaks is an answer that is not whole. */
export async function exchange(ask: Ask): Promise<Answer> {
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
    await ask.deafUntil;
    const isStream = response.headers["content-type"]?.startsWith("text/event-stream") ?? false;
    response.setEncoding("utf8");
    for await (const text of response) {
      if (isStream) parser.feed(String(text));
      else body += String(text);
      if (frames.length >= (ask.mostFrames ?? Number.POSITIVE_INFINITY)) break; // which cuts the connection
      if (ask.restMs) await sleep(ask.restMs);
    }
  } catch {
    // it was left, or broke
  }
  const { statusCode = 0, headers, complete = false } = response ?? {};
  return {
    ...{ status: statusCode, location: headers?.location ?? null },
    ...{ frames, body, isWhole: complete },
  };
}

function opened(ask: Ask): Promise<IncomingMessage> {
  const { url, path, method = "POST", headers, body, leaveAfterMs } = ask;
  const json = body ? { "content-type": "application/json" } : {};
  const options = { method, headers: { ...json, ...headers }, agent: false as const };
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), options, resolve);
    asked.on("error", reject); // stays, for a connection that breaks later
    if (leaveAfterMs !== undefined)
      asked.once("finish", () => void setTimeout(() => asked.destroy(), leaveAfterMs));
    asked.end(body ? JSON.stringify(body) : undefined);
  });
}
