// Kept responses: only for their owner, for a limited time, within a limited size, and without leaking a byte.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ServiceError } from "../../../src/errors.ts";
import { type ResponseSource, ResponseStore } from "../../../src/resume/response-store.ts";

const HOUR_MS = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function storeOf(maxBytes = 1_000_000): ResponseStore {
  return new ResponseStore({ maxBytes, ttlMs: HOUR_MS });
}

const QUEUED = { type: "queued", position: 1, etaMs: null } as const;
const said = (text: string) => ({ type: "message", text });

/** Null if there is no room for the response. */
function tryToBegin(store: ResponseStore, id: string, changes: Partial<ResponseSource> = {}) {
  return store.begin({
    id,
    owner: "me",
    previousId: null,
    input: [said(`question ${id}`)],
    state: () => ({ id, status: "in_progress" }),
    waitStatus: () => QUEUED,
    abort: () => {},
    ...changes,
  });
}

function begin(store: ResponseStore, id: string, changes: Partial<ResponseSource> = {}) {
  const response = tryToBegin(store, id, changes);
  if (!response) throw new Error("there is no room for it");
  return response;
}

/** Keeps an ended response with `logged` characters in its log. */
function keep(store: ResponseStore, id: string, changes: Partial<ResponseSource> = {}, logged = 0) {
  const response = begin(store, id, changes);
  if (logged > 0) response.log.append([{ data: "x".repeat(logged) }]);
  response.end({
    state: { id, status: "completed" },
    output: [said(`answer ${id}`)],
    closed: null,
    replay: () => [{ data: `replayed ${id}` }],
  });
  return response;
}

const gone = { code: "not_found" };
function refusalOf(work: () => unknown): ServiceError {
  try {
    work();
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error("was not refused");
}

test("returns a response while it is running and after its end", () => {
  const store = storeOf();
  const response = begin(store, "a");

  expect(store.get("a", "me").state()).toEqual({ id: "a", status: "in_progress" });
  expect(store.get("a", "me").waitStatus()).toBe(QUEUED);
  response.end({ state: { status: "completed" }, output: [], closed: null, replay: () => [] });
  expect(store.get("a", "me").state()).toEqual({ status: "completed" });
  expect(store.get("a", "me").isRunning).toBe(false);
  expect(store.get("a", "me").waitStatus()).toBe(null);
});

test("answers other owners as if the response had never existed", () => {
  const store = storeOf();
  keep(store, "a");

  const foreign = refusalOf(() => store.get("a", "another owner"));
  store.delete("a", "me");
  expect(foreign.code).toBe("not_found");
  expect(refusalOf(() => store.get("a", "me")).message).toBe(foreign.message);
  expect(refusalOf(() => store.delete("a", "another owner"))).toMatchObject(gone);
  expect(refusalOf(() => store.conversation("a", "another owner"))).toMatchObject({
    code: "previous_response_not_found",
    param: "previous_response_id",
  });
});

test("returns the whole conversation over many turns", () => {
  const store = storeOf();
  keep(store, "a");
  keep(store, "b", { previousId: "a" });
  const c = keep(store, "c", { previousId: "b" });

  const expected = ["question a", "answer a", "question b", "answer b", "question c"].map(said);
  expect(c.input()).toEqual(expected);
  expect(store.conversation("c", "me")).toEqual([...expected, said("answer c")]);
});

test("lets a conversation branch, and keeps a turn while a branch needs it", () => {
  const store = storeOf();
  keep(store, "a");
  keep(store, "b", { previousId: "a" });
  keep(store, "c", { previousId: "a" });
  store.delete("a", "me");
  store.delete("b", "me");

  expect(store.conversation("c", "me")).toHaveLength(4);
  store.delete("c", "me");
  expect([store.size, store.bytes]).toEqual([0, 0]);
});

describe("no request can continue a response", () => {
  test("that is still running", () => {
    const store = storeOf();
    begin(store, "a");

    expect(refusalOf(() => store.conversation("a", "me"))).toMatchObject({ code: "invalid_value" });
  });

  test("that failed", () => {
    const store = storeOf();
    const closed = "it failed with worker_crashed";
    begin(store, "a").end({ state: {}, output: [], closed, replay: () => [] });

    expect(refusalOf(() => store.conversation("a", "me")).message).toContain("worker_crashed");
  });
});

test("forgets each response when its time is over, and not before", () => {
  const store = storeOf();
  keep(store, "a");
  vi.advanceTimersByTime(HOUR_MS / 2);
  keep(store, "b");
  begin(store, "c");
  vi.advanceTimersByTime(HOUR_MS / 2);

  expect(refusalOf(() => store.get("a", "me"))).toMatchObject(gone);
  expect(store.get("b", "me").id).toBe("b");
  vi.advanceTimersByTime(HOUR_MS);
  expect(store.size).toBe(1); // the running one
  store.close();
  expect([store.size, store.bytes, vi.getTimerCount()]).toEqual([0, 0, 0]);
});

test("makes room by dropping the events of the oldest responses, then the responses", () => {
  const store = storeOf(40_000);
  for (const id of ["a", "b", "c"]) keep(store, id, {}, 5_000);
  expect(store.bytes).toBeGreaterThan(30_000);
  keep(store, "d", {}, 5_000);

  expect(["a", "b", "c", "d"].map((id) => store.get(id, "me").log.isDropped)).toEqual([
    true,
    false,
    false,
    false,
  ]);
  for (let index = 0; index < 100; index++) keep(store, `${index}`, {}, 1_000);
  expect(store.bytes).toBeLessThanOrEqual(40_000);
  expect(refusalOf(() => store.get("a", "me"))).toMatchObject(gone);
  expect(store.get("99", "me").state()).toMatchObject({ status: "completed" });
});

describe("an owner with more than an equal share", () => {
  const isThere = (store: ResponseStore, id: string, owner: string) => {
    try {
      return store.get(id, owner).id === id;
    } catch {
      return false;
    }
  };

  test("loses its own oldest responses, while other owners lose nothing", () => {
    const store = storeOf(40_000);
    for (const owner of ["bob", "carol"]) keep(store, owner, { owner }, 1_000);
    for (let index = 0; index < 50; index++) {
      keep(store, `alice ${index}`, { owner: "alice", input: [said("x".repeat(2_000))] }, 500);
      expect(store.bytes).toBeLessThanOrEqual(40_000);
      expect(isThere(store, `alice ${index}`, "alice")).toBe(true);
    }

    expect(["bob", "carol"].map((owner) => store.get(owner, owner).log.isDropped)).toEqual([
      false,
      false,
    ]);
    expect(isThere(store, "alice 0", "alice")).toBe(false);
  });

  test("gives up its excess to an owner that comes later", () => {
    const store = storeOf(40_000);
    for (let index = 0; index < 50; index++) keep(store, `alice ${index}`, { owner: "alice" });
    for (let index = 0; index < 50; index++) keep(store, `bob ${index}`, { owner: "bob" });
    const count = (owner: string) =>
      Array.from({ length: 50 }, (_, index) => isThere(store, `${owner} ${index}`, owner)).filter(
        Boolean,
      ).length;

    expect(count("alice")).toBeGreaterThan(7);
    expect(Math.abs(count("bob") - count("alice"))).toBeLessThan(5);
  });

  test("cannot fill the store with running responses", () => {
    const store = storeOf(40_000);
    keep(store, "kept", { owner: "bob" }, 1_000);
    const input = [said("x".repeat(2_000))];
    const running = Array.from({ length: 20 }, (_, index) =>
      tryToBegin(store, `${index}`, { owner: "alice", input }),
    );

    expect(running.filter((each) => each !== null)).toHaveLength(3); // 5 KB each, in half of the store
    expect(tryToBegin(store, "new", { owner: "bob", input })).not.toBe(null);
    expect(store.get("kept", "bob").log.isDropped).toBe(false);
  });

  test("cannot evade that limit by continuing from kept responses", () => {
    const store = storeOf(40_000);
    keep(store, "long", { input: [said("x".repeat(6_000))] });

    expect(tryToBegin(store, "a", { previousId: "long" })).not.toBe(null);
    expect(tryToBegin(store, "b", { previousId: "long" })).toBe(null);
  });
});

test("keeps a response that is too large only until another one arrives", () => {
  const store = storeOf(20_000);
  const response = begin(store, "a");
  const text = "x".repeat(20_000);
  response.end({ state: { text }, output: [said(text)], closed: null, replay: () => [] });
  expect(store.get("a", "me").state()).toEqual({ text });

  begin(store, "b");
  expect(refusalOf(() => store.get("a", "me"))).toMatchObject(gone);
});

test("drops the events of a response that exceeds the store, but not the response", () => {
  const store = storeOf(20_000);
  const response = begin(store, "a");
  for (let index = 0; index < 100; index++) response.log.append([{ data: "x".repeat(1_000) }]);

  expect(response.log.isDropped).toBe(true);
  expect(store.bytes).toBeLessThan(2_000);
  response.end({ state: { id: "a" }, output: [], closed: null, replay: () => [] });
  expect(store.get("a", "me").state()).toEqual({ id: "a" });
});

test("rebuilds the events of a response that was not streamed", async () => {
  const store = storeOf();
  keep(store, "a");
  const batches = [];
  for await (const batch of store.get("a", "me").log.read(-1, new AbortController().signal))
    batches.push(batch);

  expect(batches).toEqual([[{ data: "replayed a" }]]);
});

test("stops a response that is deleted while running, and does not keep its end", () => {
  const store = storeOf();
  const abort = vi.fn();
  const response = begin(store, "a", { abort });
  store.delete("a", "me");
  response.log.append([{ data: "more" }]);
  response.end({ state: {}, output: [], closed: null, replay: () => [] });

  expect(abort).toHaveBeenCalledWith(expect.objectContaining({ code: "cancelled" }));
  expect([store.size, store.bytes]).toEqual([0, 0]);
});

test("reports that it keeps nothing if its size is 0", () => {
  const store = storeOf(0);

  expect(store.isOpen).toBe(false);
  expect(refusalOf(() => store.get("a", "me")).message).toContain("--response-store 0");
});
