// One byte stream, and building blocks for such streams.

import type { Step } from "./connection.ts";

export type RawStream = {
  readonly name: string;
  /** Created when needed if they are large. */
  readonly steps: readonly Step[] | (() => readonly Step[]);
  /** Limit on answers with a success status. */
  readonly maxSuccesses: number;
  /** Stops after this many answers; with fewer, the server must close. */
  readonly expectedAnswers?: number;
  /** Path of the requests, which determines the format of answers. Default: the chat path. */
  readonly path?: string;
  /** Methods of the requests if they are not all POST or GET. */
  readonly methods?: readonly string[];
};

export const CHAT = '{"messages":[{"role":"user","content":"Hi"}],"max_tokens":2}';
export const JSON_TYPE = "content-type: application/json";
export const head = (...lines: string[]) => `${lines.join("\r\n")}\r\n\r\n`;
export const chatHead = (...lines: string[]) =>
  head("POST /v1/chat/completions HTTP/1.1", "host: localhost", JSON_TYPE, ...lines);
export const bytes = (...parts: (string | Buffer)[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)),
  );
export const HEALTH = head("GET /health HTTP/1.1", "host: localhost");
export const GOOD = chatHead(`content-length: ${CHAT.length}`) + CHAT;
export const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n`;
export const CHUNKED = chatHead("transfer-encoding: chunked");
export const one = (
  name: string,
  given: string | Buffer,
  more: Partial<RawStream> = {},
): RawStream => ({
  name,
  steps: [bytes(given)],
  maxSuccesses: 0,
  expectedAnswers: 1,
  ...more,
});
/** The server cannot know whether a body follows until the client closes. */
export const cut = (name: string, given: string | Buffer): RawStream => ({
  name,
  steps: [bytes(given), { pauseMs: 20 }, "half-close"],
  maxSuccesses: 0,
});
