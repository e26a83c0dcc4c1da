// The formats of a stream: server-sent events, lines of JSON, and a JSON array.

import { expect, test } from "vitest";
import {
  BARE_SSE,
  framingIn,
  JSON_LINES,
  jsonArray,
  SSE,
} from "../../../../src/http/stream/framing.ts";

const QUEUED = { type: "queued", position: 1, etaMs: null } as const;
const frames = [{ data: "{}" }, { id: "1", event: "x", data: "[1]" }];

test("server-sent events carry the wait status and heartbeats as comments", () => {
  const framing = framingIn(SSE, {});

  expect(framing.contentType).toBe("text/event-stream; charset=utf-8");
  expect(framing.encode(frames)).toBe("data: {}\n\nid: 1\nevent: x\ndata: [1]\n\n");
  expect(framing.opening(5000)).toBe(": connected heartbeat_ms=5000\n\n");
  expect(framing.waitStatus({ ...QUEUED, position: 3, etaMs: 4200 })).toBe(
    ": queued position=3 eta_ms=4200\n\n",
  );
  const loading = { type: "loading", state: "restarting", progress: 0.5, etaMs: null } as const;
  expect(framing.waitStatus(loading)).toBe(": restarting progress=0.50\n\n");
  expect([framing.heartbeat(null), framing.heartbeat(QUEUED)]).toEqual([
    ": heartbeat\n\n",
    ": queued position=1\n\n",
  ]);
});

test.each(["\n", "\r", "\r\n"])(
  "data with a line break %j is several lines of data",
  (lineBreak) => {
    const data = `one${lineBreak}id: 7${lineBreak}`;

    expect(framingIn(SSE, {}).encode([{ data }])).toBe("data: one\ndata: id: 7\ndata: \n\n");
  },
);

test.each(["\n", "\r", "\0"])("an id or the name of an event with %j in it is an error", (char) => {
  const { encode } = framingIn(SSE, {});

  expect(() => encode([{ id: `1${char}`, data: "" }])).toThrow("id of an event");
  expect(() => encode([{ event: `x${char}data: {}`, data: "" }])).toThrow("name of an event");
});

test("bare server-sent events have nothing but data", () => {
  const framing = framingIn(BARE_SSE, {});

  expect(framing.encode([{ data: "{}" }])).toBe("data: {}\n\n");
  expect([framing.opening(5000), framing.waitStatus(QUEUED), framing.heartbeat(QUEUED)]).toEqual([
    ...["", "", ""],
  ]);
});

test("a JSON array is one JSON value, whatever was sent together", () => {
  const { encode, closing } = jsonArray();
  const sent = encode([{ data: "{}" }]) + encode([]) + encode([{ data: "[1]" }, { data: "2" }]);

  expect(sent + closing?.()).toBe("[{}\n,\r\n[1]\n,\r\n2\n]");
  expect(jsonArray().closing?.()).toBe("[]");
});

test("a dialect may have a heartbeat frame of its own", () => {
  const framing = framingIn(SSE, { heartbeat: { event: "ping", data: "{}" } });

  expect(framing.heartbeat(QUEUED)).toBe("event: ping\ndata: {}\n\n");
});

test("a stream of JSON lines carries the wait status and heartbeats as lines of JSON", () => {
  const notice = (status: object | null) => ({ data: JSON.stringify({ status }) });
  const framing = framingIn(JSON_LINES, { notice });

  expect(framing.contentType).toBe("application/x-ndjson");
  expect(framing.encode(frames)).toBe("{}\n[1]\n");
  expect(framing.opening(5000)).toBe("");
  expect(framing.waitStatus(QUEUED)).toBe(`{"status":${JSON.stringify(QUEUED)}}\n`);
  expect(framing.heartbeat(null)).toBe('{"status":null}\n');
});
