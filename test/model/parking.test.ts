// The stream of a slow reader is parked in the worker, gives its slot to waiting requests, and loses nothing.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import type { ServiceError } from "../../src/errors.ts";
import type { GenerateEvent, TextDelta } from "../../src/generation/events.ts";
import type {
  GenerateRequest,
  PreparedRequest,
  SamplingParams,
} from "../../src/generation/request.ts";
import { ANONYMOUS } from "../../src/keys/caller.ts";
import type { Admissions } from "../../src/queue/admissions.ts";
import { messagesPrompt, PLAIN_REQUEST, PLAIN_SAMPLING } from "../support/clients/requests.ts";
import { type RunningService, startWithModel, until } from "../support/start-service.ts";

let running: RunningService;
let engine: Engine;
let queue: Admissions;
beforeAll(async () => {
  const steps = { slots: 1, batchSize: 1 }; // reading several tokens at once rounds differently from generating them
  running = await startWithModel({ threads: 1, ...steps, streamBuffer: 64, parkTimeoutMs: 50 });
  ({ engine, queue } = running.service);
});
afterAll(async () => running.close());

async function prepared(
  content: string,
  maxTokens: number,
  sampling: Partial<SamplingParams> = { temperature: 0 },
): Promise<PreparedRequest> {
  const request: GenerateRequest = {
    ...PLAIN_REQUEST,
    prompt: messagesPrompt([{ role: "user", content }]),
    sampling: { ...PLAIN_SAMPLING, ...sampling },
    maxTokens,
    ignoreEos: true,
  };
  return engine.ask({ type: "prepare", request }, { signal: new AbortController().signal }).answer;
}

function generate(request: PreparedRequest, controller = new AbortController()) {
  const { signal } = controller;
  const abort = (error: ServiceError) => controller.abort(error);
  const admission = queue.enter({ signal, abort, caller: ANONYMOUS, choices: 1 });
  const events = engine.generate(request, { signal, lease: admission.ticketOf(0) });
  return { admission, events: events[Symbol.asyncIterator]() };
}

function textOf({ value }: IteratorResult<GenerateEvent, unknown>): string {
  return (value as GenerateEvent | undefined)?.type === "text-delta"
    ? (value as TextDelta).text
    : "";
}

async function readText(
  events: AsyncIterator<GenerateEvent>,
): Promise<{ text: string; tokens: number }> {
  let text = "";
  for (let next = await events.next(); !next.done; next = await events.next()) {
    if (next.value.type === "finish") return { text, tokens: next.value.usage.completionTokens };
    text += textOf(next);
  }
  throw new Error("no finish");
}

test("a stream that is not read is parked, and continues without a gap when it is read", async () => {
  const request = await prepared("Count from 1 to 100", 150);
  const whole = generate(request);
  const { text: expected } = await readText(whole.events);
  whole.admission.leave();

  const slow = generate(request);
  const first = await slow.events.next();
  const beforeMs = performance.now();
  await until(() => performance.now() - beforeMs > 400, "it had time to run ahead");
  const second = await slow.events.next();
  const rest = await readText(slow.events);
  slow.admission.leave();

  expect(textOf(second).length).toBeLessThan(64 + 32); // no further ahead than the buffer and one token
  expect(textOf(first) + textOf(second) + rest.text).toBe(expected);
});

test("a parked stream gives its slot to a waiting request, and continues afterwards without a gap", async () => {
  const request = await prepared("Count from 1 to 100", 150);
  const whole = generate(request);
  const { text: expected } = await readText(whole.events);
  whole.admission.leave();

  const slow = generate(request);
  const first = await slow.events.next();
  const other = generate(await prepared("Hello", 5));
  const otherAnswer = await readText(other.events); // has the only slot, although the slow one has not ended
  other.admission.leave();
  const rest = await readText(slow.events);
  slow.admission.leave();

  expect(otherAnswer.tokens).toBe(5);
  expect(textOf(first) + rest.text).toBe(expected);
  expect(rest.tokens).toBe(150);
});

test.each([
  { name: "one draw a token", sampling: { topP: 1 } },
  { name: "no draw where one token is left", sampling: { topP: 0.5 } },
])(
  "a suspended stream continues with the random numbers of its seed: $name",
  async ({ sampling }) => {
    const request = await prepared("Tell me a story", 200, {
      temperature: 1,
      seed: 7,
      ...sampling,
    });
    const whole = generate(request);
    const { text: expected } = await readText(whole.events);
    whole.admission.leave();

    const slow = generate(request);
    const first = await slow.events.next();
    const other = generate(await prepared("Hello", 5));
    await readText(other.events);
    other.admission.leave();
    const rest = await readText(slow.events);
    slow.admission.leave();

    expect(textOf(first) + rest.text).toBe(expected);
  },
);

test("a parked stream that is aborted leaves nothing behind", async () => {
  const controller = new AbortController();
  const slow = generate(await prepared("Count from 1 to 100", 150), controller);
  await slow.events.next();
  const beforeMs = performance.now();
  await until(() => performance.now() - beforeMs > 200, "it is parked");

  controller.abort();
  await expect(readText(slow.events)).rejects.toThrow();
  slow.admission.leave();

  expect([queue.busy, queue.inside]).toEqual([0, 0]);
  const after = generate(await prepared("Hello", 5));
  expect((await readText(after.events)).tokens).toBe(5);
  after.admission.leave();
});

test("a suspended stream that is aborted leaves nothing behind", async () => {
  const controller = new AbortController();
  const slow = generate(await prepared("Count from 1 to 100", 150), controller);
  await slow.events.next();
  const other = generate(await prepared("Hello", 5));
  await readText(other.events);
  other.admission.leave();

  controller.abort();
  await expect(readText(slow.events)).rejects.toThrow();
  slow.admission.leave();

  expect(queue.busy).toBe(0);
  expect(queue.inside).toBe(0);
  const after = generate(await prepared("Hello", 5));
  expect((await readText(after.events)).tokens).toBe(5);
  after.admission.leave();
});

test("a stream that was parked or suspended when the worker died continues in the next one when it is read", async () => {
  const parked = generate(await prepared("Count from 1 to 100", 150));
  await parked.events.next();
  const beforeMs = performance.now();
  await until(() => performance.now() - beforeMs > 200, "it is parked");

  process.kill(engine.status().workerPid ?? 0, "SIGKILL");

  expect((await readText(parked.events)).tokens).toBe(150);
  parked.admission.leave();
  expect(queue.busy).toBe(0);

  const suspended = generate(await prepared("Count from 1 to 100", 150));
  await suspended.events.next();
  const other = generate(await prepared("Hello", 5));
  await readText(other.events);
  other.admission.leave();

  process.kill(engine.status().workerPid ?? 0, "SIGKILL");

  expect((await readText(suspended.events)).tokens).toBe(150);
  suspended.admission.leave();
  expect(queue.inside).toBe(0);
});
