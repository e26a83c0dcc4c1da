// The server's side of one request in the worker: abort, credit, and leaving its slot.

import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ToWorker } from "../../../src/engine/messages.ts";
import { RemoteRun, type RemoteRunOptions } from "../../../src/engine/remote-run.ts";
import { ServiceError } from "../../../src/errors.ts";
import { deferred } from "../../../src/generation/deferred.ts";
import type { PreparedRequest } from "../../../src/generation/request.ts";
import { Tally } from "../../../src/generation/tally.ts";

const PARK_TIMEOUT_MS = 2000;
const REQUEST = { promptTokens: Uint32Array.of(1) } as PreparedRequest; // only the worker uses the other fields
const USAGE = { promptTokens: 1, cachedTokens: 0, completionTokens: 2, reasoningTokens: 0 };
const FINISHED = {
  type: "output",
  id: "r1",
  event: {
    type: "finish",
    reason: "stop",
    stopString: null,
    usage: USAGE,
    prefixTier: "slot",
    prefillMs: 3,
  },
} as const;
const REASON = new ServiceError("aborted", "the client has left");

afterEach(() => {
  vi.useRealTimers();
});

function open(options: Partial<RemoteRunOptions> = {}) {
  const [controller, deadline] = [new AbortController(), new AbortController()];
  const sent: ToWorker[] = [];
  const lease = {
    acquire: vi.fn<() => Promise<void>>(async () => {}),
    release: vi.fn<() => void>(),
    isHeld: false,
    isContended: false,
  };
  const onWastedTokens = vi.fn<(tokens: number) => void>();
  const onEnded = vi.fn<() => void>();
  const run = new RemoteRun({
    id: "r1",
    request: REQUEST,
    start: { generated: [], tally: new Tally(1), isSuspect: false },
    cacheScope: "a key",
    lease,
    signal: controller.signal,
    deadline: deadline.signal,
    send: (message) => sent.push(message),
    streamBufferBytes: 10,
    parkTimeoutMs: PARK_TIMEOUT_MS,
    enterGate: async () => () => {},
    enterWorker: async () => {},
    isGateWanted: () => false,
    onWastedTokens,
    onEnded,
    ...options,
  });
  const reader = run.events[Symbol.asyncIterator]();
  const sendText = (text: string) =>
    run.receive({ type: "output", id: "r1", event: { type: "text-delta", text, tokens: 1 } });
  return { run, reader, sent, lease, controller, deadline, onWastedTokens, onEnded, sendText };
}

/** A started run. `sent` contains only the messages after `start`. */
async function started(options: Partial<RemoteRunOptions> = {}) {
  const opened = open(options);
  await opened.run.begin();
  opened.sent.length = 0;
  opened.lease.acquire.mockClear();
  return opened;
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), turn().then(() => false)]);
}

test("starts with the whole buffer as credit", async () => {
  const { run, sent, lease } = open();

  await run.begin();

  expect(lease.acquire).toHaveBeenCalledTimes(1);
  expect(sent).toEqual([
    {
      type: "start",
      id: "r1",
      request: REQUEST,
      generated: [],
      cacheScope: "a key",
      creditBytes: 10,
    },
  ]);
});

test("passes the text and the finish event to the reader", async () => {
  const { run, reader, sendText } = await started();

  sendText("Hi");
  run.receive(FINISHED);

  expect((await reader.next()).value).toMatchObject({ type: "text-delta", text: "Hi", tokens: 1 });
  expect((await reader.next()).value).toEqual({
    type: "finish",
    reason: "stop",
    stopString: null,
    usage: USAGE,
    prefixTier: "slot",
    prefillMs: 3,
  });
  expect((await reader.next()).done).toBe(true);
});

test("frees the slot when the worker is done, however slow the reader is", async () => {
  const { run, reader, sent, lease, onEnded, sendText } = await started();

  sendText("Hi");
  run.receive(FINISHED);
  expect(lease.release).toHaveBeenCalledTimes(1);
  expect(onEnded).toHaveBeenCalledTimes(1);
  await run.finish();

  expect((await reader.next()).value).toMatchObject({ text: "Hi" });
  expect(sent).toEqual([]);
  expect(lease.release).toHaveBeenCalledTimes(1);
});

test("sends nothing to the worker for a request that never started, and releases its lease", async () => {
  const { run, sent, lease, controller, onEnded } = open();

  controller.abort(REASON);
  await run.finish();

  expect(sent).toEqual([]);
  expect(lease.release).toHaveBeenCalledTimes(1);
  expect(onEnded).toHaveBeenCalledTimes(1);
});

test.each(["controller", "deadline"] as const)(
  "does not start a request whose %s aborts while it waits for a worker",
  async (which) => {
    const ready = deferred<void>();
    const { run, sent, ...signals } = open({ enterWorker: () => ready.promise });
    const begun = run.begin();

    signals[which].abort(REASON);
    ready.resolve();

    await expect(begun).rejects.toBe(REASON);
    expect(sent).toEqual([]);
  },
);

test("sends an abort to the worker at once, and its reason to the reader", async () => {
  const { run, reader, sent, controller } = await started();

  const reading = reader.next();
  controller.abort(REASON);

  expect(sent).toEqual([{ type: "abort", id: "r1" }]);
  await expect(reading).rejects.toBe(REASON);
  run.receive({ type: "aborted", id: "r1", tokensAfterAbort: 0 });
});

test("keeps the slot until the worker confirms the abort", async () => {
  const { run, lease, controller } = await started();
  controller.abort(REASON);

  const finishing = run.finish();
  expect(await isSettled(finishing)).toBe(false);
  expect(lease.release).not.toHaveBeenCalled();
  run.receive({ type: "aborted", id: "r1", tokensAfterAbort: 0 });
  await finishing;

  expect(lease.release).toHaveBeenCalledTimes(1);
});

test("stops the worker when the reader leaves in the middle of the answer", async () => {
  const { run, sent, lease, sendText } = await started();
  sendText("Hi");

  const finishing = run.finish();
  expect(sent).toEqual([{ type: "abort", id: "r1" }]);
  run.receive({ type: "aborted", id: "r1", tokensAfterAbort: 1 });
  await finishing;

  expect(lease.release).toHaveBeenCalledTimes(1);
});

test("adds the tokens that it receives to those of earlier runs, from which another worker can continue", async () => {
  const start = { generated: [7], tally: new Tally(1), isSuspect: false };
  const { run } = await started({ start });
  const delta = { type: "reasoning-delta", text: "Hi", tokens: 2, ids: [8, 9] } as const;

  run.receive({ type: "output", id: "r1", event: delta });

  expect(start.generated).toEqual([7, 8, 9]);
  expect(start.tally).toMatchObject({ completionTokens: 2, reasoningTokens: 2 });
});

test("counts the tokens that were computed after the client had disconnected", async () => {
  const { run, controller, onWastedTokens, sendText } = await started();
  sendText("wanted");

  controller.abort(REASON);
  sendText("on its way");
  run.receive({ type: "aborted", id: "r1", tokensAfterAbort: 3 });

  expect(onWastedTokens.mock.calls).toEqual([[1], [3]]);
});

test("passes a failure of the worker to the reader as a ServiceError", async () => {
  const { run, reader, lease, onEnded } = await started();

  run.receive({
    type: "failed",
    id: "r1",
    error: { code: "generation_failed", message: "the engine failed" },
  });

  await expect(reader.next()).rejects.toMatchObject({
    code: "generation_failed",
    message: "the engine failed",
  });
  expect(lease.release).toHaveBeenCalledTimes(1);
  expect(onEnded).toHaveBeenCalledTimes(1);
});

test("ends with the tokens so far at its deadline, and stops the worker", async () => {
  const { run, reader, sent, deadline, sendText, onWastedTokens } = await started();
  const prompt = { cachedTokens: 1, prefixTier: "slot", prefillMs: 5 } as const;
  run.receive({
    type: "output",
    id: "r1",
    event: { type: "text-delta", text: "Hi", tokens: 1, prompt },
  });
  deadline.abort(new ServiceError("deadline_exceeded", "late"));
  sendText("more");

  expect(sent).toEqual([{ type: "abort", id: "r1" }]);
  expect((await reader.next()).value).toMatchObject({ text: "Hi" });
  expect((await reader.next()).value).toMatchObject({
    type: "finish",
    reason: "length",
    usage: { promptTokens: 1, cachedTokens: 1, completionTokens: 1, reasoningTokens: 0 },
    prefixTier: "slot",
    prefillMs: 5,
  });
  expect((await reader.next()).done).toBe(true);
  expect(onWastedTokens.mock.calls).toEqual([[1]]);
  run.receive({ type: "aborted", id: "r1", tokensAfterAbort: 0 });
  await run.finish();
});

const CRASH = new ServiceError("worker_crashed", "gone");
const LOSS = { error: CRASH, isFromOutside: false, crashesInARow: 1 };

test("keeps its slot when the worker is lost, and waits for no reply from it", async () => {
  const { run, reader, sent, lease } = await started();

  run.lose(LOSS);
  await run.finish();

  await expect(reader.next()).rejects.toBe(CRASH);
  expect(run.loss).toBe(LOSS);
  expect(sent).toEqual([]);
  expect(lease.release).not.toHaveBeenCalled();
});

test("releases the slot to waiting requests when the worker is lost and the reader is too slow to notice", async () => {
  vi.useFakeTimers();
  const [behind, back] = [await started(), await started()];
  for (const { run, lease, sendText } of [behind, back]) {
    sendText("ab");
    run.lose(LOSS);
    vi.advanceTimersByTime(2 * PARK_TIMEOUT_MS);
    expect(lease.release).not.toHaveBeenCalled(); // no request is waiting
    lease.isContended = true;
  }
  await back.run.finish();
  vi.advanceTimersByTime(2 * PARK_TIMEOUT_MS);

  expect(behind.lease.release).toHaveBeenCalledTimes(1);
  expect(back.lease.release).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("releases the slot of a parked request when the worker is lost, because its reader may never catch up", async () => {
  const { run, lease } = await started();
  run.receive({ type: "parked", id: "r1" });

  run.lose(LOSS);

  expect(lease.release).toHaveBeenCalledTimes(1);
});

describe("a suspect", () => {
  const start = { generated: [7, 8], tally: new Tally(1), isSuspect: true };

  test("continues from the known tokens, in its slot, with little credit", async () => {
    const { run, sent, lease } = open({ start, streamBufferBytes: 100 });
    lease.isHeld = true;

    await run.begin();

    expect(lease.acquire).not.toHaveBeenCalled();
    expect(run.isProving).toBe(true);
    expect(sent).toEqual([
      {
        type: "start",
        id: "r1",
        request: REQUEST,
        generated: [7, 8],
        cacheScope: "a key",
        creditBytes: 32,
      },
    ]);
  });

  test("is cleared when that credit is used up: waits outside the gate, and continues when all are cleared", async () => {
    const allProven = deferred<void>();
    const left: boolean[] = [];
    const enterGate = async (isSuspect: boolean) => {
      if (!isSuspect) await allProven.promise;
      return () => void left.push(isSuspect);
    };
    const { run, sent, reader, sendText } = await started({
      start,
      streamBufferBytes: 100,
      enterGate,
    });
    sendText("x".repeat(70));
    run.receive({ type: "parked", id: "r1" });
    await reader.next();
    expect([run.isProving, left, sent]).toEqual([false, [true], []]);

    allProven.resolve();
    await turn();
    expect(sent).toEqual([{ type: "credit", id: "r1", bytes: 70 + 100 - 32 }]);
    run.receive(FINISHED);
    expect(left).toEqual([true, false]);
  });

  test("that is lost while it waits for other suspects was not proving", async () => {
    const { run } = await started({ start, enterGate: async () => () => {} });
    run.receive({ type: "parked", id: "r1" });
    run.lose(LOSS);

    expect(run.isProving).toBe(false);
  });

  test("that is lost while it runs alone was proving", async () => {
    const { run } = await started({ start });
    run.lose(LOSS);

    expect(run.isProving).toBe(true);
  });
});

test("returns credit half a buffer at a time", async () => {
  const { reader, sent, sendText } = await started();

  for (const text of ["1234", "5", "6", "78901"]) {
    sendText(text);
    await reader.next();
  }

  expect(sent).toEqual([
    { type: "credit", id: "r1", bytes: 5 },
    { type: "credit", id: "r1", bytes: 6 },
  ]);
});

test("suspends a parked request after a while if other requests wait, and again as long as it is parked", async () => {
  vi.useFakeTimers();
  const { run, sent, lease, sendText } = await started();
  lease.isContended = true;
  sendText("0123456789");

  run.receive({ type: "parked", id: "r1" });
  vi.advanceTimersByTime(PARK_TIMEOUT_MS - 1);
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(sent).toEqual([{ type: "suspend", id: "r1" }]);
  vi.advanceTimersByTime(PARK_TIMEOUT_MS); // the worker may not have been able to

  expect(sent).toHaveLength(2);
});

test("lets a parked request keep its slot until another request waits for it", async () => {
  vi.useFakeTimers();
  const { run, sent, lease } = await started();

  run.receive({ type: "parked", id: "r1" });
  vi.advanceTimersByTime(10 * PARK_TIMEOUT_MS);
  expect(sent).toEqual([]);
  lease.isContended = true;
  vi.advanceTimersByTime(PARK_TIMEOUT_MS);

  expect(sent).toEqual([{ type: "suspend", id: "r1" }]);
});

test("suspends a parked request also when a suspect waits at the gate", async () => {
  vi.useFakeTimers();
  const { run, sent } = await started({ isGateWanted: () => true });

  run.receive({ type: "parked", id: "r1" });
  vi.advanceTimersByTime(PARK_TIMEOUT_MS);

  expect(sent).toEqual([{ type: "suspend", id: "r1" }]);
});

test("a suspended request has left the gate and its slot, and its reader gets what was sent before", async () => {
  const left = vi.fn();
  const { run, reader, sent, lease, onEnded, sendText } = await started({
    enterGate: async () => left,
  });
  sendText("0123456789");
  run.receive({ type: "parked", id: "r1" });

  run.receive({ type: "suspended", id: "r1" });
  expect([left, lease.release, onEnded].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1]);

  expect((await reader.next()).value).toMatchObject({ text: "0123456789" });
  expect((await reader.next()).done).toBe(true);
  await run.finish();
  expect([run.loss, sent, lease.acquire.mock.calls]).toEqual([null, [], []]);
});

test("lets it keep its slot when the reader catches up in time", async () => {
  vi.useFakeTimers();
  const { run, reader, sent, lease, sendText } = await started();
  lease.isContended = true;
  sendText("0123456789");
  run.receive({ type: "parked", id: "r1" });

  await reader.next();
  vi.advanceTimersByTime(10 * PARK_TIMEOUT_MS);

  expect(sent).toEqual([{ type: "credit", id: "r1", bytes: 10 }]);
  expect(vi.getTimerCount()).toBe(0);
});

test("leaves no timer behind when a parked request ends", async () => {
  vi.useFakeTimers();
  const { run } = await started();
  run.receive({ type: "parked", id: "r1" });
  expect(vi.getTimerCount()).toBe(1);

  run.receive({ type: "aborted", id: "r1", tokensAfterAbort: 0 });

  expect(vi.getTimerCount()).toBe(0);
});
