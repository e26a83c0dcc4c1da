// Which requests may enter the queue.

import { expect, test, vi } from "vitest";
import { NO_LIMITS } from "../../../src/keys/caller.ts";
import {
  findKeyRefusal,
  findRefusal,
  type KeyState,
  type QueueState,
} from "../../../src/queue/refusal.ts";

function state(changes: Partial<QueueState> = {}): QueueState {
  return {
    choices: 1,
    inside: 0,
    slots: 4,
    maxWaiting: 10,
    isDraining: false,
    deadlineMs: null,
    queueTimeoutMs: 600_000,
    waitMs: () => null,
    ...changes,
  };
}

test("admits requests while there is a free slot or a waiting place", () => {
  expect(findRefusal(state({ inside: 0 }))).toBeNull();
  expect(findRefusal(state({ inside: 13 }))).toBeNull();
});

test("refuses with 429 when all slots and waiting places are taken", () => {
  const refused = findRefusal(state({ inside: 14 }));

  expect(refused?.code).toBe("queue_full");
  expect(refused?.traits.status).toBe(429);
  expect(refused?.message).toBe(
    "every slot is busy (--slots 4) and the queue is full (--queue 10); try again later",
  );
});

test("refuses a request without a free slot if no request may wait", () => {
  expect(findRefusal(state({ inside: 3, maxWaiting: 0 }))).toBeNull();
  expect(findRefusal(state({ inside: 4, maxWaiting: 0 }))?.code).toBe("queue_full");
});

const waitMs = (position: number) => position * 1_000;

test("refuses a request that cannot start before its deadline, and says when to retry", () => {
  const late = findRefusal(state({ inside: 6, deadlineMs: 2_500, waitMs }));

  expect(late).toMatchObject({ code: "deadline_unmeetable", retryAfterSeconds: 1 });
  expect(late?.traits.status).toBe(503);
  expect(findRefusal(state({ inside: 6, deadlineMs: 3_000, waitMs }))).toBeNull();
  expect(findRefusal(state({ inside: 3, deadlineMs: 1, waitMs }))).toBeNull(); // a slot is free
  expect(findRefusal(state({ inside: 6, deadlineMs: 1 }))).toBeNull(); // no wait has been measured yet
});

test("refuses a request that would wait longer than the queue timeout", () => {
  const refused = findRefusal(state({ inside: 13, queueTimeoutMs: 4_000, waitMs }));

  expect(refused).toMatchObject({ code: "queue_timeout", retryAfterSeconds: 6 });
});

test("advises a retry once half of the queue has gone", () => {
  const waitMs = vi.fn((position: number) => position * 1_100);

  const refused = findRefusal(state({ inside: 14, waitMs }));

  expect(waitMs.mock.calls).toEqual([[6]]);
  expect(refused?.retryAfterSeconds).toBe(7); // 6.6 s, rounded up
});

test("advises a retry after at least one second, even before any measurement", () => {
  expect(findRefusal(state({ inside: 14 }))?.retryAfterSeconds).toBe(1);
  expect(findRefusal(state({ inside: 14, waitMs: () => 3 }))?.retryAfterSeconds).toBe(1);
});

test("refuses every request with 503 while draining, full or not", () => {
  for (const inside of [0, 14]) {
    const refused = findRefusal(state({ inside, isDraining: true }));

    expect(refused?.code).toBe("draining");
    expect(refused?.traits.status).toBe(503);
    expect(refused?.retryAfterSeconds).toBe(30);
  }
});

test("counts every choice of a request", () => {
  expect(findRefusal(state({ choices: 4, inside: 10 }))).toBeNull();
  expect(findRefusal(state({ choices: 5, inside: 10 }))?.code).toBe("queue_full");
});

test("refuses more choices than the queue can ever hold with a 400 that names the field", () => {
  const refused = findRefusal(state({ choices: 15, field: "choices" }));

  expect(findRefusal(state({ choices: 14 }))).toBeNull();
  expect(refused).toMatchObject({
    code: "invalid_value",
    field: "choices",
    retryAfterSeconds: null,
  });
  expect(refused?.traits.status).toBe(400);
  expect(refused?.message).toBe(
    "the request asks for 15 answers at once; this server accepts up to 14 (--slots plus --queue)",
  );
});

test("reserves half of the waiting places for requests that are not flex", () => {
  expect(findRefusal(state({ inside: 8, isFlex: true }))).toBeNull();
  expect(findRefusal(state({ inside: 9, isFlex: true }))?.code).toBe("queue_full");
  expect(findRefusal(state({ inside: 13 }))).toBeNull();
});

test("reserves waiting places for other keys if there are several keys", () => {
  // The key uses its 4 slots and one of the 10 waiting places for each waiting request.
  const refusalWith = (ownWaiting: number | null) =>
    findRefusal(state({ inside: 4 + (ownWaiting ?? 9), ownWaiting }));

  expect(refusalWith(null)).toBeNull();
  expect(refusalWith(6)).toBeNull(); // the seventh, with four places left
  expect(refusalWith(7)?.code).toBe("queue_full");
  expect(refusalWith(7)?.message).toBe(
    "this key has 7 requests in the queue (--queue 10); the remaining places are reserved for other keys; try again later",
  );
  expect(findRefusal(state({ inside: 11, ownWaiting: 0 }))).toBeNull(); // another key
});

function keyState(changes: Partial<KeyState> = {}): KeyState {
  return {
    choices: 1,
    limits: { ...NO_LIMITS, concurrent: 2, waiting: 3 },
    usedUp: null,
    inside: 0,
    running: 0,
    slots: 2,
    startable: 2,
    waitMs: () => null,
    ...changes,
  };
}

test("admits a key's requests until its slots and waiting places are taken", () => {
  expect(findKeyRefusal(keyState({ inside: 4, running: 2, startable: 0 }))).toBeNull();
  const refused = findKeyRefusal(
    keyState({ inside: 5, running: 2, startable: 0, waitMs: () => 4_100 }),
  );

  expect(refused).toMatchObject({ code: "rate_limit_exceeded", retryAfterSeconds: 5 });
  expect(refused?.message).toBe(
    "this key has 2 running and 3 waiting requests; its limit is 2 running and 3 waiting; try again later",
  );
});

test("counts requests that could start at once as running, others as waiting", () => {
  const none = { ...NO_LIMITS, waiting: 0 };

  expect(findKeyRefusal(keyState({ limits: none, slots: 4, startable: 4, inside: 3 }))).toBeNull();
  expect(findKeyRefusal(keyState({ limits: none, slots: 4, startable: 4, inside: 4 }))?.code).toBe(
    "rate_limit_exceeded",
  );
  expect(findKeyRefusal(keyState({ limits: none, slots: 4, startable: 0 }))?.message).toBe(
    "this key has 0 running and 0 waiting requests; its limit is 0 waiting; try again later",
  );
});

test("limits a key's waiting requests only if it has a limit for them", () => {
  const limits = { ...NO_LIMITS, concurrent: 1 };

  expect(findKeyRefusal(keyState({ limits, slots: 1, inside: 60, running: 1 }))).toBeNull();
});

test("refuses more choices than the key may ever have with a 400 that names the field", () => {
  const refused = findKeyRefusal(keyState({ choices: 6, field: "choices" }));

  expect(findKeyRefusal(keyState({ choices: 5 }))).toBeNull();
  expect(refused).toMatchObject({ code: "invalid_value", field: "choices" });
  expect(refused?.message).toBe(
    "the request asks for 6 answers at once; this key may have 2 running and 3 waiting",
  );
});

test("refuses a key that has used its tokens until one is available again", () => {
  const minute = { period: "minute", limit: 6_000, retryMs: 3_010, subject: "this key" } as const;

  const refused = findKeyRefusal(keyState({ usedUp: minute }));

  expect(refused).toMatchObject({ code: "rate_limit_exceeded", retryAfterSeconds: 4 });
  expect(refused?.traits).toMatchObject({ status: 429, type: "rate_limit_error" });
  expect(refused?.message).toBe("this key has used its 6000 tokens per minute; try again later");
  const day = { ...minute, period: "day", subject: "the group lab of this key" } as const;
  expect(findKeyRefusal(keyState({ usedUp: day }))?.message).toBe(
    "the group lab of this key has used its 6000 tokens per day; the next day begins at 00:00 UTC",
  );
});

test("one answer is never too many, also while no node has slots", () => {
  const full = findRefusal(state({ slots: 0, maxWaiting: 0 }));
  expect(full?.code).toBe("queue_full");
});
