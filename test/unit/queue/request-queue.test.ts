// Who may generate, and when, with the real p-queue inside.

import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { Accounts, EVERYBODY, type ShareLimits } from "../../../src/queue/accounts.ts";
import { RequestQueue, type RequestQueueOptions } from "../../../src/queue/request-queue.ts";

const REASON = new ServiceError("aborted", "the client has left");

afterEach(() => {
  vi.useRealTimers();
});

/** A queue, and `ask(name)`, which enters it and notes the name once it has a slot. */
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

function refusalOf(enter: () => unknown): ServiceError {
  try {
    enter();
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

test("gives slots out as long as there are some; the others wait", async () => {
  const { queue, log, ask } = open({ slots: 2 });

  for (const name of ["a", "b", "c"]) ask(name);
  await turn();

  expect(log).toEqual(["a", "b"]);
  expect([queue.busy, queue.waiting, queue.inside]).toEqual([2, 1, 3]);
});

test("serves in the order of arrival, one for each slot that is given back", async () => {
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

test("lets the next one in when the slot is free, not when its request was aborted", async () => {
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

test("refuses with 429 when slots and waiting places are taken", async () => {
  const { queue, ask } = open({ slots: 1, maxWaiting: 1 });
  ask("a");
  ask("b");

  const refused = refusalOf(() => ask("c"));

  expect(refused.code).toBe("queue_full");
  expect(refused.retryAfterSeconds).toBe(1);
  expect(queue.inside).toBe(2);
});

test("advises how long to stay away by how long slots have been held", async () => {
  vi.useFakeTimers();
  const { ask } = open({ slots: 1, maxWaiting: 2 });
  const first = ask("first");
  await first.served;
  vi.advanceTimersByTime(5_000);
  first.ticket.leave();
  for (const name of ["a", "b", "c"]) ask(name);

  const refused = refusalOf(() => ask("d"));

  expect(refused.retryAfterSeconds).toBe(10); // second in line, at 5 s each
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

test("lets a waiting request go the moment its client leaves, and the others move up", async () => {
  const { queue, log, ask } = open();
  const [a, b, c] = [ask("a"), ask("b"), ask("c")];
  await a.served;

  b.leaveService();
  await expect(b.served).rejects.toBe(REASON);
  expect(queue.waiting).toBe(1);
  expect(c.ticket.place?.position).toBe(1);
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
    retryAfterSeconds: 2, // the one on the slot has held it for 1.5 s
  });
  expect(queue.waiting).toBe(0);
});

test("lets a request that had a slot before in front of those who never had one", async () => {
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

test("takes nobody in while it drains", async () => {
  const { queue, ask } = open();
  ask("a");

  void queue.drain(1_000);

  expect(queue.isDraining).toBe(true);
  expect(refusalOf(() => ask("b")).code).toBe("draining");
});

test("is drained at once when nobody is inside", async () => {
  expect(await open().queue.drain(1_000)).toBe(true);
});

test("is drained when the last one has left, those in line included", async () => {
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

test("gives up draining at its limit", async () => {
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

test("ends everything that is inside with the same error", async () => {
  const { queue, ask } = open();
  const [a, b] = [ask("a"), ask("b")];
  await a.served;
  const error = new ServiceError("draining", "the server is shutting down");

  queue.abortAll(error);

  expect(a.abort.mock.calls).toEqual([[error]]);
  expect(b.abort.mock.calls).toEqual([[error]]);
  await expect(b.served).rejects.toBe(error);
});

test("leaves no timer and no place taken behind when all have left", async () => {
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

test("takes all choices of a request in, each with a place of its own", async () => {
  const { queue } = open({ slots: 2 });

  const tickets = enterAll(queue, 3);
  for (const ticket of tickets) ticket.acquire().catch(() => {}); // the third leaves while it waits
  await turn();

  expect([queue.inside, queue.busy, queue.waiting]).toEqual([3, 2, 1]);
  for (const ticket of tickets) ticket.leave();
  expect(queue.inside).toBe(0);
});

test("takes all choices of a request in or none", () => {
  const { queue, ask } = open({ slots: 1, maxWaiting: 3 });
  ask("a");
  ask("b");

  expect(refusalOf(() => enterAll(queue, 3)).code).toBe("queue_full");
  expect(queue.inside).toBe(2);
  expect(enterAll(queue, 2)).toHaveLength(2);
});

test("refuses more choices than it ever holds, full or not", () => {
  const { queue } = open({ slots: 1, maxWaiting: 3 });

  expect(refusalOf(() => enterAll(queue, 5))).toMatchObject({ code: "invalid_value" });
  expect(queue.inside).toBe(0);
});

test("gives slots to those whose client waits before those that nobody waits for", async () => {
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

/** A way to enter as one key after another; each notes its name once it has a slot. */
function openShared(options: Partial<RequestQueueOptions> = {}) {
  const { queue, log } = open({ isShared: () => true, ...options });
  const ask = (owner: string, limits: Partial<ShareLimits> = {}) => {
    const sharer = { owner, limits: { ...EVERYBODY.limits, ...limits } };
    const abort = vi.fn<(error: ServiceError) => void>();
    const ticket = queue.enter({ signal: new AbortController().signal, abort, sharer });
    ticket.expect({ promptTokens: 10, maxTokens: 0 });
    const served = ticket.acquire().then(() => void log.push(owner));
    served.catch(() => {});
    return { ticket, served };
  };
  return { queue, log, ask };
}

test("lets the one request of a key go before the many of another", async () => {
  const { log, ask } = openShared({ maxWaiting: 50 });
  const many = Array.from({ length: 20 }, () => ask("many"));
  const few = ask("few");
  expect(few.ticket.place?.position).toBe(1);

  many[0]?.ticket.leave();
  await few.served;

  expect(log).toEqual(["many", "few"]);
});

test("keeps a place in the queue for a key that comes late", () => {
  const { ask } = openShared({ slots: 1, maxWaiting: 9 });
  const fill = () => {
    for (;;) ask("greedy");
  };

  expect(refusalOf(fill).message).toContain("its last places are for other keys");
  expect(() => ask("late")).not.toThrow();
});

test("runs no more of a key at once than it may, and goes on when one of them is done", async () => {
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

test("starts those that a key's new limit lets begin", async () => {
  const { queue, ask } = openShared({ slots: 4 });
  const asked = [1, 2, 3].map(() => ask("a", { concurrent: 1 }));
  await asked[0]?.served;

  const last = ask("a", { concurrent: 4 });
  await Promise.all([...asked, last].map(({ served }) => served));

  expect(queue.loadOf("a")).toEqual({ running: 4, waiting: 0 });
});

test("estimates the wait of a key with few slots by its own requests", async () => {
  vi.useFakeTimers();
  const { ask } = openShared({ slots: 4 });
  const asked = [1, 2, 3].map(() => ask("a", { concurrent: 1 }));
  vi.advanceTimersByTime(6_000);
  asked[0]?.ticket.leave();
  await asked[1]?.served;

  expect(asked[2]?.ticket.place).toEqual({ position: 1, etaMs: 6_000 }); // 3 slots are free
});

test("refuses a key beyond its own limit, and others not", async () => {
  const { ask } = openShared({ slots: 1 });
  await ask("a", { waiting: 1 }).served;
  ask("a", { waiting: 1 });

  expect(refusalOf(() => ask("a", { waiting: 1 })).code).toBe("rate_limit_exceeded");
  expect(() => ask("b", { waiting: 1 })).not.toThrow();
});

test("lets a request go on that spends more than its key has, and refuses the next", async () => {
  vi.useFakeTimers();
  const { ask } = openShared({ slots: 2, accounts: new Accounts() });
  const limits = { tokensPerMinute: 60 };
  const first = ask("a", limits);
  await first.served; // 10 of its prompt

  first.ticket.charge({ type: "text-delta", text: "x", tokens: 54, atMs: 0 });
  const refused = refusalOf(() => ask("a", limits));
  expect(refused).toMatchObject({ code: "rate_limit_exceeded", retryAfterSeconds: 5 });
  first.ticket.charge({ type: "text-delta", text: "x", tokens: 1, atMs: 0 });
  vi.advanceTimersByTime(6_000);

  expect(() => ask("a", limits)).not.toThrow();
});

test("charges keys what their requests cost, whatever was expected of them", async () => {
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
    const usage = { promptTokens: 10, cachedTokens: 0, completionTokens, reasoningTokens: 0 };
    ticket.charge({ type: "finish", reason: "stop", stopString: null, usage, prefillMs: 0 });
    ticket.leave();
    await turn();
  }

  const talks = log.filter((owner) => owner === "talker").length;
  expect([log.length, talks]).toEqual([22, 2]); // 200 tokens each, and 20 times 20
});

test("weighs a deadline against the wait of the key itself, not of all who are in line", async () => {
  vi.useFakeTimers();
  const { queue, ask } = openShared({ slots: 1, maxWaiting: 100 });
  const many = Array.from({ length: 20 }, () => ask("many"));
  await many[0]?.served;
  vi.advanceTimersByTime(1_000);
  const enter = (owner: string, isFlex = false) => {
    const sharer = { owner, limits: EVERYBODY.limits };
    const { signal } = new AbortController();
    return queue.enter({ signal, abort: () => {}, sharer, isFlex, deadlineMs: 3_000 });
  };

  expect(refusalOf(() => enter("many")).code).toBe("deadline_unmeetable"); // 20 s
  expect(refusalOf(() => enter("few", true)).code).toBe("deadline_unmeetable");
  expect(() => enter("few")).not.toThrow();
});
