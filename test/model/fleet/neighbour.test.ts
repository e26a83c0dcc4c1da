// What one model guarantees holds beside another one that streams all the time: parking, crashes, deadlines, resumable streams and
// draining. The neighbour's answers are complete. stop.test.ts has the same for clients that disconnect.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { ServiceError } from "../../../src/errors.ts";
import { ANONYMOUS } from "../../../src/keys/caller.ts";
import type { GeneratingModel } from "../../../src/models/names/offered-model.ts";
import {
  type BusyNeighbour,
  NEIGHBOUR_TOKENS,
  startNeighbour,
} from "../../support/clients/busy-neighbour.ts";
import { messagesPrompt, PLAIN_REQUEST, PLAIN_SAMPLING } from "../../support/clients/requests.ts";
import { chat, post, postSse, readAll, readEvents } from "../../support/clients/sse-client.ts";
import {
  BUILTIN_MODEL,
  type RunningService,
  startWithModel,
  until,
} from "../../support/start-service.ts";

let running: RunningService;
let model: GeneratingModel;
let other: GeneratingModel;
let neighbour: BusyNeighbour;
beforeAll(async () => {
  running = await startWithModel({
    // One token at a time: reading several at once rounds differently from generating them.
    ...{ threads: 1, slots: 1, batchSize: 1, context: 4096, streamBuffer: 64, parkTimeoutMs: 50 },
    ...{ heartbeatMs: 500, resumeGraceMs: 60_000, drainTimeoutMs: 30_000 },
    model: ["main", "neighbour"].map((name) => ({ name, path: BUILTIN_MODEL })),
  });
  const { models } = running.service;
  [model, other] = [models.resolve("main").model, models.resolve("neighbour").model];
  await other.preload();
});
beforeEach(async () => {
  neighbour = await startNeighbour(running.url, "neighbour");
});
afterEach(async () => {
  const answers = await neighbour.stop();
  for (const answer of answers)
    expect(answer).toEqual({ isDone: true, tokens: NEIGHBOUR_TOKENS, waits: [] });
  expect(other.engine.status().workerRestarts).toBe(0);
});
afterAll(async () => running.close());

const chatUrl = () => `${running.url}/v1/chat/completions`;
const messages = [{ role: "user" as const, content: "Count from 1 to 100" }];
const greedy = { messages, temperature: 0, ignore_eos: true, stream: true };
const ask = (headers: Record<string, string> = {}, changes: object = {}) =>
  postSse(chatUrl(), chat({ ...greedy, max_tokens: 200, ...changes }), headers);
const inside = () => running.service.queue.insideLane(model.lane.name);

async function expectedText(): Promise<string> {
  return (await readAll(await ask())).text;
}

test("a parked stream gives its slot to a request of its own model, and continues without a gap", async () => {
  const expected = await expectedText();
  const controller = new AbortController();
  const { signal } = controller;
  const abort = (error: ServiceError) => controller.abort(error);
  const { queue } = running.service;
  const lane = model.lane.name;
  const admission = queue.enter({ signal, abort, caller: ANONYMOUS, choices: 1, lane });
  const sampling = { ...PLAIN_SAMPLING, temperature: 0 };
  const prompt = messagesPrompt(messages);
  const request = { ...PLAIN_REQUEST, prompt, sampling, maxTokens: 200, ignoreEos: true };
  const { answer } = model.engine.ask({ type: "prepare", request }, { signal });
  const lease = admission.ticketOf(0);
  const events = model.engine.generate(await answer, { signal, lease })[Symbol.asyncIterator]();
  const first = await events.next();
  const short = await post(chatUrl(), chat({ max_tokens: 5, ignore_eos: true }));
  expect(short.status).toBe(200);
  let text = first.value?.type === "text-delta" ? first.value.text : "";
  for (let next = await events.next(); !next.done; next = await events.next())
    if (next.value.type === "text-delta") text += next.value.text;
  admission.leave();

  expect(text).toBe(expected);
});

test("a worker that is killed continues its stream in the next one", async () => {
  const expected = await expectedText();
  const reading = readAll(await ask());
  await until(() => model.lane.busy === 1, "it runs");
  process.kill(model.engine.status().workerPid ?? 0, "SIGKILL");

  expect((await reading).text).toBe(expected);
  expect([model.engine.status().workerRestarts, inside()]).toEqual([1, 0]);
});

test("a deadline ends an answer with the text so far", async () => {
  await expectedText(); // caches the prompt
  const answer = await ask({ "x-deadline-ms": "1200" }, { max_tokens: 3_500 });
  const { chunks, text, isDone } = await readAll(answer);

  expect([isDone, text.length > 0]).toEqual([true, true]);
  expect(chunks.at(-1)?.timings).toMatchObject({ deadline_reached: true });
  await until(() => inside() === 0, "its place is free");
});

test("a resumable stream is complete after a lost connection", async () => {
  const expected = await expectedText();
  const { response, leave } = await ask({ "x-resumable": "true" });
  leave();
  const rest = await fetch(`${running.url}${response.headers.get("location")}`);
  const answer = { response: rest, events: readEvents(rest), leave };

  expect((await readAll(answer)).text).toBe(expected);
  await until(() => inside() === 0, "its place is free");
});

// The last one: it closes the service.
test("a server that shuts down lets the streams of both models finish", async () => {
  const reading = ask().then(readAll);
  await until(() => model.lane.busy === 1, "it runs");
  const answers = neighbour.stop();
  const closed = running.service.close();

  expect((await reading).chunks.at(-1)?.timings?.generated_tokens).toBe(200);
  expect((await answers).at(-1)).toMatchObject({ isDone: true, tokens: NEIGHBOUR_TOKENS });
  await closed;
  expect(running.service.queue.inside).toBe(0);
});
