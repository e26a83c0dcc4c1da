// The decision who may enter: counts in, verdict out.

import { expect, test, vi } from "vitest";
import {
  type KeyState,
  keyRefusal,
  type QueueState,
  refusal,
} from "../../../src/queue/admission.ts";

function state(changes: Partial<QueueState> = {}): QueueState {
  return {
    entering: 1,
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

test("lets requests in as long as there is a slot or a place to wait", () => {
  expect(refusal(state({ inside: 0 }))).toBeNull();
  expect(refusal(state({ inside: 13 }))).toBeNull();
});

test("refuses with 429 when the slots are busy and all places to wait are taken", () => {
  const refused = refusal(state({ inside: 14 }));

  expect(refused?.code).toBe("queue_full");
  expect(refused?.traits.status).toBe(429);
  expect(refused?.message).toBe(
    "every slot is busy (--slots 4) and the queue is full (--queue 10); try again later",
  );
});

test("refuses whoever finds no free slot where nobody may wait", () => {
  expect(refusal(state({ inside: 3, maxWaiting: 0 }))).toBeNull();
  expect(refusal(state({ inside: 4, maxWaiting: 0 }))?.code).toBe("queue_full");
});

const waitMs = (position: number) => position * 1_000;

test("refuses at once what cannot begin before its deadline, and says when to come back", () => {
  const late = refusal(state({ inside: 6, deadlineMs: 2_500, waitMs }));

  expect(late).toMatchObject({ code: "deadline_unmeetable", retryAfterSeconds: 1 });
  expect(late?.traits.status).toBe(503);
  expect(refusal(state({ inside: 6, deadlineMs: 3_000, waitMs }))).toBeNull();
  expect(refusal(state({ inside: 3, deadlineMs: 1, waitMs }))).toBeNull(); // a slot is free
  expect(refusal(state({ inside: 6, deadlineMs: 1 }))).toBeNull(); // nothing is known of waits yet
});

test("refuses at once what would wait longer than anybody may", () => {
  const refused = refusal(state({ inside: 13, queueTimeoutMs: 4_000, waitMs }));

  expect(refused).toMatchObject({ code: "queue_timeout", retryAfterSeconds: 6 });
});

test("advises to come back when half of the queue has gone", () => {
  const waitMs = vi.fn((position: number) => position * 1_100);

  const refused = refusal(state({ inside: 14, waitMs }));

  expect(waitMs.mock.calls).toEqual([[6]]);
  expect(refused?.retryAfterSeconds).toBe(7); // 6.6 s, rounded up
});

test("advises a second at least, also before anything has been measured", () => {
  expect(refusal(state({ inside: 14 }))?.retryAfterSeconds).toBe(1);
  expect(refusal(state({ inside: 14, waitMs: () => 3 }))?.retryAfterSeconds).toBe(1);
});

test("refuses everybody with 503 while it drains, full or not", () => {
  for (const inside of [0, 14]) {
    const refused = refusal(state({ inside, isDraining: true }));

    expect(refused?.code).toBe("draining");
    expect(refused?.traits.status).toBe(503);
    expect(refused?.retryAfterSeconds).toBe(30);
  }
});

test("counts every choice of a request", () => {
  expect(refusal(state({ entering: 4, inside: 10 }))).toBeNull();
  expect(refusal(state({ entering: 5, inside: 10 }))?.code).toBe("queue_full");
});

test("refuses more choices than there is room for at all with a 400 that names the field", () => {
  const refused = refusal(state({ entering: 15, field: "n" }));

  expect(refusal(state({ entering: 14 }))).toBeNull();
  expect(refused).toMatchObject({ code: "invalid_value", param: "n", retryAfterSeconds: null });
  expect(refused?.traits.status).toBe(400);
  expect(refused?.message).toBe(
    "15 answers are asked for at once; this server holds 14 (--slots, --queue)",
  );
});

test("leaves half of the waiting places to those whose client waits", () => {
  expect(refusal(state({ inside: 8, isFlex: true }))).toBeNull();
  expect(refusal(state({ inside: 9, isFlex: true }))?.code).toBe("queue_full");
  expect(refusal(state({ inside: 13 }))).toBeNull();
});

test("keeps places for other keys, where there are some", () => {
  // 14 places in all, of which the key has those on slots (4) and those that wait.
  const crowd = (ownWaiting: number | null) =>
    refusal(state({ inside: 4 + (ownWaiting ?? 9), ownWaiting }));

  expect(crowd(null)).toBeNull();
  expect(crowd(6)).toBeNull(); // the seventh, with four places left
  expect(crowd(7)?.code).toBe("queue_full");
  expect(crowd(7)?.message).toBe(
    "this key has 7 requests in the queue (--queue 10), and its last places are for other keys; try again later",
  );
  expect(refusal(state({ inside: 11, ownWaiting: 0 }))).toBeNull(); // another key
});

function keyState(changes: Partial<KeyState> = {}): KeyState {
  return {
    entering: 1,
    limits: { concurrent: 2, waiting: 3, tokensPerMinute: null },
    allowance: null,
    inside: 0,
    running: 0,
    slots: 2,
    freeSlots: 4,
    waitMs: () => null,
    ...changes,
  };
}

test("lets a key in until its slots and its places to wait are taken", () => {
  expect(keyRefusal(keyState({ inside: 4, running: 2 }))).toBeNull();
  const refused = keyRefusal(keyState({ inside: 5, running: 2, waitMs: () => 4_100 }));

  expect(refused).toMatchObject({ code: "rate_limit_exceeded", retryAfterSeconds: 5 });
  expect(refused?.message).toBe(
    "this key has 2 requests running and 3 waiting; at most 3 may wait, and 2 run; try again later",
  );
});

test("counts requests that could begin at once as running, those that could not as waiting", () => {
  const none = { concurrent: null, waiting: 0, tokensPerMinute: null };

  expect(keyRefusal(keyState({ limits: none, slots: 4, inside: 3 }))).toBeNull();
  expect(keyRefusal(keyState({ limits: none, slots: 4, inside: 4 }))?.code).toBe(
    "rate_limit_exceeded",
  );
  expect(keyRefusal(keyState({ limits: none, slots: 4, freeSlots: 0 }))?.message).toBe(
    "this key has 0 requests running and 0 waiting; at most 0 may wait; try again later",
  );
});

test("lets a key wait where only its slots are limited", () => {
  const limits = { concurrent: 1, waiting: null, tokensPerMinute: null };

  expect(keyRefusal(keyState({ limits, slots: 1, inside: 60, running: 1 }))).toBeNull();
});

test("refuses more choices than the key may ever have with a 400 that names the field", () => {
  const refused = keyRefusal(keyState({ entering: 6, field: "n" }));

  expect(keyRefusal(keyState({ entering: 5 }))).toBeNull();
  expect(refused).toMatchObject({ code: "invalid_value", param: "n" });
  expect(refused?.message).toBe(
    "6 answers are asked for at once; this key may have 2 running and 3 waiting",
  );
});

test("refuses a key that has used its tokens, until one is there again", () => {
  const allowance = { limit: 6_000, remaining: 0, resetMs: 63_000, retryMs: 3_010 };

  const refused = keyRefusal(keyState({ allowance }));

  expect(refused).toMatchObject({ code: "rate_limit_exceeded", retryAfterSeconds: 4 });
  expect(refused?.traits).toMatchObject({ status: 429, type: "rate_limit_error" });
  expect(refused?.message).toBe("this key has used its 6000 tokens per minute; try again later");
  expect(keyRefusal(keyState({ allowance: { ...allowance, retryMs: 0 } }))).toBeNull();
});
