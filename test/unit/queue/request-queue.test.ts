// Which request may generate, and when, with the real p-queue inside.

import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import type { FinishReason } from "../../../src/generation/events.ts";
import { Tally } from "../../../src/generation/tally.ts";
import { RequestQueue, type RequestQueueOptions } from "../../../src/queue/request-queue.ts";
import {
  ANONYMOUS_CALLER,
  type CallerLimits,
  TokenBudgets,
} from "../../../src/queue/token-budgets.ts";

const REASON = new ServiceError("aborted", "the client has left");

afterEach(() => {
  vi.useRealTimers();
});

/** A queue, and `ask(name)`, which enters it and logs the name once it has a slot. */
function open(options: Partial<RequestQueueOptions> = {}) {
  const queue = new RequestQueue({
    slots: 1,
    maxWaiting: 10,
    queueTimeoutMs: 60_000,
    flexWaitMs: 60_000,
    ...options,
  });
  const log: string[] = [];
  const ask = (name: string) => {
    const controller = new AbortController();
    const abort = vi.fn((error: ServiceError) => controller.abort(error));
    const ticket = queue.enter({ signal: controller.signal, abort });
    const acquire = () => ticket.acquire().then(() => void log.push(name));
    const served = acquire();
    served.catch(() => {});
    return { ticket, served, acquire, abort, leaveService: () => controller.abort(REASON) };
  };
  return { queue, log, ask };
}

/** An answer to a prompt of 10 tokens. */
function counted(completionTokens: number, reason: FinishReason | null = null): Tally {
  return Object.assign(new Tally(10), { completionTokens, reason });
}

function refusalOf(enter: () => unknown): ServiceError {
  try {
    enter();
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

test("gives out all slots and makes other requests wait", async () => {
  const { queue, log, ask } = open({ slots: 2 });

  for (const name of ["a", "b", "c"]) ask(name);
  await turn();

  expect(log).toEqual(["a", "b"]);
  expect([queue.busy, queue.waiting, queue.inside]).toEqual([2, 1, 3]);
});

test("serves in order of arrival, one request per returned slot", async () => {
  const { log, ask } = open();
  const [a, b, c] = [ask("a"), ask("b"), ask("c")];

  await a.served;
  a.ticket.release();
  await b.served;
  expect(log).toEqual(["a", "b"]);
  b.ticket.release();
  await c.served;

  expect(log).toEqual(["a", "b", "c"]);
});

test("starts the next request when the slot is free, not when the request on it is aborted", async () => {
  const { queue, log, ask } = open();
  const [a, b] = [ask("a"), ask("b")];
  await a.served;

  a.leaveService();
  await turn();
  expect([log, queue.busy]).toEqual([["a"], 1]);
  a.ticket.release();
  await b.served;

  expect([log, queue.busy]).toEqual([["a", "b"], 1]);
});

test("refuses with 429 when all slots and waiting places are taken", async () => {
  const { queue, ask } = open({ slots: 1, maxWaiting: 1 });
  ask("a");
  ask("b");

  const refused = refusalOf(() => ask("c"));

  expect(refused.code).toBe("queue_full");
  expect(refused.retryAfterSeconds).toBe(1);
  expect(queue.inside).toBe(2);
});

test("derives the retry advice from how long slots were held", async () => {
  vi.useFakeTimers();
  const { ask } = open({ slots: 1, maxWaiting: 2 });
  const first = ask("first");
  await first.served;
  vi.advanceTimersByTime(5_000);
  first.ticket.leave();
  for (const name of ["a", "b", "c"]) ask(name);

  const refused = refusalOf(() => ask("d"));

  expect(refused.retryAfterSeconds).toBe(10); // second in the queue, at 5 s each
});

test("counts a request against the limit until it leaves, with or without a slot", async () => {
  const { queue, ask } = open({ slots: 1, maxWaiting: 0 });
  const a = ask("a");
  await a.served;
  a.ticket.release();
  expect(refusalOf(() => ask("b")).code).toBe("queue_full");

  a.ticket.leave();

  expect(queue.inside).toBe(0);
  await expect(ask("c").served).resolves.toBeUndefined();
});

test("removes a waiting request as soon as its client disconnects, and moves the others up", async () => {
  const { queue, log, ask } = open();
  const [a, b, c] = [ask("a"), ask("b"), ask("c")];
  await a.served;

  b.leaveService();
  await expect(b.served).rejects.toBe(REASON);
  expect(queue.waiting).toBe(1);
  expect(c.ticket.queuePosition?.position).toBe(1);
  a.ticket.release();
  await c.served;

  expect(log).toEqual(["a", "c"]);
});

test("refuses a request that has waited for the queue timeout", async () => {
  vi.useFakeTimers();
  const { queue, ask } = open({ queueTimeoutMs: 1_500 });
  await ask("a").served;
  const b = ask("b");

  await vi.advanceTimersByTimeAsync(1_499);
  expect(queue.waiting).toBe(1);
  await vi.advanceTimersByTimeAsync(1);

  await expect(b.served).rejects.toMatchObject({
    code: "queue_timeout",
    message: "no slot became free within 1.5 s (--queue-timeout)",
    retryAfterSeconds: 2, // the running request has held its slot for 1.5 s
  });
  expect(queue.waiting).toBe(0);
});

test("puts a request that had a slot before those that never had one", async () => {
  const { log, ask } = open();
  const a = ask("a");
  await a.served;
  const [b, c] = [ask("b"), ask("c")];

  a.ticket.release();
  await b.served;
  const again = a.acquire();
  b.ticket.release();
  await again;
  a.ticket.release();
  await c.served;

  expect(log).toEqual(["a", "b", "a", "c"]);
});

test("refuses requests while draining", async () => {
  const { queue, ask } = open();
  ask("a");

  void queue.drain(1_000);

  expect(queue.isDraining).toBe(true);
  expect(refusalOf(() => ask("b")).code).toBe("draining");
});

test("is drained at once when empty", async () => {
  expect(await open().queue.drain(1_000)).toBe(true);
});

test("is drained when the last request has left, including waiting ones", async () => {
  vi.useFakeTimers();
  const { queue, log, ask } = open();
  const [a, b] = [ask("a"), ask("b")];
  const onDrained = vi.fn();
  const drained = queue.drain(10_000).then(onDrained);

  a.ticket.leave();
  await b.served;
  expect(onDrained).not.toHaveBeenCalled();
  b.ticket.leave();
  await drained;

  expect(onDrained.mock.calls).toEqual([[true]]);
  expect(log).toEqual(["a", "b"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("stops draining at its time limit", async () => {
  vi.useFakeTimers();
  const { queue, ask } = open();
  await ask("a").served;
  const onDrained = vi.fn();
  void queue.drain(10_000).then(onDrained);

  await vi.advanceTimersByTimeAsync(9_999);
  expect(onDrained).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);

  expect(onDrained.mock.calls).toEqual([[false]]);
});

test("ends all requests inside with the same error", async () => {
  const { queue, ask } = open();
  const [a, b] = [ask("a"), ask("b")];
  await a.served;
  const error = new ServiceError("draining", "the server is shutting down");

  queue.abortAll(error);

  expect(a.abort.mock.calls).toEqual([[error]]);
  expect(b.abort.mock.calls).toEqual([[error]]);
  await expect(b.served).rejects.toBe(error);
});

test("leaves no timer and no occupied place behind when all have left", async () => {
  vi.useFakeTimers();
  const { queue, ask } = open();
  const [a, b] = [ask("a"), ask("b")];
  await a.served;

  b.ticket.leave();
  a.ticket.leave();
  await vi.advanceTimersByTimeAsync(0);

  expect([queue.busy, queue.waiting, queue.inside, vi.getTimerCount()]).toEqual([0, 0, 0, 0]);
});

function enterAll(queue: RequestQueue, choices: number) {
  const abort = vi.fn<(error: ServiceError) => void>();
  return queue.enterAll(choices, { signal: new AbortController().signal, abort });
}

test("admits all choices of a request, each with its own place", async () => {
  const { queue } = open({ slots: 2 });

  const tickets = enterAll(queue, 3);
  for (const ticket of tickets) ticket.acquire().catch(() => {}); // the third leaves while it waits
  await turn();

  expect([queue.inside, queue.busy, queue.waiting]).toEqual([3, 2, 1]);
  for (const ticket of tickets) ticket.leave();
  expect(queue.inside).toBe(0);
});

test("admits all choices of a request or none", () => {
  const { queue, ask } = open({ slots: 1, maxWaiting: 3 });
  ask("a");
  ask("b");

  expect(refusalOf(() => enterAll(queue, 3)).code).toBe("queue_full");
  expect(queue.inside).toBe(2);
  expect(enterAll(queue, 2)).toHaveLength(2);
});

test("refuses more choices than the queue can hold, full or not", () => {
  const { queue } = open({ slots: 1, maxWaiting: 3 });

  expect(refusalOf(() => enterAll(queue, 5))).toMatchObject({ code: "invalid_value" });
  expect(queue.inside).toBe(0);
});

test("gives slots to normal requests before flex requests", async () => {
  const { queue, log, ask } = open();
  const a = ask("a");
  await a.served;
  const abort = vi.fn<(error: ServiceError) => void>();
  const flex = queue.enter({ signal: new AbortController().signal, abort, isFlex: true });
  const flexServed = flex.acquire().then(() => void log.push("flex"));
  const b = ask("b");

  a.ticket.release();
  await b.served;
  b.ticket.release();
  await flexServed;

  expect(log).toEqual(["a", "b", "flex"]);
});

/** `ask(owner)` enters as that key and logs the owner once it has a slot. */
function openShared(options: Partial<RequestQueueOptions> = {}) {
  const { queue, log } = open({ isShared: () => true, ...options });
  const ask = (owner: string, limits: Partial<CallerLimits> = {}) => {
    const caller = { owner, limits: { ...ANONYMOUS_CALLER.limits, ...limits } };
    const abort = vi.fn<(error: ServiceError) => void>();
    const ticket = queue.enter({ signal: new AbortController().signal, abort, caller });
    ticket.expect({ promptTokens: 10, maxTokens: 0 });
    const served = ticket.acquire().then(() => void log.push(owner));
    served.catch(() => {});
    return { ticket, served };
  };
  return { queue, log, ask };
}

test("serves one key's only request before another key's many", async () => {
  const { log, ask } = openShared({ maxWaiting: 50 });
  const many = Array.from({ length: 20 }, () => ask("many"));
  const few = ask("few");
  expect(few.ticket.queuePosition?.position).toBe(1);

  many[0]?.ticket.leave();
  await few.served;

  expect(log).toEqual(["many", "few"]);
});

test("reserves a queue place for a key that arrives late", () => {
  const { ask } = openShared({ slots: 1, maxWaiting: 9 });
  const fill = () => {
    for (;;) ask("greedy");
  };

  expect(refusalOf(fill).message).toContain("the remaining places are reserved for other keys");
  expect(() => ask("late")).not.toThrow();
});

test("keeps a key within its concurrency limit and starts its next request when one ends", async () => {
  const { queue, log, ask } = openShared({ slots: 3 });
  const [a1, a2] = [ask("a", { concurrent: 1 }), ask("a", { concurrent: 1 })];
  const b = ask("b");
  await Promise.all([a1.served, b.served]);
  expect(queue.loadOf("a")).toEqual({ running: 1, waiting: 1 });
  expect([a2.ticket.isContended, b.ticket.isContended]).toEqual([true, false]);

  b.ticket.leave();
  await turn();
  expect(log).toEqual(["a", "b"]);
  a1.ticket.leave();
  await a2.served;

  expect(log).toEqual(["a", "b", "a"]);
});

test("starts waiting requests when the key's limit is raised", async () => {
  const { queue, ask } = openShared({ slots: 4 });
  const asked = [1, 2, 3].map(() => ask("a", { concurrent: 1 }));
  await asked[0]?.served;

  const last = ask("a", { concurrent: 4 });
  await Promise.all([...asked, last].map(({ served }) => served));

  expect(queue.loadOf("a")).toEqual({ running: 4, waiting: 0 });
});

test("estimates the wait of a key with few slots from its own requests", async () => {
  vi.useFakeTimers();
  const { ask } = openShared({ slots: 4 });
  const asked = [1, 2, 3].map(() => ask("a", { concurrent: 1 }));
  vi.advanceTimersByTime(6_000);
  asked[0]?.ticket.leave();
  await asked[1]?.served;

  expect(asked[2]?.ticket.queuePosition).toEqual({ position: 1, etaMs: 6_000 }); // 3 slots are free
});

test("refuses a key beyond its own limit, but not other keys", async () => {
  const { ask } = openShared({ slots: 1 });
  await ask("a", { waiting: 1 }).served;
  ask("a", { waiting: 1 });

  expect(refusalOf(() => ask("a", { waiting: 1 })).code).toBe("rate_limit_exceeded");
  expect(() => ask("b", { waiting: 1 })).not.toThrow();
});

test("lets a request finish that exceeds its key's tokens, and refuses the next one", async () => {
  vi.useFakeTimers();
  const { ask } = openShared({ slots: 2, tokenBudgets: new TokenBudgets() });
  const limits = { tokensPerMinute: 60 };
  const first = ask("a", limits);
  await first.served; // 10 tokens of the prompt

  first.ticket.charge(counted(54));
  const refused = refusalOf(() => ask("a", limits));
  expect(refused).toMatchObject({ code: "rate_limit_exceeded", retryAfterSeconds: 5 });
  first.ticket.charge(counted(55));
  vi.advanceTimersByTime(6_000);

  expect(() => ask("a", limits)).not.toThrow();
});

test("charges keys the real cost of their requests, whatever was expected", async () => {
  const { log, ask } = openShared({ maxWaiting: 200 });
  const answers = { talker: 190, brief: 10 };
  const asked = Array.from({ length: 40 }, () => [ask("talker"), ask("brief")]).flat();
  const byTurn = new Map(asked.map((each) => [each.served, each.ticket]));

  for (let served = 0; served < 21; served += 1) {
    const [ticket, owner] = await Promise.race(
      [...byTurn].map(([turn, each]) => turn.then(() => [each, each.owner] as const)),
    );
    for (const [turn, each] of byTurn) if (each === ticket) byTurn.delete(turn);
    const completionTokens = answers[owner as keyof typeof answers];
    ticket.charge(counted(completionTokens, "stop"));
    ticket.leave();
    await turn();
  }

  const few = log.filter((owner) => owner === "talker").length;
  expect([log.length, few]).toEqual([22, 2]); // 200 tokens each, and 20 times 20
});

test("compares a deadline with the wait of the key itself, not of the whole queue", async () => {
  vi.useFakeTimers();
  const { queue, ask } = openShared({ slots: 1, maxWaiting: 100 });
  const many = Array.from({ length: 20 }, () => ask("many"));
  await many[0]?.served;
  vi.advanceTimersByTime(1_000);
  const enter = (owner: string, isFlex = false) => {
    const caller = { owner, limits: ANONYMOUS_CALLER.limits };
    const { signal } = new AbortController();
    return queue.enter({ signal, abort: () => {}, caller, isFlex, deadlineMs: 3_000 });
  };

  expect(refusalOf(() => enter("many")).code).toBe("deadline_unmeetable"); // 20 s
  expect(refusalOf(() => enter("few", true)).code).toBe("deadline_unmeetable");
  expect(() => enter("few")).not.toThrow();
});
