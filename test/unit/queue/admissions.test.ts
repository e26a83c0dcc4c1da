// Which request may generate, and when, with the real p-queue inside.

import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import type { KeyLimits } from "../../../src/generation/caller.ts";
import type { FinishReason } from "../../../src/generation/events.ts";
import { Tally } from "../../../src/generation/tally.ts";
import { ANONYMOUS, NO_LIMITS } from "../../../src/keys/caller.ts";
import { DailyUsage } from "../../../src/keys/usage/daily-usage.ts";
import { Admissions, type AdmissionsOptions } from "../../../src/queue/admissions.ts";
import { TokenBudgets } from "../../../src/queue/token-budgets.ts";

const REASON = new ServiceError("aborted", "the client has left");

afterEach(() => {
  vi.useRealTimers();
});

/** A queue, and `ask(name)`, which enters it and logs the name once it has a slot. */
function open(options: Partial<AdmissionsOptions> = {}) {
  const queue = new Admissions({
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
    const { signal } = controller;
    const admission = queue.enter({ signal, abort, caller: ANONYMOUS, choices: 1 });
    const ticket = admission.ticketOf(0);
    const acquire = () => ticket.acquire().then(() => void log.push(name));
    const served = acquire();
    served.catch(() => {});
    return {
      admission,
      ticket,
      served,
      acquire,
      abort,
      leaveService: () => controller.abort(REASON),
    };
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
  first.admission.leave();
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

  a.admission.leave();

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

  a.admission.leave();
  await b.served;
  expect(onDrained).not.toHaveBeenCalled();
  b.admission.leave();
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

  b.admission.leave();
  a.admission.leave();
  await vi.advanceTimersByTimeAsync(0);

  expect([queue.busy, queue.waiting, queue.inside, vi.getTimerCount()]).toEqual([0, 0, 0, 0]);
});

function enterAll(queue: Admissions, choices: number) {
  const abort = vi.fn<(error: ServiceError) => void>();
  const { signal } = new AbortController();
  return queue.enter({ signal, abort, caller: ANONYMOUS, choices });
}

test("admits all choices of a request, each with its own place", async () => {
  const { queue } = open({ slots: 2 });

  const admission = enterAll(queue, 3);
  // The third leaves while it waits.
  for (const choice of [0, 1, 2])
    admission
      .ticketOf(choice)
      .acquire()
      .catch(() => {});
  await turn();

  expect([queue.inside, queue.busy, queue.waiting]).toEqual([3, 2, 1]);
  admission.leave();
  expect(queue.inside).toBe(0);
});

test("admits all choices of a request or none", () => {
  const { queue, ask } = open({ slots: 1, maxWaiting: 3 });
  ask("a");
  ask("b");

  expect(refusalOf(() => enterAll(queue, 3)).code).toBe("queue_full");
  expect(queue.inside).toBe(2);
  expect(enterAll(queue, 2).places).toBe(2);
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
  const { signal } = new AbortController();
  const entry = { signal, abort, caller: ANONYMOUS, choices: 1 };
  const flex = queue.enter({ ...entry, isFlex: true }).ticketOf(0);
  const flexServed = flex.acquire().then(() => void log.push("flex"));
  const b = ask("b");

  a.ticket.release();
  await b.served;
  b.ticket.release();
  await flexServed;

  expect(log).toEqual(["a", "b", "flex"]);
});

/** `ask(owner)` enters as that key and logs the owner once it has a slot. */
function openShared(options: Partial<AdmissionsOptions> = {}) {
  const { queue, log } = open({ isShared: () => true, ...options });
  const ask = (owner: string, limits: Partial<KeyLimits> = {}) => {
    const caller = { owner, limits: { ...NO_LIMITS, ...limits } };
    const abort = vi.fn<(error: ServiceError) => void>();
    const { signal } = new AbortController();
    const admission = queue.enter({ signal, abort, caller, choices: 1 });
    const ticket = admission.ticketOf(0);
    ticket.expect({ promptTokens: 10, maxTokens: 0 });
    const served = ticket.acquire().then(() => void log.push(owner));
    served.catch(() => {});
    return { admission, ticket, served };
  };
  return { queue, log, ask };
}

test("serves one key's only request before another key's many", async () => {
  const { log, ask } = openShared({ maxWaiting: 50 });
  const many = Array.from({ length: 20 }, () => ask("many"));
  const few = ask("few");
  expect(few.ticket.place?.position).toBe(1);

  many[0]?.admission.leave();
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

  b.admission.leave();
  await turn();
  expect(log).toEqual(["a", "b"]);
  a1.admission.leave();
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
  asked[0]?.admission.leave();
  await asked[1]?.served;

  expect(asked[2]?.ticket.place).toEqual({ type: "queued", position: 1, etaMs: 6_000 }); // 3 slots are free
});

test("refuses a key beyond its own limit, but not other keys", async () => {
  const { ask } = openShared({ slots: 1 });
  await ask("a", { waiting: 1 }).served;
  ask("a", { waiting: 1 });

  expect(refusalOf(() => ask("a", { waiting: 1 })).code).toBe("rate_limit_exceeded");
  expect(() => ask("b", { waiting: 1 })).not.toThrow();
});

test("advises a key at its limit to retry when its next request is expected to start", async () => {
  vi.useFakeTimers();
  const { ask } = openShared({ slots: 1 });
  await ask("a", { waiting: 1 }).served;
  const next = ask("a", { waiting: 1 });
  ask("b");
  vi.advanceTimersByTime(6_000);

  expect(next.ticket.place).toEqual({ type: "queued", position: 2, etaMs: 12_000 });
  expect(refusalOf(() => ask("a", { waiting: 1 })).retryAfterSeconds).toBe(12);
});

test("lets a request finish that exceeds its key's tokens, and refuses the next one", async () => {
  vi.useFakeTimers();
  const { ask } = openShared({
    slots: 2,
    tokenBudgets: new TokenBudgets(new DailyUsage({ keepDays: 400 })),
  });
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
  const byTurn = new Map(asked.map((each) => [each.served, each]));

  for (let turns = 0; turns < 21; turns += 1) {
    const { admission, ticket, served } = await Promise.race(
      [...byTurn].map(([turn, each]) => turn.then(() => each)),
    );
    byTurn.delete(served);
    const completionTokens = answers[admission.owner as keyof typeof answers];
    ticket.charge(counted(completionTokens, "stop"));
    admission.leave();
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
    const caller = { owner, limits: NO_LIMITS };
    const { signal } = new AbortController();
    return queue.enter({ signal, abort: () => {}, caller, choices: 1, isFlex, deadlineMs: 3_000 });
  };

  expect(refusalOf(() => enter("many")).code).toBe("deadline_unmeetable"); // 20 s
  expect(refusalOf(() => enter("few", true)).code).toBe("deadline_unmeetable");
  expect(() => enter("few")).not.toThrow();
});

const FIGURES = { model: "m", promptTokens: 1, generatedTokens: 2, maxTokens: 3 };

/** `enter(owner, requestId)` enters a request with two choices that the lists show. */
function openListed(slots: number) {
  const { queue } = open({ slots });
  const enter = (owner: string, requestId: string, isForSlots = true) => {
    const { model, promptTokens, generatedTokens } = FIGURES;
    const figures = { model, isStreamed: false, tokens: { promptTokens, generatedTokens } };
    const stateOf = (choice: number) => ({ ...FIGURES, requestId: `${requestId}${choice}` });
    const record = isForSlots ? { ...figures, stateOf } : figures;
    const caller = { owner, limits: NO_LIMITS };
    const abort = vi.fn<(error: ServiceError) => void>();
    const { signal } = new AbortController();
    const listing = { requestId, path: "/v1", record };
    return queue.enter({ signal, abort, caller, choices: 2, listing });
  };
  const shown = (owner: string | null = null) =>
    queue.slotsShownTo(owner).map((use) => (use === "busy" || use === null ? use : use.requestId));
  return { queue, enter, shown };
}

test("shows a choice while it holds its slot", async () => {
  vi.useFakeTimers();
  const { queue, enter, shown } = openListed(2);
  const ticket = enter("me", "a").ticketOf(1);

  await ticket.acquire();
  expect(shown()).toEqual(["a1", null]);
  vi.advanceTimersByTime(700);
  expect(queue.slotsShownTo("me")).toEqual([{ ...FIGURES, requestId: "a1", heldMs: 700 }, null]);
  ticket.release();

  expect(shown()).toEqual([null, null]);
});

test("gives a free slot number to the next request, and another number to a parked one that resumes", async () => {
  const { enter, shown } = openListed(2);
  const [a, b, c] = ["a", "b", "c"].map((id) => enter("me", id).ticketOf(0));

  await a?.acquire();
  await b?.acquire();
  a?.release();
  await c?.acquire();
  expect(shown()).toEqual(["c0", "b0"]);
  b?.release();
  await a?.acquire();

  expect(shown()).toEqual(["c0", "a0"]);
});

test("does not show a choice that got no slot", async () => {
  const { enter, shown } = openListed(1);
  const [other, late] = [enter("me", "other").ticketOf(0), enter("me", "late").ticketOf(0)];

  await other.acquire();
  const waiting = late.acquire();
  late.release();
  late.release();

  await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  expect(shown()).toEqual(["other0"]);
});

test("does not show a choice whose slot was released before acquire() returned", async () => {
  const { enter, shown } = openListed(1);
  const ticket = enter("me", "a").ticketOf(0);

  const acquiring = ticket.acquire();
  ticket.release();
  await acquiring.catch(() => {});

  expect(shown()).toEqual([null]);
});

test("shows an owner its own slots, and other slots only as busy", async () => {
  const { queue, enter, shown } = openListed(3);
  await enter("alice", "a").ticketOf(0).acquire();
  await enter("bob", "b").ticketOf(0).acquire();

  expect(shown("alice")).toEqual(["a0", "busy", null]);
  expect(shown("bob")).toEqual(["busy", "b0", null]);
  expect(shown()).toEqual(["a0", "b0", null]);
  expect([queue.busy, queue.slots]).toEqual([2, 3]);
});

test("lists a key's requests until they leave, with the place of those that wait for a slot", async () => {
  const { queue, enter } = openListed(1);
  const [a, b] = [enter("alice", "a"), enter("alice", "b")];
  const other = enter("alice", "other", false);
  enter("bob", "c");
  const asked = [a, b, other].flatMap((each) => [0, 1].map((choice) => each.ticketOf(choice)));
  for (const ticket of asked) ticket.acquire().catch(() => {});
  await turn();
  const listed = () => queue.of("alice").map((each) => each.listed);

  expect(listed()).toMatchObject([
    { requestId: "a", path: "/v1", promptTokens: 1, generatedTokens: 2, place: null },
    { requestId: "b", place: { position: 2 } },
    { requestId: "other", place: null },
  ]);
  b.freePlaces();
  expect([listed().length, queue.inside]).toEqual([3, 6]);
  for (const each of [a, b, other]) each.leave();

  expect([listed().length, queue.inside]).toEqual([0, 2]);
});

test("sums up the choices of a request", async () => {
  vi.useFakeTimers();
  const { enter } = openListed(1);
  const admission = enter("me", "a");
  const [first, second] = [admission.ticketOf(0), admission.ticketOf(1)];
  expect([admission.hadTurn, admission.waitedMs, admission.place]).toEqual([false, 0, null]);

  await first.acquire();
  const waiting = second.acquire();
  vi.advanceTimersByTime(300);
  first.release();
  await waiting;

  expect([admission.hadTurn, admission.waitedMs]).toEqual([true, 300]);
  expect(() => admission.ticketOf(2)).toThrow("choice 2 has no ticket");
});
