// A request whose workers die, or suspend it because its reader is too slow.

import { expect, test, vi } from "vitest";
import type { WorkerLoss } from "../../../src/engine/crashes.ts";
import { generateInRuns } from "../../../src/engine/generate-in-runs.ts";
import type { RemoteRun, RunStart } from "../../../src/engine/remote-run.ts";
import { ServiceError } from "../../../src/errors.ts";
import type { Finish, GenerateEvent, TextDelta } from "../../../src/generation/events.ts";
import type { PreparedRequest } from "../../../src/generation/request.ts";

type Said = TextDelta & { readonly ids: readonly number[] };

/** The behaviour of one worker. */
type Life = {
  readonly events?: readonly (Said | Finish)[];
  /** How the worker dies after these events; null if it does not. Without a `finish` event, it then suspends the run. */
  readonly loss: WorkerLoss | null;
  readonly isProving?: boolean;
  readonly failure?: ServiceError;
};

const crash = ({
  isFromOutside = false,
  crashesInARow = 1,
}: Partial<WorkerLoss> = {}): WorkerLoss => ({
  error: new ServiceError("worker_crashed", "worker ended"),
  isFromOutside,
  crashesInARow,
});
const said = (text: string, ...ids: number[]): Said => ({
  type: "text-delta",
  text,
  ids,
  tokens: ids.length,
  atMs: 0,
});
const FINISH: Finish = {
  type: "finish",
  reason: "stop",
  stopString: null,
  prefixTier: "slot",
  prefillMs: 0,
  usage: { promptTokens: 1, cachedTokens: 0, completionTokens: 1, reasoningTokens: 0 },
};

function open(...lives: readonly Life[]) {
  const starts: object[] = [];
  const finish = vi.fn(async () => {});
  const lease = { acquire: vi.fn(), release: vi.fn(), isHeld: false, isContended: false };
  const newRun = (start: RunStart) => {
    const life = lives[starts.length] ?? { loss: null };
    const { generated, tally, isSuspect } = start;
    starts.push({ generated: generated.slice(), isSuspect, tokens: tally.completionTokens });
    async function* events() {
      for (const event of life.events ?? []) {
        tally.add(event);
        if (event.type !== "finish") generated.push(...event.ids);
        yield event;
      }
      const failure = life.failure ?? life.loss?.error;
      if (failure) throw failure;
    }
    const { loss, isProving = false } = life;
    const run = { begin: async () => {}, events: events(), finish, loss, isProving };
    return run as unknown as RemoteRun; // the members that generateInRuns() uses
  };
  const deadline = new AbortController();
  const request = { promptTokens: Uint32Array.of(1, 2) } as PreparedRequest; // the only field that is used
  const answer = generateInRuns(newRun, { request, lease, deadline: deadline.signal });
  return { answer, starts, finish, lease, deadline };
}

async function read(answer: AsyncIterable<GenerateEvent>) {
  const events: GenerateEvent[] = [];
  let error: unknown = null;
  try {
    for await (const event of answer) events.push(event);
  } catch (thrown) {
    error = thrown;
  }
  const text = events.map((event) => ("text" in event ? event.text : "")).join("");
  return { text, error, hasFinished: events.at(-1)?.type === "finish" };
}

test("continues from its tokens in the next worker, and in the one after it", async () => {
  const { answer, starts, finish, lease } = open(
    { events: [said("a", 1), said("bc", 2, 3)], loss: crash() },
    { events: [said("d", 4)], loss: crash() },
    { events: [said("e", 5), FINISH], loss: null },
  );

  expect(await read(answer)).toEqual({ text: "abcde", error: null, hasFinished: true });
  expect(starts).toEqual([
    { generated: [], isSuspect: false, tokens: 0 },
    { generated: [1, 2, 3], isSuspect: true, tokens: 3 },
    { generated: [1, 2, 3, 4], isSuspect: true, tokens: 4 },
  ]);
  expect([finish.mock.calls.length, lease.release.mock.calls.length]).toEqual([3, 1]);
});

test("gives up a request that crashes the worker when it runs alone", async () => {
  const { answer, starts } = open(
    { loss: crash({ crashesInARow: 1 }) },
    { loss: crash({ crashesInARow: 2 }), isProving: true },
  );

  expect((await read(answer)).error).toMatchObject({ code: "worker_crashed" });
  expect(starts).toHaveLength(2);
});

test("retries once more for each recent crash without this request, at most twice", async () => {
  const alone = (crashesInARow: number) => ({ loss: crash({ crashesInARow }), isProving: true });
  const once = open({ loss: crash({ crashesInARow: 2 }) }, alone(3), {
    events: [FINISH],
    loss: null,
  });
  expect((await read(once.answer)).error).toBe(null);

  const again = open({ loss: crash({ crashesInARow: 2 }) }, alone(3), alone(4));
  expect((await read(again.answer)).error).toMatchObject({ code: "worker_crashed" });

  const twice = open({ loss: crash({ crashesInARow: 20 }) }, alone(21), alone(22), alone(23));
  expect((await read(twice.answer)).error).toMatchObject({ code: "worker_crashed" });
  expect(twice.starts).toHaveLength(4);
});

test("retries twice more when the worker was killed from outside", async () => {
  const killedAlone = { loss: crash({ isFromOutside: true }), isProving: true };
  const forgiven = open({ loss: crash({ isFromOutside: true }) }, killedAlone, killedAlone, {
    events: [FINISH],
    loss: null,
  });
  expect((await read(forgiven.answer)).error).toBe(null);

  const { answer } = open(
    { loss: crash({ isFromOutside: true }) },
    killedAlone,
    killedAlone,
    killedAlone,
  );
  expect((await read(answer)).error).toMatchObject({ code: "worker_crashed" });
});

test("gives up after many crashes, whatever their cause", async () => {
  const { answer, starts } = open(...Array.from({ length: 50 }, () => ({ loss: crash() })));

  expect((await read(answer)).error).toMatchObject({ code: "worker_crashed" });
  expect(starts).toHaveLength(10);
});

test("does not echo a prompt again after a crash before the first token", async () => {
  const { answer, starts } = open({ events: [said("the prompt")], loss: crash() });

  expect((await read(answer)).error).toMatchObject({ code: "worker_crashed" });
  expect(starts).toHaveLength(1);
});

test("ends with the tokens so far when its deadline passes while no worker is running", async () => {
  const reason = new ServiceError("deadline_exceeded", "late");
  const waiting: Life = { loss: null, failure: reason };
  const { answer, deadline, lease } = open({ events: [said("ab", 1, 2)], loss: crash() }, waiting);
  deadline.abort(reason);

  expect(await read(answer)).toEqual({ text: "ab", error: null, hasFinished: true });
  expect(lease.release).toHaveBeenCalledTimes(1);
});

test("continues only after the loss of the worker, not after other errors", async () => {
  const failure = new ServiceError("generation_failed", "no");
  const { answer, starts, lease } = open({ events: [said("a", 1)], loss: null, failure });

  expect((await read(answer)).error).toBe(failure);
  expect(starts).toHaveLength(1);
  expect(lease.release).toHaveBeenCalledTimes(1);
});

test("stops its run and releases its slot when the reader leaves", async () => {
  const { answer, finish, lease } = open({ events: [said("a", 1), said("b", 2)], loss: null });
  for await (const _ of answer) break;

  expect([finish.mock.calls.length, lease.release.mock.calls.length]).toEqual([1, 1]);
});

test("continues from its tokens in another run after a suspension, not as a suspect", async () => {
  const { answer, starts, finish, lease } = open(
    { events: [said("a", 1)], loss: crash() },
    { events: [said("b", 2)], loss: null },
    { events: [said("c", 3)], loss: null },
    { events: [said("d", 4), FINISH], loss: null },
  );

  expect(await read(answer)).toEqual({ text: "abcd", error: null, hasFinished: true });
  expect(starts).toMatchObject([
    { generated: [], isSuspect: false },
    { generated: [1], isSuspect: true },
    { generated: [1, 2], isSuspect: false },
    { generated: [1, 2, 3], isSuspect: false },
  ]);
  expect([finish.mock.calls.length, lease.release.mock.calls.length]).toEqual([4, 1]);
});

test("waits for another run until the reader has taken all events of the suspended one", async () => {
  const { answer, starts } = open(
    { events: [said("a", 1), said("b", 2)], loss: null },
    { events: [FINISH], loss: null },
  );

  await answer.next();
  await answer.next();
  expect(starts).toHaveLength(1);
  await answer.next();

  expect(starts).toHaveLength(2);
});

test("fails with the error of its next run after a suspension", async () => {
  const failure = new ServiceError("queue_timeout", "no slot became free");
  const { answer, finish } = open({ events: [said("a", 1)], loss: null }, { loss: null, failure });

  expect(await read(answer)).toEqual({ text: "a", error: failure, hasFinished: false });
  expect(finish).toHaveBeenCalledTimes(2);
});

test("ends with the tokens so far when its deadline passes while it is suspended", async () => {
  const reason = new ServiceError("deadline_exceeded", "late");
  const waiting: Life = { loss: null, failure: reason };
  const { answer, deadline } = open({ events: [said("ab", 1, 2)], loss: null }, waiting);
  deadline.abort(reason);

  expect(await read(answer)).toEqual({ text: "ab", error: null, hasFinished: true });
});
