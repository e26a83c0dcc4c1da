// The two ways in which a stream is written.

import { expect, test } from "vitest";
import { framingOf } from "../../../../src/http/stream/framing.ts";
import { IDENTITY } from "../../../support/clients/receipts.ts";

const frames = [{ data: "{}" }, { id: "1", event: "x", data: "[1]" }];

test("server-sent events have comments for what is said in between", () => {
  const framing = framingOf({}, IDENTITY);

  expect(framing.contentType).toBe("text/event-stream; charset=utf-8");
  expect(framing.encode(frames)).toBe("data: {}\n\nid: 1\nevent: x\ndata: [1]\n\n");
  expect(framing.opening(5000)).toBe(": connected heartbeat_ms=5000\n\n");
  expect(framing.news("queued position=1")).toBe(": queued position=1\n\n");
  expect([framing.heartbeat(null), framing.heartbeat("queued")]).toEqual([
    ": heartbeat\n\n",
    ": queued\n\n",
  ]);
});

test("or a frame of the dialect's own", () => {
  const streamEvents = { error: "error", heartbeat: { event: "ping", data: "{}" } };
  const framing = framingOf({ streamEvents }, IDENTITY);

  expect(framing.heartbeat("queued")).toBe("event: ping\ndata: {}\n\n");
});

test("lines are JSON, all of them", () => {
  const notice = (news: string | null, { model }: typeof IDENTITY) => ({
    data: JSON.stringify({ model, news }),
  });
  const framing = framingOf({ lines: { notice } }, IDENTITY);

  expect(framing.contentType).toBe("application/x-ndjson");
  expect(framing.encode(frames)).toBe("{}\n[1]\n");
  expect(framing.opening(5000)).toBe("");
  expect(framing.news("queued")).toBe('{"model":"tiny","news":"queued"}\n');
  expect(framing.heartbeat(null)).toBe('{"model":"tiny","news":null}\n');
});
