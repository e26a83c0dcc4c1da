// One byte stream, and what such streams are made of.

import type { Step } from "./connection.ts";

export type RawStream = {
  readonly name: string;
  /** Made when they are needed, where they may be large. */
  readonly steps: readonly Step[] | (() => readonly Step[]);
  /** Most answers with a status of success. */
  readonly mostGood: number;
  /** The server has done its part when so many answers are there; else it has to close. */
  readonly enough?: number;
  /** Of its requests: it decides what answers look like. A chat's, unless it is said. */
  readonly path?: string;
  /** Methods of its requests, where they are not all POST or GET. */
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
  mostGood: 0,
  enough: 1,
  ...more,
});
/** Whether a body follows at all is not known to the server: the client's end tells it. */
export const cut = (name: string, given: string | Buffer): RawStream => ({
  name,
  steps: [bytes(given), { pauseMs: 20 }, "half-close"],
  mostGood: 0,
});
