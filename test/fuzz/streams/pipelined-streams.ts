// Requests to switch protocols between and after other requests on one connection, split into arbitrary writes. All must be
// answered in order. A WebSocket comes last; what follows it is not HTTP any more.

import fc from "fast-check";
import type { Outcome, Step } from "./connection.ts";
import { bytes, CHAT, chatHead, GOOD, HEALTH, head } from "./raw-stream.ts";

export type PipelinedStream = {
  readonly steps: readonly Step[];
  /** Statuses of all requests in order. */
  readonly statuses: readonly number[];
  /** Whether the client waits for all answers. */
  readonly waitsForAll: boolean;
};

type Request = { readonly text: string; readonly status: number };

const STREAMING = `${CHAT.slice(0, -1)},"stream":true}`;
const H2C = ["connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABk"];
const WS = ["connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
const WS_KEY = "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==";
const get = (path: string, ...lines: string[]) =>
  head(`GET ${path} HTTP/1.1`, "host: localhost", ...lines);
const chat = (body: string, ...lines: string[]) =>
  chatHead(`content-length: ${body.length}`, ...lines) + body;

const REQUESTS: readonly Request[] = [
  { text: HEALTH, status: 200 },
  { text: get("/docs"), status: 200 },
  { text: GOOD, status: 200 },
  { text: chat(STREAMING), status: 200 },
  { text: chat("{}"), status: 400 },
  { text: get("/nothing"), status: 404 },
  { text: get("/v1/ws"), status: 426 },
  { text: get("/health", ...H2C), status: 200 },
  { text: chat(CHAT, ...H2C), status: 200 },
  { text: chat(STREAMING, ...H2C), status: 200 },
  { text: get("/health", ...WS, WS_KEY), status: 200 },
  { text: get("/health", "connection: upgrade", "upgrade: a, b/2"), status: 200 },
];
/** Allowed statuses of a chat while other parts of the round fill the queue. */
const BUSY: readonly number[] = [429, 503];
/** Requests after which the connection is no longer HTTP. */
const LAST: readonly Request[] = [
  { text: get("/v1/ws", ...WS, WS_KEY), status: 101 },
  { text: get("/v1/ws", ...WS), status: 400 },
  { text: head("POST /v1/ws HTTP/1.1", "host: localhost", ...WS, WS_KEY), status: 405 },
];

export function pipelinedStreams(): fc.Arbitrary<PipelinedStream> {
  return fc
    .record({
      requests: fc.array(fc.constantFrom(...REQUESTS), { maxLength: 5 }),
      last: fc.constantFrom(...LAST, ...REQUESTS),
      behind: fc.constantFrom("", "\x81\x80\0\0\0\0", HEALTH, "nonsense"),
      cuts: fc.array(fc.nat(2_000), { maxLength: 3 }),
      pauseMs: fc.constantFrom(0, 1, 20),
      leaving: fc.constantFrom(null, null, "half-close" as const, "reset" as const),
    })
    .map(({ requests, last, behind, cuts, pauseMs, leaving }) => {
      const all = [...requests, last];
      const tail = LAST.includes(last) ? behind : "";
      const steps = splitWrites(bytes(...all.map(({ text }) => text), tail), cuts, pauseMs);
      return {
        steps: leaving === null ? steps : [...steps, { pauseMs }, leaving],
        statuses: all.map(({ status }) => status),
        waitsForAll: leaving === null,
      };
    });
}

/** Splits the bytes into several writes. */
function splitWrites(all: Buffer, cuts: readonly number[], pauseMs: number): Step[] {
  const places = cuts.map((cut) => cut % all.length).sort((a, b) => a - b);
  const ends = [...places, all.length];
  return ends.flatMap((end, index): Step[] => [
    all.subarray(ends[index - 1] ?? 0, end),
    { pauseMs },
  ]);
}

/** Faults; empty if there are none. */
export function faultsOfPipeline(
  { answers, fault }: Pick<Outcome, "answers" | "fault">,
  { statuses, waitsForAll }: PipelinedStream,
): readonly string[] {
  if (fault !== null) return [fault];
  const seen = answers.map(({ status }) => status);
  const right = waitsForAll ? statuses : statuses.slice(0, seen.length);
  const isRight = right.every(
    (status, index) =>
      seen[index] === status || (status === 200 && BUSY.includes(seen[index] ?? 0)),
  );
  if (isRight && seen.length === right.length) return [];
  return [`answered ${seen} instead of ${right}`];
}
