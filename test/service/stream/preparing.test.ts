// Preparing a prompt is work: keys take turns for it, and it is charged to its key, also when the prompt is refused.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { PendingAnswer } from "../../../src/engine/engine.ts";
import { ServiceError } from "../../../src/errors.ts";
import { orAborted } from "../../../src/generation/deferred.ts";
import type { Question } from "../../../src/generation/questions.ts";
import { chat, post } from "../../support/clients/sse-client.ts";
import { FakeEngine, type FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { newKeysFile } from "../../support/keys.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

/** Answers a question only when it is released, one for each call. */
class HeldEngine extends FakeEngine {
  readonly asked: string[] = [];
  readonly #held: (() => void)[] = [];

  override ask<Q extends Question>(
    question: Q,
    { signal }: { readonly signal: AbortSignal },
  ): PendingAnswer<Q> {
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

test("a key with many prompts does not block another key", async () => {
  const engine = new HeldEngine();
  const { ask, alice, bob } = await start(engine, { slots: 8 });
  const inside = () => running?.service.queue.inside;
  const contents = Array.from({ length: 7 }, (_, index) => `alice ${index}`);
  const answers = contents.map((content) => ask(hello(content), alice));
  await until(() => inside() === 7, "alice's are inside");
  answers.push(ask(hello("bob"), bob));
  await until(() => engine.asked.includes("bob"), "it asks for bob");

  expect(engine.asked).toHaveLength(5); // four of alice's
  for (let count = 6; count <= 8; count++) {
    engine.next();
    await until(() => engine.asked.length === count, "the next one of alice's is asked");
  }
  for (let left = 0; left < 5; left++) engine.next();

  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(
    Array.from({ length: 8 }, () => 200),
  );
});

test("charges refused prompts to the key's tokens per minute", async () => {
  const { ask, limited } = await start({ contextTokens: 8, askCostMs: 40 });
  const tooLong = hello("one two three four five six seven eight nine ten");

  const statuses: number[] = [];
  for (let count = 0; count < 4; count++) statuses.push((await ask(tooLong, limited)).status);
  const last = await ask(tooLong, limited);

  expect(statuses).toEqual([400, 400, 400, 429]);
  expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await last.json()).toMatchObject({ error: { code: "rate_limit_exceeded" } });
});

test("charges counting and rendering too", async () => {
  const { url, limited } = await start({ askCostMs: 60 });
  const count = () => post(`${url}/tokenize`, { content: "a b c" }, limited);

  const statuses = [(await count()).status, (await count()).status, (await count()).status];

  expect(statuses).toEqual([200, 200, 429]);
});

test("clients that have disconnected keep their turns until the engine is done with their questions", async () => {
  const engine = new HeldEngine();
  const { ask, url, alice } = await start(engine, { slots: 8 });
  const leave = new AbortController();
  for (let count = 0; count < 4; count++) {
    const left = fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...alice },
      body: JSON.stringify(hello("left")),
      signal: leave.signal,
    });
    left.catch(() => {});
  }
  await until(() => engine.asked.length === 4, "it asks the engine");
  leave.abort();
  const inside = () => running?.service.queue.inside;
  await until(() => inside() === 0, "they have left");
  const answer = ask(hello("next"), alice);
  await until(() => inside() === 1, "it is inside");
  await sleep(20); // the four questions are still being answered

  expect(engine.asked).not.toContain("next");
  engine.next();
  await until(() => engine.asked.includes("next"), "it asks the engine");
  for (let left = 0; left < 4; left++) engine.next();

  expect((await answer).status).toBe(200);
});

test("a request that has been admitted is prepared while the server drains", async () => {
  const engine = new HeldEngine();
  const { ask, service, alice } = await start(engine, { drainTimeoutMs: 5_000 });
  const answers = [ask(hello("one"), alice), ask(hello("two"), alice)];
  await until(() => service.queue.inside === 2, "they are inside");

  const closed = service.close();
  await until(() => engine.asked.length === 2, "it asks the engine");
  engine.next();
  engine.next();

  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  await closed;
});

test("a refusal by the engine ends the turn", async () => {
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
