// The state of an answer while events arrive.

import { expect, test } from "vitest";
import { ended, failed, newAnswer, stopped, withEvents } from "../../../src/web/chat/answer.ts";
import type { AnswerEvent } from "../../../src/web/client/answer-event.ts";

const fresh = newAnswer("a", 1_000);
const after = (...events: readonly AnswerEvent[]) => withEvents(fresh, events, 2_000);
const FAILURE = { status: null, code: "worker_crashed", message: "", param: null, retryAtMs: null };

test("goes through its phases and measures the reasoning time", () => {
  const thinking = withEvents(fresh, [{ type: "reasoning", text: "hm" }], 2_000);
  expect(thinking).toMatchObject({ phase: { type: "thinking" }, thoughts: "hm", thoughtMs: null });

  const writing = withEvents(thinking, [{ type: "text", text: "Yes" }], 2_500);
  expect(writing).toMatchObject({ phase: { type: "writing" }, text: "Yes", thoughtMs: 500 });
  expect(withEvents(writing, [{ type: "queued", position: 2, etaMs: null }], 3_000).phase).toEqual({
    type: "queued",
    position: 2,
    etaMs: null,
  });
});

test("assembles tool calls from their deltas", () => {
  const { calls, phase } = after(
    { type: "tool-call", index: 0, delta: { id: "1", name: "f", arguments: "" } },
    { type: "tool-call", index: 0, delta: { arguments: '{"a"' } },
    { type: "tool-call", index: 1, delta: { id: "2", name: "g", arguments: "{}" } },
    { type: "tool-call", index: 0, delta: { arguments: ":1}" } },
  );

  expect(phase.type).toBe("calling");
  expect(calls).toEqual([
    { id: "1", name: "f", arguments: '{"a":1}' },
    { id: "2", name: "g", arguments: "{}" },
  ]);
});

test("keeps the position for a reconnect until it ends", () => {
  const going = after(
    { type: "accepted", address: "/s" },
    { type: "text", text: "a" },
    { type: "position", lastEventId: "3" },
  );
  expect(going.stream).toEqual({ address: "/s", lastEventId: "3" });
  const back = withEvents(going, [{ type: "reconnecting", attempt: 1 }], 2_000);
  expect(withEvents(back, [{ type: "accepted", address: "/s" }], 2_000)).toEqual(going);
  expect(ended(going, 2_000)).toMatchObject({ stream: null, phase: { type: "done" }, text: "a" });
});

test("keeps the partial text when it is stopped or fails", () => {
  const going = after({ type: "text", text: "half" });

  expect(stopped(going, 2_000)).toMatchObject({ phase: { type: "stopped" }, text: "half" });
  expect(failed(going, FAILURE, 2_000)).toMatchObject({
    phase: { type: "failed" },
    text: "half",
    failure: FAILURE,
  });
});

test("is stopped, not failed, if another tab stopped it", () => {
  const { phase, failure } = failed(fresh, { ...FAILURE, code: "cancelled" }, 2_000);

  expect([phase.type, failure]).toEqual(["stopped", null]);
});
