// Kept responses: only for their owner, for a limited time, within a limited size, and without leaking a byte.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ServiceError } from "../../../src/errors.ts";
import { inputItemsOf } from "../../../src/resume/conversation.ts";
import type { EventLog } from "../../../src/resume/event-log.ts";
import {
  eventsOf,
  type ResponseSource,
  StoredResponses,
} from "../../../src/resume/stored-responses.ts";

const HOUR_MS = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function storeOf(maxBytes = 1_000_000): StoredResponses {
  return new StoredResponses({ maxBytes, keepMs: HOUR_MS });
}

const QUEUED = { type: "queued", position: 1, etaMs: null } as const;
const said = (text: string) => ({ type: "message", text });

/** Null if there is no room for the response. */
function tryToBegin(store: StoredResponses, id: string, changes: Partial<ResponseSource> = {}) {
  return store.begin({
    id,
    owner: "me",
    previousId: null,
    input: [said(`question ${id}`)],
    state: () => ({ id, status: "completed" }),
    output: () => [said(`answer ${id}`)],
    replay: () => [{ data: `replayed ${id}` }],
    waitStatus: () => QUEUED,
    abort: () => {},
    ...changes,
  });
}

function begin(store: StoredResponses, id: string, changes: Partial<ResponseSource> = {}) {
  const response = tryToBegin(store, id, changes);
  if (!response) throw new Error("there is no room for it");
  return response;
}

/** Keeps an ended response with `logged` characters in its log. */
function keep(
  store: StoredResponses,
  id: string,
  changes: Partial<ResponseSource> = {},
  logged = 0,
) {
  const response = begin(store, id, changes);
  if (logged > 0) response.log.append([{ data: "x".repeat(logged) }]);
  response.end(null);
  return response;
}

function isThere(store: StoredResponses, id: string, owner = "me"): boolean {
  try {
    return store.get(id, owner).id === id;
  } catch {
    return false;
  }
}

/** Whether its events are gone. */
function isDropped(log: EventLog): boolean {
  try {
    log.check(-1);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: "events_dropped" });
    return true;
  }
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
  let state = { id: "a", status: "in_progress" };
  const response = begin(store, "a", { state: () => state });

  expect(store.get("a", "me").state()).toEqual({ id: "a", status: "in_progress" });
  expect(store.get("a", "me").waitStatus()).toBe(QUEUED);
  state = { id: "a", status: "completed" };
  response.end(null);
  expect(store.get("a", "me").state()).toEqual({ id: "a", status: "completed" });
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
    field: "previousId",
  });
});

test("returns the whole conversation over many turns", () => {
  const store = storeOf();
  keep(store, "a");
  keep(store, "b", { previousId: "a" });
  const c = keep(store, "c", { previousId: "b" });

  const expected = ["question a", "answer a", "question b", "answer b", "question c"].map(said);
  expect(inputItemsOf(c.turn)).toEqual(expected);
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
  expect(["a", "b", "c"].some((id) => isThere(store, id))).toBe(false);
  expect(store.answers.bytes).toBe(0);
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
    begin(store, "a").end(closed);

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
  expect(["a", "b", "c"].map((id) => isThere(store, id))).toEqual([false, false, true]);
  store.answers.close();
  expect(isThere(store, "c")).toBe(false);
  expect([store.answers.bytes, vi.getTimerCount()]).toEqual([0, 0]);
});

test("makes room by dropping the events of the oldest responses, then the responses", () => {
  const store = storeOf(40_000);
  for (const id of ["a", "b", "c"]) keep(store, id, {}, 5_000);
  expect(store.answers.bytes).toBeGreaterThan(30_000);
  keep(store, "d", {}, 5_000);

  expect(["a", "b", "c", "d"].map((id) => isDropped(store.get(id, "me").log))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  for (let index = 0; index < 100; index++) keep(store, `${index}`, {}, 1_000);
  expect(store.answers.bytes).toBeLessThanOrEqual(40_000);
  expect(refusalOf(() => store.get("a", "me"))).toMatchObject(gone);
  expect(store.get("99", "me").state()).toMatchObject({ status: "completed" });
});

describe("an owner with more than an equal share", () => {
  test("loses its own oldest responses, while other owners lose nothing", () => {
    const store = storeOf(40_000);
    for (const owner of ["bob", "carol"]) keep(store, owner, { owner }, 1_000);
    for (let index = 0; index < 50; index++) {
      keep(store, `alice ${index}`, { owner: "alice", input: [said("x".repeat(2_000))] }, 500);
      expect(store.answers.bytes).toBeLessThanOrEqual(40_000);
      expect(isThere(store, `alice ${index}`, "alice")).toBe(true);
    }

    expect(["bob", "carol"].map((owner) => isDropped(store.get(owner, owner).log))).toEqual([
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
    expect(isDropped(store.get("kept", "bob").log)).toBe(false);
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
  const text = "x".repeat(20_000);
  begin(store, "a", { state: () => ({ text }), output: () => [said(text)] }).end(null);
  expect(store.get("a", "me").state()).toEqual({ text });

  begin(store, "b");
  expect(refusalOf(() => store.get("a", "me"))).toMatchObject(gone);
});

test("drops the events of a response that exceeds the store, but not the response", () => {
  const store = storeOf(20_000);
  const response = begin(store, "a");
  for (let index = 0; index < 100; index++) response.log.append([{ data: "x".repeat(1_000) }]);

  expect(isDropped(response.log)).toBe(true);
  expect(store.answers.bytes).toBeLessThan(2_000);
  response.end(null);
  expect(store.get("a", "me").state()).toEqual({ id: "a", status: "completed" });
});

test("rebuilds the events of a response that was not streamed", async () => {
  const store = storeOf();
  keep(store, "a");
  const batches = [];
  for await (const batch of eventsOf(store.get("a", "me")).read(-1, new AbortController().signal))
    batches.push(batch);

  expect(batches).toEqual([[{ data: "replayed a" }]]);
});

test("stops a response that is deleted while running, and does not keep its end", () => {
  const store = storeOf();
  const abort = vi.fn();
  const response = begin(store, "a", { abort });
  store.delete("a", "me");
  response.log.append([{ data: "more" }]);
  response.end(null);

  expect(abort).toHaveBeenCalledWith(expect.objectContaining({ code: "cancelled" }));
  expect([isThere(store, "a"), store.answers.bytes]).toEqual([false, 0]);
});

test("reports that it keeps nothing if its size is 0", () => {
  const store = storeOf(0);

  expect(store.isOpen).toBe(false);
  expect(refusalOf(() => store.get("a", "me")).message).toContain("--response-store 0");
});
