// Several choices of one request, several prompts, flex requests, and flushing, over real HTTP with a fake engine.

import { afterEach, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { deferred } from "../../../src/generation/deferred.ts";
import { rawPost } from "../../support/clients/raw-client.ts";
import { chat, post, postSse, readAll } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

async function started(...args: Parameters<typeof startWithFake>) {
  const service = await startWithFake(...args);
  running = service;
  const { url } = service;
  return { ...service, chatUrl: `${url}/v1/chat/completions`, textUrl: `${url}/v1/completions` };
}

const ENDLESS = { tokens: Number.POSITIVE_INFINITY, tokenMs: 2 };
const USAGE = { stream_options: { include_usage: true } };
const FAILURE = {
  error: new ServiceError("generation_failed", "the engine broke"),
  afterTokens: 2,
  attempts: 1,
};

type Body = {
  readonly choices: readonly {
    readonly index: number;
    readonly text?: string;
    readonly message?: { readonly content: string };
  }[];
  readonly usage: object;
};

test("streams three choices: each opened and finished once, one [DONE], usage for all", async () => {
  const { chatUrl } = await started({ texts: ["a", "b"] });

  const body = chat({ n: 3, stream: true, ...USAGE });
  const { chunks, isDone } = await readAll(await postSse(chatUrl, body));

  const choices = chunks.flatMap((chunk) => chunk.choices ?? []);
  const indices = (of: typeof choices) => of.map(({ index }) => index).sort();
  expect(indices(choices.filter(({ delta }) => delta?.role))).toEqual([0, 1, 2]);
  expect(indices(choices.filter((choice) => choice.finish_reason))).toEqual([0, 1, 2]);
  for (const index of [0, 1, 2]) {
    const own = choices.filter((choice) => choice.index === index);
    expect(own.map(({ delta }) => delta?.content ?? "").join("")).toBe("ab");
  }
  expect(chunks.at(-1)).toMatchObject({ usage: { prompt_tokens: 1, completion_tokens: 6 } });
  expect(chunks.filter(({ timings }) => timings)).toHaveLength(1);
  expect(isDone).toBe(true);
});

test("prepares a prompt once, however many choices it has", async () => {
  const { chatUrl, engine } = await started();

  await (await post(chatUrl, chat({ n: 3 }))).text();

  expect(engine.requests).toHaveLength(1);
  expect(engine.tokensComputed).toBe(6);
});

test("answers three choices in one body", async () => {
  const { chatUrl } = await started({ texts: ["a", "b"] });

  const answer = (await (await post(chatUrl, chat({ n: 3 }))).json()) as Body;

  expect(answer.choices.map(({ index, message }) => [index, message?.content])).toEqual([
    [0, "ab"],
    [1, "ab"],
    [2, "ab"],
  ]);
  expect(answer.usage).toMatchObject({ prompt_tokens: 1, completion_tokens: 6, total_tokens: 7 });
});

test("ends all choices of a stream with one error when one of them fails", async () => {
  const { chatUrl, engine, service } = await started({ ...ENDLESS, failure: FAILURE });

  const body = chat({ n: 3, stream: true, max_tokens: 4000 });
  const { chunks, isDone } = await readAll(await postSse(chatUrl, body));

  expect(isDone).toBe(false);
  expect(chunks.filter(({ error }) => error)).toHaveLength(1);
  expect(chunks.at(-1)?.error).toMatchObject({ code: "generation_failed" });
  await until(() => service.queue.inside === 0, "all have left");
  expect(engine.running).toBe(0);
});

test("answers with the failure of one choice when nothing was sent yet", async () => {
  const { chatUrl, service } = await started({ ...ENDLESS, failure: FAILURE });

  const response = await post(chatUrl, chat({ n: 3, max_tokens: 4000 }));

  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({ error: { message: "the engine broke" } });
  await until(() => service.queue.inside === 0, "all have left");
});

test.each([true, false])(
  "frees every place in the queue when the client disconnects (streamed: %s)",
  async (stream) => {
    const { chatUrl, engine, service } = await started(ENDLESS, { slots: 2 });
    const client = await rawPost(chatUrl, chat({ n: 4, stream, max_tokens: 4000 }));
    await until(() => engine.running === 2 && service.queue.waiting === 2, "two run, two wait");

    client.socket.resetAndDestroy();

    await until(() => service.queue.inside === 0, "all have left");
    expect([engine.running, service.queue.busy, service.queue.waiting]).toEqual([0, 0, 0]);
  },
);

test("runs the choices one after another if there is only one slot", async () => {
  const { chatUrl, engine } = await started({}, { slots: 1 });

  const answer = (await (await post(chatUrl, chat({ n: 3 }))).json()) as Body;

  expect(answer.choices).toHaveLength(3);
  expect(engine.peakRunning).toBe(1);
});

test("refuses more choices than the queue holds with a 400 that names n", async () => {
  const { chatUrl } = await started({}, { slots: 1, queue: 1 });

  const response = await post(chatUrl, chat({ n: 3 }));

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { code: "invalid_value", param: "n" } });
});

test("answers every prompt of a list, counting each prompt once", async () => {
  const { textUrl } = await started({ texts: ["x"] });

  const response = await post(textUrl, { prompt: ["one", "two words"], n: 2 });

  const answer = (await response.json()) as Body;
  expect(answer.choices.map(({ index, text }) => [index, text])).toEqual([
    [0, "x"],
    [1, "x"],
    [2, "x"],
    [3, "x"],
  ]);
  expect(answer.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 4 });
});

test("streams every prompt of a list", async () => {
  const { textUrl } = await started({ texts: ["x", "y"] });

  const body = { prompt: [[1, 2], [3]], stream: true, ...USAGE };
  const { chunks, isDone } = await readAll(await postSse(textUrl, body));

  const ends = chunks.flatMap(({ choices = [] }) => choices.filter((each) => each.finish_reason));
  expect(ends.map(({ index }) => index).sort()).toEqual([0, 1]);
  expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 4 });
  expect(isDone).toBe(true);
});

test("runs flex requests when no other request waits for the slot", async () => {
  const others = deferred<void>();
  const { chatUrl, engine, service } = await started(
    { tokens: 20, hold: { afterTokens: 1, until: others.promise } },
    { slots: 1 },
  );
  const done: string[] = [];
  const ask = async (name: string, fields: object = {}) => {
    await (await post(chatUrl, chat(fields))).text();
    done.push(name);
  };
  const first = ask("first");
  await until(() => engine.running === 1, "the first one runs");
  const flex = ask("flex", { service_tier: "flex" });
  await until(() => service.queue.waiting === 1, "the flex one waits");

  const later = ask("later");
  await until(() => service.queue.waiting === 2, "the later one waits too");
  others.resolve();

  await Promise.all([first, flex, later]);

  expect(done).toEqual(["first", "later", "flex"]);
});

test("flushes whole words: fewer chunks, the same text", async () => {
  const { chatUrl } = await started({ texts: ["He", "l", "lo", " wo", "r", "ld", "!", " Bye"] });
  const read = async (flush: string) =>
    readAll(await postSse(chatUrl, chat({ stream: true, stream_options: { flush } })));

  const [tokens, words] = [await read("token"), await read("word")];

  const sent = words.chunks.map(({ choices }) => choices?.[0]?.delta?.content ?? "");
  expect(sent.filter((text) => text !== "")).toEqual(["He", "llo", " world!", " Bye"]);
  expect(words.text).toBe(tokens.text);
  expect(words.chunks.length).toBe(tokens.chunks.length - 4);
  expect(words.isDone).toBe(true);
});

test("sends the progress of the prompt to clients that requested it", async () => {
  const progress = { type: "prefill", total: 9, cached: 0, processed: 5, ms: 1 } as const;
  const hello = { type: "text-delta", text: "Hello", tokens: 1 } as const;
  const { chatUrl } = await started({ events: [progress, hello] });

  const asked = await readAll(
    await postSse(chatUrl, chat({ stream: true, return_progress: true })),
  );
  const others = await readAll(await postSse(chatUrl, chat({ stream: true })));

  expect(asked.chunks[0]).toMatchObject({ prompt_progress: { total: 9, cache: 0, processed: 5 } });
  expect([asked.text, others.text]).toEqual(["Hello", "Hello"]);
  expect(others.chunks.some((chunk) => "prompt_progress" in chunk)).toBe(false);
});
