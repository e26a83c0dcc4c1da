// Preparing a prompt is work: it waits in a line where keys take turns, and is charged to its key, also when it is refused.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { Asking } from "../../src/engine/engine.ts";
import { ServiceError } from "../../src/errors.ts";
import { orAborted } from "../../src/generation/deferred.ts";
import type { Question } from "../../src/generation/questions.ts";
import { FakeEngine, type FakeEngineOptions } from "../support/fake-engine.ts";
import { newKeysFile } from "../support/keys.ts";
import { chat, post } from "../support/sse-client.ts";
import { type RunningService, startWithFake, until } from "../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

/** Answers no question before it is let go on, one for each call. */
class HeldEngine extends FakeEngine {
  readonly asked: string[] = [];
  readonly #held: (() => void)[] = [];

  override ask<Q extends Question>(
    question: Q,
    { signal }: { readonly signal: AbortSignal },
  ): Asking<Q> {
    if (question.type === "prepare" && question.request.prompt.type === "messages")
      this.asked.push(question.request.prompt.messages.at(-1)?.content ?? "");
    const held = new Promise<void>((resolve) => this.#held.push(resolve));
    const ignored = new AbortController().signal;
    const answered = held.then(() => super.ask(question, { signal: ignored }).answer);
    return { ...this.asking(answered), answer: orAborted(answered, signal) };
  }

  next(): void {
    this.#held.shift()?.();
  }
}

const hello = (content: string, changes: object = {}) =>
  chat({ messages: [{ role: "user", content }], max_tokens: 1, ...changes });

async function start(engine: FakeEngineOptions | FakeEngine, settings = {}) {
  const keys = newKeysFile();
  const [alice, bob] = [keys.add("alice"), keys.add("bob")];
  const limited = keys.add("limited", "--tokens-per-minute", "100");
  const service = await startWithFake(engine, { keysFile: keys.path, ...settings });
  running = service;
  const ask = (body: object, headers: Record<string, string>) =>
    post(`${service.url}/v1/chat/completions`, body, headers);
  return { ...service, ask, alice, bob, limited };
}

test("asks the engine one question at a time, and the keys take turns", async () => {
  const engine = new HeldEngine({ askCostMs: 10 });
  const { ask, alice, bob } = await start(engine, { slots: 8 });
  const answers = [ask(hello("alice 1"), alice)];
  await until(() => engine.asked.length === 1, "it asks the engine");
  for (const content of ["alice 2", "alice 3", "alice 4"]) answers.push(ask(hello(content), alice));
  const inside = () => running?.service.queue.inside;
  await until(() => inside() === 4, "they are inside");
  answers.push(ask(hello("bob 1"), bob));
  await until(() => inside() === 5, "they are inside");
  await sleep(20); // nothing more is asked meanwhile

  expect(engine.asked).toEqual(["alice 1"]);
  for (let count = 2; count <= 5; count++) {
    engine.next();
    await until(() => engine.asked.length === count, "it asks the engine");
  }
  engine.next();

  expect(engine.asked[1]).toBe("bob 1");
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([
    200, 200, 200, 200, 200,
  ]);
});

test("takes the tokens per minute of a key whose prompts are refused", async () => {
  const { ask, limited } = await start({ contextTokens: 8, askCostMs: 40 });
  const tooLong = hello("one two three four five six seven eight nine ten");

  const statuses: number[] = [];
  for (let count = 0; count < 4; count++) statuses.push((await ask(tooLong, limited)).status);
  const last = await ask(tooLong, limited);

  expect(statuses).toEqual([400, 400, 400, 429]);
  expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await last.json()).toMatchObject({ error: { code: "rate_limit_exceeded" } });
});

test("takes them for counting and rendering too", async () => {
  const { url, limited } = await start({ askCostMs: 60 });
  const count = () => post(`${url}/tokenize`, { content: "a b c" }, limited);

  const statuses = [(await count()).status, (await count()).status, (await count()).status];

  expect(statuses).toEqual([200, 200, 429]);
});

test("a client that has disconnected keeps its turn until the engine is done with its question", async () => {
  const engine = new HeldEngine();
  const { ask, url, alice, bob } = await start(engine);
  const leave = new AbortController();
  const left = fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...alice },
    body: JSON.stringify(hello("left")),
    signal: leave.signal,
  });
  left.catch(() => {});
  await until(() => engine.asked.length === 1, "it asks the engine");
  leave.abort();
  await until(() => running?.service.queue.inside === 0, "they are inside");
  const answer = ask(hello("bob"), bob);
  await until(() => running?.service.queue.inside === 1, "they are inside");
  await sleep(20); // the question of the client that left is still being answered

  expect(engine.asked).toEqual(["left"]);
  engine.next();
  await until(() => engine.asked.length === 2, "it asks the engine");
  engine.next();

  expect((await answer).status).toBe(200);
});

test("a request that has been admitted is prepared while the server drains", async () => {
  const engine = new HeldEngine();
  const { ask, service, alice } = await start(engine, { drainTimeoutMs: 5_000 });
  const answers = [ask(hello("one"), alice), ask(hello("two"), alice)];
  await until(() => service.queue.inside === 2, "they are inside");

  const closed = service.close();
  await until(() => engine.asked.length === 1, "it asks the engine");
  engine.next();
  await until(() => engine.asked.length === 2, "it asks the engine");
  engine.next();

  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  await closed;
});

test("a refusal by the engine frees its turn", async () => {
  const failing = new FakeEngine();
  const answer = failing.ask.bind(failing);
  let isFirst = true;
  failing.ask = (question, options) => {
    if (!isFirst) return answer(question, options);
    isFirst = false;
    const refused = Promise.reject(new ServiceError("template_error", "no"));
    return { answer: refused, costMs: Promise.resolve(1) };
  };
  const { ask, alice } = await start(failing);

  expect((await ask(hello("a"), alice)).status).toBe(400);
  expect((await ask(hello("b"), alice)).status).toBe(200);
});
