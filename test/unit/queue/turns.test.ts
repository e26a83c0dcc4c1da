// Turns on slots, with the real p-queue inside.

import { setImmediate as nextLoop } from "node:timers/promises";
import { expect, test } from "vitest";
import { NO_LIMITS } from "../../../src/keys/caller.ts";
import { FairShare } from "../../../src/queue/fair-share.ts";
import { Turns } from "../../../src/queue/turns.ts";

/** `take(id)` asks for a turn and logs the id once it has one. */
function open(slots: number) {
  const ends = new Map<string, () => void>();
  const order = new FairShare({ slots, flexWaitMs: 60_000 }, () => [...ends].map(() => "a"));
  const turns = new Turns({ lane: "", slots, order, isOpen: () => true });
  const log: string[] = [];
  const take = (id: string, signal = new AbortController().signal) => {
    const request = { id, owner: "a", lane: "", isFlex: false, isReturning: false, cost: 1 };
    const begin = (end: () => void) => {
      log.push(id);
      ends.set(id, end);
    };
    return turns.take(request, signal, begin);
  };
  const end = (id: string) => {
    const endTurn = ends.get(id);
    ends.delete(id);
    endTurn?.();
  };
  return { order, turns, log, take, end };
}

test("gives the turn that ends to the next request in the order", async () => {
  const { log, take, end } = open(1);
  const taken = ["a", "b", "c"].map((id) => take(id));

  await taken[0];
  expect(log).toEqual(["a"]);
  end("a");
  await taken[1];
  end("b");
  await taken[2];

  expect(log).toEqual(["a", "b", "c"]);
});

test("forgets a request whose signal is aborted while it waits", async () => {
  const { order, log, take, end } = open(1);
  const waiting = new AbortController();
  await take("a");
  const [second, third] = [take("b", waiting.signal), take("c")];

  const reason = new Error("left");
  waiting.abort(reason);
  await expect(second).rejects.toBe(reason);
  expect(order.waiting).toBe(1);
  end("a");
  await third;

  expect(log).toEqual(["a", "c"]);
});

test("starts waiting requests after a limit was raised", async () => {
  const { order, turns, log, take } = open(2);
  order.setLimits({ owner: "a", limits: { ...NO_LIMITS, concurrent: 1 } });
  for (const id of ["a", "b"]) void take(id);
  await nextLoop();
  expect(log).toEqual(["a"]);

  order.setLimits({ owner: "a", limits: NO_LIMITS });
  turns.wake();
  await nextLoop();

  expect(log).toEqual(["a", "b"]);
});

test("begins no turn without slots, and begins them when there are some", async () => {
  const { turns, log, take } = open(0);
  const taken = ["a", "b", "c"].map((id) => take(id));
  await nextLoop();
  expect(log).toEqual([]);

  turns.setSlots(2);
  await Promise.all(taken.slice(0, 2));

  expect(log).toEqual(["a", "b"]);
});

test("keeps turns that are more than the slots, and gives out no other until there is room", async () => {
  const { turns, log, take, end } = open(3);
  await Promise.all(["a", "b", "c"].map((id) => take(id)));
  const waiting = take("d");
  turns.setSlots(1);

  end("a");
  end("b");
  await nextLoop();
  expect(log).toEqual(["a", "b", "c"]);
  end("c");
  await waiting;

  expect(log).toEqual(["a", "b", "c", "d"]);
});
