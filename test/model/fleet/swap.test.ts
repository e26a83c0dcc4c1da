// Two models in two real workers: neither notices what happens to the other, and swapping them changes no answer.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { configWith } from "../../../src/config/config-with.ts";
import type { ServiceError } from "../../../src/errors.ts";
import { ANONYMOUS } from "../../../src/keys/caller.ts";
import type { GeneratingModel } from "../../../src/models/names/offered-model.ts";
import type { ServiceSettings } from "../../../src/service.ts";
import { messagesPrompt, PLAIN_REQUEST, PLAIN_SAMPLING } from "../../support/clients/requests.ts";
import { chat, post, postSse, readAll } from "../../support/clients/sse-client.ts";
import { isRunning } from "../../support/processes.ts";
import {
  BUILTIN_MODEL,
  type RunningService,
  skipTime,
  startWithModel,
  until,
} from "../../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-fleet-"));
// One token at a time: reading several at once rounds differently from generating them.
const steps = { threads: 1, slots: 1, batchSize: 1, context: 1024, streamBuffer: 64 };
const settings: ServiceSettings = {
  ...{ ...steps, parkTimeoutMs: 50, gpu: "off", heartbeatMs: 500 },
  model: ["a", "b"].map((name) => ({ name, path: path.join(folder, `${name}.gguf`) })),
};
let running: RunningService;
let a: GeneratingModel;
let b: GeneratingModel;

/** The second model is the built-in one with other arithmetic, so that its answers are others. */
beforeAll(async () => {
  const bytes = readFileSync(BUILTIN_MODEL);
  writeFileSync(path.join(folder, "a.gguf"), bytes);
  const key = "llama.attention.layer_norm_rms_epsilon";
  bytes.writeFloatLE(2, bytes.indexOf(key) + key.length + 4);
  writeFileSync(path.join(folder, "b.gguf"), bytes);
  running = await startWithModel(settings);
  const { models } = running.service;
  [a, b] = [models.resolve("a").model, models.resolve("b").model];
  await b.preload();
});
afterAll(async () => {
  vi.restoreAllMocks(); // not before: the time of the fleet must not go back
  await running.close();
  rmSync(folder, { recursive: true });
});

const chatUrl = () => `${running.url}/v1/chat/completions`;
const pidOf = ({ engine }: GeneratingModel) => engine.status().workerPid;
const restartsOf = ({ engine }: GeneratingModel) => engine.status().workerRestarts;

async function answerOf(model: string, content: string): Promise<string> {
  const messages = [{ role: "user", content }];
  const asked = { model, messages, temperature: 0, max_tokens: 40, ignore_eos: true };
  const answer = await post(chatUrl(), chat(asked));
  const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
  return choices[0]?.message.content ?? `status ${answer.status}`;
}

/** From now on, one of the two models fits into the memory. */
async function limitMemory(): Promise<void> {
  const bytes = (a.facts.memory?.ramBytes ?? 0) + (b.facts.memory?.ramBytes ?? 0);
  running.service.reload(configWith({ ...settings, port: 0, memoryBudget: (bytes * 3) / 4 }));
  b.requestUnload();
  await until(() => b.state === "unloaded", "one of them is unloaded");
}

test("a worker that is killed continues its stream in the next one, and the other model's stream does not notice", async () => {
  const asked = { max_tokens: 400, ignore_eos: true, stream: true };
  const [first, second] = await Promise.all(
    ["a", "b"].map(async (model) =>
      readAllLater(await postSse(chatUrl(), chat({ model, ...asked }))),
    ),
  );
  await until(() => a.isBusy && b.isBusy, "both run");
  const other = pidOf(b);
  process.kill(pidOf(a) ?? 0, "SIGKILL");
  const answers = await Promise.all([first?.reading, second?.reading]);

  const tokens = answers.map((answer) => answer?.chunks.at(-1)?.timings?.generated_tokens);
  expect(tokens).toEqual([400, 400]);
  expect([restartsOf(a), restartsOf(b), pidOf(b)]).toEqual([1, 0, other]);
  expect(answers[1]?.comments.filter((comment) => /restarting|loading/.test(comment))).toEqual([]);
});

/** An object, because a promise in an async function would be awaited. */
function readAllLater(answer: Awaited<ReturnType<typeof postSse>>) {
  return { reading: readAll(answer) };
}

test("models that swap under load answer as each of them alone, and the worker of an unloaded one is gone", async () => {
  const prompts = Array.from({ length: 2 }, (_, number) => `Tell me a story about ${number}`);
  const models = ["a", "b"];
  const cases = prompts.flatMap((prompt) => models.map((model) => [model, prompt] as const));
  const alone = [];
  for (const [model, prompt] of cases) alone.push(await answerOf(model, prompt));
  expect(alone[0]).not.toBe(alone[1]);
  await limitMemory();
  const workers = new Set<number>();
  let mostAtOnce = 0;
  const observe = setInterval(() => {
    const pids = [pidOf(a), pidOf(b)].flatMap((pid) => pid ?? []);
    for (const pid of pids) workers.add(pid);
    mostAtOnce = Math.max(mostAtOnce, [...workers].filter(isRunning).length);
    const isSwapping = [a, b].some(({ state }) => state !== "ready" && state !== "unloaded");
    if (!isSwapping) skipTime(running, 6_000); // a model that is in use is kept for some seconds
  }, 20);
  const swapped = await Promise.all(cases.map(([model, prompt]) => answerOf(model, prompt)));
  clearInterval(observe);

  expect(swapped).toEqual(alone);
  expect(workers.size).toBeGreaterThan(2);
  expect(mostAtOnce).toBe(1);
  expect([a, b].filter(({ state }) => state === "ready")).toHaveLength(1);
  expect(running.service.queue.inside).toBe(0);
});

/** A stream that is read only when the test says so. */
async function slowStream(model: GeneratingModel) {
  const controller = new AbortController();
  const { signal } = controller;
  const request = {
    ...PLAIN_REQUEST,
    prompt: messagesPrompt([{ role: "user", content: "Count from 1 to 100" }]),
    sampling: { ...PLAIN_SAMPLING, temperature: 0 },
    maxTokens: 150,
    ignoreEos: true,
  };
  const abort = (error: ServiceError) => controller.abort(error);
  const lane = model.lane.name;
  const admission = running.service.queue.enter({
    ...{ signal, abort, caller: ANONYMOUS, choices: 1, lane },
  });
  const { enteredAtMs: arrivedAtMs, owner, places } = admission;
  await model.ready({ owner, isFlex: false, arrivedAtMs, signal, places });
  const prepared = await model.engine.ask({ type: "prepare", request }, { signal }).answer;
  const lease = admission.ticketOf(0);
  const events = model.engine.generate(prepared, { signal, lease })[Symbol.asyncIterator]();
  let text = "";
  const read = async () => {
    const { value, done } = await events.next();
    if (value?.type === "text-delta") text += value.text;
    return !done;
  };
  const readRest = async () => {
    while (await read());
    admission.leave();
    return text;
  };
  return { read, readRest };
}

test("the stream of a slow reader, whose model makes room and is loaded again, is the same as without that", async () => {
  const expected = await (await slowStream(a)).readRest();
  const slow = await slowStream(a);
  await slow.read();
  const before = pidOf(a);
  skipTime(running, 60_000);
  const other = await answerOf("b", "Hello");

  expect([other.length > 0, a.state, isRunning(before ?? 0)]).toEqual([true, "unloaded", false]);
  expect(await slow.readRest()).toBe(expected);
  expect([a.state, running.service.queue.inside]).toEqual(["ready", 0]);
});
