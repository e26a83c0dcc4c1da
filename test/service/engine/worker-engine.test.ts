// Requests whose worker process dies: the request that causes the crash is found, and all others continue.

import { afterEach, expect, test } from "vitest";
import { WorkerEngine } from "../../../src/engine/worker-engine.ts";
import { ServiceError } from "../../../src/errors.ts";
import { ANONYMOUS } from "../../../src/keys/caller.ts";
import { Admissions } from "../../../src/queue/admissions.ts";
import { PLAIN_PREPARED } from "../../support/clients/requests.ts";
import { ACTIONS } from "../../support/engines/actions.ts";
import { scriptedProgram } from "../../support/engines/scripted-programs.ts";
import { until } from "../../support/start-service.ts";

let engine: WorkerEngine;
let loaded: Promise<unknown>;
let logged: string[] = [];
afterEach(async () => engine.close());

function open(slots = 4, onWastedTokens = () => {}) {
  logged = [];
  engine = new WorkerEngine({
    entry: scriptedProgram("scripted-generator"),
    prepareLoad: () => ({ model: {} as never, release: () => {} }), // this worker loads no model
    loadTimeoutMs: 20_000,
    hangTimeoutMs: 20_000,
    stepTimeoutMs: 20_000,
    restartDelayMs: 5,
    streamBufferBytes: 1_000,
    parkTimeoutMs: 20,
    ...{
      log: (_level: string, line: string) => void logged.push(line),
      onLoadProgress: () => {},
      onLoad: () => {},
      onWastedTokens,
    },
  });
  loaded = engine.load({ memoryLimit: null });
  loaded.catch(() => {}); // the requests fail then
  return new Admissions({ slots, maxWaiting: 100, queueTimeoutMs: 20_000, flexWaitMs: 60_000 });
}

type Asked = {
  readonly queue: Admissions;
  readonly action?: (typeof ACTIONS)[number];
  readonly tokens?: number;
};

function ask({ queue, action = "answer", tokens = 100 }: Asked) {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = (error: ServiceError) => controller.abort(error);
  const admission = queue.enter({ signal, abort, caller: ANONYMOUS, choices: 1 });
  const lease = admission.ticketOf(0);
  const request = {
    ...PLAIN_PREPARED,
    promptTokens: Uint32Array.of(ACTIONS.indexOf(action)),
    maxTokens: tokens,
  };
  const answer = { text: "", controller, done: read() };
  async function read() {
    await Promise.resolve(); // `answer` must be assigned first
    try {
      for await (const event of engine.generate(request, { signal, lease }))
        if ("text" in event) answer.text += event.text;
      return "finished";
    } catch (error) {
      return error instanceof ServiceError ? error.code : error;
    } finally {
      admission.leave();
    }
  }
  return answer;
}

const counted = (tokens: number) => Array.from({ length: tokens }, (_, n) => `${n} `).join("");
const killWorker = () => process.kill(engine.status().workerPid ?? 0, "SIGKILL");

test("streams continue without a gap or a duplicate when the worker is killed", async () => {
  const queue = open();
  const answers = [1, 2, 3, 4, 5, 6].map(() => ask({ queue }));
  for (const at of [20, 60]) {
    await until(() => (answers[0]?.text.length ?? 0) > at, "they run");
    killWorker();
  }

  expect(await Promise.all(answers.map(({ done }) => done))).toEqual(Array(6).fill("finished"));
  expect(answers.map(({ text }) => text)).toEqual(Array(6).fill(counted(100)));
  expect(engine.status().workerRestarts).toBe(2);
  expect([queue.busy, queue.inside]).toEqual([0, 0]);
});

test.each(["kill-at-start", "kill-at-5", "nonsense-at-5"] as const)(
  "a request that does %s is refused, and no other request fails",
  async (action) => {
    const queue = open();
    const innocent = [1, 2].map(() => ask({ queue, tokens: 60 }));
    await until(() => innocent.every(({ text }) => text !== ""), "they run");
    const poison = ask({ queue, action });
    const late = [1, 2, 3].map(() => ask({ queue, tokens: 60 }));

    expect(await poison.done).toBe("worker_crashed");
    const others = [...innocent, ...late];
    expect(await Promise.all(others.map(({ done }) => done))).toEqual(Array(5).fill("finished"));
    expect(others.map(({ text }) => text)).toEqual(Array(5).fill(counted(60)));
    expect(engine.status().workerRestarts).toBe(2); // once beside other requests, once alone
  },
);

test("what is in the slots is known while requests run, and nothing is in them without a worker", async () => {
  const running = ask({ queue: open(), tokens: 10_000 });
  await until(() => (engine.status().kvTokens?.running ?? 0) > 5, "tokens are in a slot");
  await engine.unload();

  expect(engine.status().kvTokens).toEqual({ running: 0, kept: 0 });
  expect(await running.done).toBe("engine_unavailable");
});

test("suspects keep their slots: waiting requests come after them", async () => {
  const queue = open(1);
  const first = ask({ queue, tokens: 30 });
  await until(() => first.text !== "", "it runs");
  const second = ask({ queue, tokens: 30 });
  killWorker();

  await first.done;
  expect([first.text, second.text]).toEqual([counted(30), ""]);
  expect(await second.done).toBe("finished");
});

test("a client that disconnects while its request runs as a suspect, or waits for suspects, frees everything", async () => {
  const queue = open(2);
  const leaving = ask({ queue, tokens: 10_000 });
  const slow = ask({ queue, action: "slow", tokens: 10_000 });
  await until(() => leaving.text !== "" && slow.text !== "", "they run");
  killWorker();
  await until(() => engine.status().state === "ready", "the next worker is there");
  const { length } = leaving.text;
  await until(() => leaving.text.length > length, "it has proven itself");
  for (const { controller } of [leaving, slow])
    controller.abort(new ServiceError("aborted", "the client has left"));

  expect(await Promise.all([leaving.done, slow.done])).toEqual(["aborted", "aborted"]);
  expect([queue.busy, queue.inside]).toEqual([0, 0]);
  expect(await ask({ queue, tokens: 5 }).done).toBe("finished");
});

test.each([
  ["killed from outside", "SIGKILL", 4],
  ["ended by a fault", "SIGABRT", 2],
] as const)(
  "a question whose workers are %s is asked again, alone, and then given up",
  async (_, signal, crashes) => {
    open();
    const never = new AbortController().signal;
    const question = { type: "detokenize", tokens: [] } as const; // this worker never answers it
    let hasFailed = false;
    const asked = engine.ask(question, { signal: never }).answer.finally(() => {
      hasFailed = true;
    });
    const failed = expect(asked).rejects.toMatchObject({ code: "worker_crashed" });
    for (let count = 1; count <= crashes; count++) {
      await until(() => engine.status().state === "ready", "there is a worker");
      await new Promise((resolve) => setImmediate(resolve)); // it is asked
      expect(hasFailed).toBe(false);
      process.kill(engine.status().workerPid ?? 0, signal);
      await until(() => engine.status().workerRestarts === count, "it is missed");
    }

    await failed;
  },
);

test("a question that ends its worker is not asked again, and those that waited there are", async () => {
  open();
  const { signal } = new AbortController();
  const tokenize = (text: string) =>
    engine.ask(
      { type: "tokenize", text, addsBeginning: false, readsControlTokens: false },
      { signal },
    ).answer;
  await loaded;

  const [waiting, deadly] = [tokenize("a"), tokenize("kill")];

  await expect(deadly).rejects.toMatchObject({ code: "worker_crashed" });
  expect(await waiting).toEqual([]);
  expect(engine.status().workerRestarts).toBe(1);
});

test("a worker that keeps dying is restarted within the limit", async () => {
  open();
  for (const restarts of [1, 2, 3]) {
    await until(() => engine.status().state === "ready", "there is a worker");
    killWorker();
    await until(() => engine.status().workerRestarts === restarts, "it is missed");
  }

  const starts = logged.map((line) => /a new one starts in (\d+) ms/.exec(line)?.[1]);
  expect(starts.filter(Boolean)).toEqual(["0", "5", "5"]);
});

test("closing the engine rejects pending requests and questions", async () => {
  const queue = open();
  const answer = ask({ queue, tokens: 10_000 });
  await until(() => answer.text !== "", "it runs");
  await engine.close();

  expect(await answer.done).toBe("engine_unavailable");
});

test("an error in the server's side of a request fails only that request, and frees its slot", async () => {
  const queue = open(2, () => {
    throw new Error("a fault");
  });
  const [left, stays] = [ask({ queue, action: "slow" }), ask({ queue, tokens: 60 })];
  await until(() => [left, stays].every(({ text }) => text !== ""), "they run");

  left.controller.abort(new ServiceError("aborted", "the client has left"));

  expect(await left.done).toBe("aborted");
  expect([await stays.done, stays.text]).toEqual(["finished", counted(60)]);
  expect([queue.busy, engine.status().workerRestarts]).toEqual([0, 0]);
});
