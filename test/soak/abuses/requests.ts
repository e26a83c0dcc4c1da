// Request bytes and bodies used by many kinds of abuse.

import type { Random } from "../kinds/random.ts";
import type { Target } from "./target.ts";

export const CHAT = "/v1/chat/completions";
export const MIB = 1_048_576;
/** Same as --body-limit. */
export const BODY_LIMIT = 4 * MIB;
/** Shared, so that large bodies cost the abusers nothing. */
export const SPACES = Buffer.alloc(BODY_LIMIT, 0x20);

/** All paths of the server, and a few that do not exist. */
export const PATHS: readonly string[] = [
  "/",
  "/health",
  "/ready",
  "/metrics",
  "/docs",
  "/openapi.json",
  "/favicon.svg",
  "/nothing",
  "/slots",
  "/props",
  "/tokenize",
  "/detokenize",
  "/apply-template",
  "/infill",
  "/v1/usage",
  "/v1/models",
  "/v1/models/sluice",
  "/v1/chat/completions/input_tokens",
  "/v1/messages",
  "/v1/messages/count_tokens",
  CHAT,
  "/v1/completions",
  "/v1/embeddings",
  "/v1/rerank",
  "/v1/responses",
  "/v1/responses/resp_0",
  "/v1/responses/resp_0/cancel",
  "/v1/requests",
  "/v1/requests/r0",
  "/v1/streams/stream_0",
  "/v1/streams/stream_0?token=x",
  "/v1/ws",
  "/v1beta/models",
  "/v1beta/models/m:generateContent",
  "/v1beta/models/m:countTokens",
  "/api/chat",
  "/api/generate",
  "/api/tags",
  "/api/show",
  "/api/pull",
  "/api/ps",
  "/%2e%2e/%2e%2e/etc/passwd",
  "//health",
  "/v1//models",
  `/${"a".repeat(4_000)}`,
];

/** A request head without a body. */
export function head(line: string, ...lines: readonly string[]): string {
  return [`${line} HTTP/1.1`, "Host: localhost", ...lines, "", ""].join("\r\n");
}

export function postHead(path: string, key: string | null, ...lines: readonly string[]): string {
  const auth = key === null ? [] : [`Authorization: Bearer ${key}`];
  return head(`POST ${path}`, "Content-Type: application/json", ...auth, ...lines);
}

/** A complete request. */
export function post(path: string, key: string | null, body: object | string): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return postHead(path, key, `Content-Length: ${Buffer.byteLength(text)}`) + text;
}

export function chat(changes: object = {}): object {
  return { messages: [{ role: "user", content: "rivers" }], max_tokens: 8, ...changes };
}

/** A streaming request for exactly this many tokens. */
export function stream(tokens: number, changes: object = {}): object {
  return chat({ max_tokens: tokens, ignore_eos: true, stream: true, ...changes });
}

export function anyKey({ keys }: Target, random: Random): string {
  return random.pick([keys.normal, keys.normal, keys.normal, keys.limited, keys.changing]);
}

export function keyOrNone(target: Target, random: Random): string | null {
  return random.next() < 0.3 ? null : anyKey(target, random);
}

export function list<T>(length: number, of: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => of(index));
}
