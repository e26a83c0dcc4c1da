// Ollama's official client as the judge: its own reader of lines, and its error class.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ChatRequest, type ChatResponse, type ListResponse, Ollama } from "ollama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { pullProcesses } from "../../src/models/pull-process.ts";
import { closeModelServers, serveModel } from "../support/downloads/model-server.ts";
import { BUNDLED_PULL } from "../support/engines/bundled-programs.ts";
import {
  BUILTIN_MODEL,
  type RunningService,
  startWithModel,
  until,
} from "../support/start-service.ts";

const KEY = "key";
const MODEL = "builtin:latest";
let running: RunningService;
let client: Ollama;
const folder = mkdtempSync(path.join(tmpdir(), "sluice-ollama-"));
beforeAll(async () => {
  running = await startWithModel(
    { threads: 1, apiKey: [KEY], modelsDir: folder },
    { startPull: pullProcesses(BUNDLED_PULL) },
  );
  client = clientWith(KEY);
});
afterAll(async () => {
  await running.close();
  closeModelServers();
  rmSync(folder, { recursive: true });
});

function clientWith(key: string): Ollama {
  return new Ollama({ host: running.url, headers: { authorization: `Bearer ${key}` } });
}

const options = { num_predict: 60, temperature: 0, seed: 1 };
const question = { role: "user", content: "What is streaming?" };
const plain = { model: MODEL, messages: [question], options } satisfies ChatRequest;
const weather = { role: "user", content: "What is the weather in Paris?" };
const tools = [
  {
    type: "function",
    function: {
      name: "get_weather",
      description: "Get the weather of a city",
      parameters: {
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"],
      },
    },
  },
];
const asking = { ...plain, messages: [weather], tools, options: { ...options, num_predict: 120 } };

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const parts: T[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

function textOf(parts: readonly ChatResponse[]): string {
  return parts.map(({ message }) => message.content).join("");
}

describe("chat", () => {
  test("returns a message with its statistics", async () => {
    const answer = await client.chat(plain);

    expect(answer).toMatchObject({ model: "builtin", done: true, done_reason: "stop" });
    expect(answer.message).toEqual({ role: "assistant", content: expect.stringMatching(/\w/) });
    expect(answer.eval_count).toBeGreaterThan(0);
    expect(answer.prompt_eval_count).toBeGreaterThan(0);
    const { total_duration: total, eval_duration, prompt_eval_duration, load_duration } = answer;
    expect(total).toBeGreaterThan(1_000);
    expect(total).toBeGreaterThanOrEqual(eval_duration);
    expect(load_duration + prompt_eval_duration).toBeLessThanOrEqual(total);
  });

  test("streams the same text as in one message", async () => {
    const whole = await client.chat(plain);

    const parts = await all(await client.chat({ ...plain, stream: true }));

    expect(parts.length).toBeGreaterThan(5);
    expect(textOf(parts)).toBe(whole.message.content);
    expect(parts.at(-1)).toMatchObject({ done: true, eval_count: whole.eval_count });
  });

  test("stops at num_predict and at a stop string", async () => {
    const short = await client.chat({ ...plain, options: { ...options, num_predict: 2 } });
    const stopped = await client.chat({ ...plain, options: { ...options, stop: [" is"] } });

    expect([short.done_reason, short.eval_count]).toEqual(["length", 2]);
    expect(stopped.done_reason).toBe("stop");
    expect(stopped.message.content).not.toContain(" is");
  });

  test("enforces a JSON schema, or JSON", async () => {
    const Thing = z.object({ color: z.enum(["red", "green"]), isBig: z.boolean() });

    const held = await client.chat({ ...plain, format: z.toJSONSchema(Thing) });
    const enough = { ...options, num_predict: 300, repeat_penalty: 1 };
    const parts = await all(
      await client.chat({
        ...{ ...plain, stream: true, options: enough },
        format: { type: "object", properties: { a: { const: 5 } }, required: ["a"] },
      }),
    );

    expect(Thing.safeParse(JSON.parse(held.message.content)).success).toBe(true);
    expect(JSON.parse(textOf(parts))).toEqual({ a: 5 });
  });

  test("separates the reasoning from the answer", async () => {
    const messages = [{ role: "user", content: "What is 2 + 3?" }];
    const wish = { ...plain, messages, options: { ...options, num_predict: 300 } };

    const parts = await all(await client.chat({ ...wish, think: true, stream: true }));
    const silent = await client.chat({ ...wish, think: false });

    const reasoning = parts.map(({ message }) => message.thinking ?? "").join("");
    expect(reasoning).toMatch(/\d/);
    expect(textOf(parts)).not.toContain("think>");
    expect(silent.message).not.toHaveProperty("thinking");
  });

  test("returns logprobs of tokens", async () => {
    const wish = { ...plain, logprobs: true, top_logprobs: 2 };

    const { logprobs = [], eval_count } = await client.chat(wish);

    expect(Math.abs(logprobs.length - eval_count)).toBeLessThanOrEqual(1); // the last token may be the end of the answer
    for (const { logprob, top_logprobs } of logprobs) {
      expect(logprob).toBeLessThanOrEqual(0);
      expect(top_logprobs).toHaveLength(2);
    }
  });
});

describe("tools", () => {
  test("a call gets its result, and the model uses it in its answer", async () => {
    const { message, done_reason } = await client.chat(asking);
    const [call] = message.tool_calls ?? [];
    expect(call?.function).toMatchObject({ name: "get_weather", arguments: { city: "Paris" } });
    expect(done_reason).toBe("stop");

    const result = { role: "tool", content: "18 degrees and sunny", tool_name: "get_weather" };
    const answer = await client.chat({ ...asking, messages: [weather, message, result] });

    expect(answer.message.content).toContain("18");
  });

  test("a streamed call arrives in one piece", async () => {
    const parts = await all(await client.chat({ ...asking, stream: true }));

    const calls = parts.flatMap(({ message }) => message.tool_calls ?? []);
    expect(calls.map((call) => call.function)).toMatchObject([
      { name: "get_weather", arguments: { city: "Paris" } },
    ]);
  });
});

describe("generate", () => {
  test("answers a question, buffered and streamed", async () => {
    const wish = { model: MODEL, prompt: "What is streaming?", system: "Be brief.", options };

    const whole = await client.generate(wish);
    const parts = await all(await client.generate({ ...wish, stream: true }));

    expect(whole).toMatchObject({ done: true, response: expect.stringMatching(/\w/) });
    expect(parts.map(({ response }) => response).join("")).toBe(whole.response);
  });

  test("continues a raw text", async () => {
    const wish = { model: MODEL, prompt: "Streaming is", raw: true, options };

    const { response, prompt_eval_count } = await client.generate(wish);

    expect(response).not.toBe("");
    expect(prompt_eval_count).toBeLessThan(10);
  });

  test("without a prompt reports that the model is loaded", async () => {
    const loaded = await client.generate({ model: MODEL, prompt: "" });
    const parts = await all(await client.chat({ model: MODEL, stream: true, keep_alive: 0 }));

    expect(loaded.done_reason).toBe("load");
    expect(parts).toMatchObject([{ done: true, done_reason: "unload" }]);
  });
});

describe("models", () => {
  test("list(), ps() and show() describe the served models", async () => {
    await client.generate({ model: MODEL, prompt: "" }); // loads it
    const [{ models }, loaded, shown] = await Promise.all([
      client.list(),
      client.ps(),
      client.show({ model: MODEL }),
    ]);

    const details = { format: "gguf", parameter_size: expect.stringMatching(/^[\d.]+M$/) };
    expect(models).toMatchObject([{ name: MODEL, details, size: expect.any(Number) }]);
    expect(loaded.models).toMatchObject([{ name: MODEL, size_vram: 0 }]);
    expect(shown.capabilities).toEqual(expect.arrayContaining(["completion", "tools", "thinking"]));
    expect(shown.details.quantization_level).toMatch(/\w/);
    expect(shown.template).toContain("messages");
    const family = shown.details.family;
    expect(shown.model_info).toMatchObject({ [`${family}.context_length`]: expect.any(Number) });
  });

  test("version() is that of an Ollama with all these features", async () => {
    const { version } = await client.version();

    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("pull() succeeds for a served model, and is refused for an unknown one", async () => {
    const lines = await all(await client.pull({ model: MODEL, stream: true }));

    expect(lines).toEqual([{ status: "pulling manifest" }, { status: "success" }]);
    await expect(client.pull({ model: "no-such" })).rejects.toThrow("short name");
  });

  test("pull(), copy(), load, ps() and delete() work on a model that is downloaded", async () => {
    const { url } = await serveModel({ file: readFileSync(BUILTIN_MODEL) });
    const names = async (of: Promise<ListResponse>) => (await of).models.map(({ name }) => name);

    const lines = await all(await client.pull({ model: url, stream: true }));
    await client.copy({ source: "model", destination: "my/model:v1" });
    const listed = await names(client.list());
    const { done_reason } = await client.generate({ model: "my/model:v1", prompt: "" });
    const loaded = await names(client.ps());
    await client.generate({ model: "my/model:v1", prompt: "", keep_alive: 0 });
    const unloaded = await names(client.ps());
    await client.delete({ model: "my/model:v1" });
    const renamed = await names(client.list());
    await client.delete({ model: "model" });

    expect(lines.at(-1)).toEqual({ status: "success" });
    expect(listed).toEqual([MODEL, "model:latest", "my/model:v1"]);
    expect([done_reason, loaded.includes("my/model:v1")]).toEqual(["load", true]);
    expect(unloaded).not.toContain("my/model:v1");
    expect(renamed).toEqual([MODEL, "model:latest"]);
    expect(await names(client.list())).toEqual([MODEL]);
    await expect(client.delete({ model: "model" })).rejects.toMatchObject({ status_code: 404 });
    await expect(client.create({ model: "m", from: MODEL })).rejects.toThrow("not supported");
  });
});

test("embed() and embeddings() return vectors", async () => {
  const { embeddings, prompt_eval_count } = await client.embed({
    model: MODEL,
    input: ["The cat sat on the mat.", "Paris is the capital of France."],
    truncate: true,
  });
  const older = await client.embeddings({ model: MODEL, prompt: "The cat sat on the mat." });

  const [first = []] = embeddings;
  expect(embeddings).toHaveLength(2);
  expect(Math.hypot(...first)).toBeCloseTo(1);
  expect(prompt_eval_count).toBeGreaterThan(5);
  const { embedding } = older;
  expect(embedding.map((value) => value / Math.hypot(...embedding))[0]).toBeCloseTo(first[0] ?? 0);
});

test("an input that is too long is truncated, unless the client does not want that", async () => {
  const wish = { model: MODEL, input: "word ".repeat(6000) };

  const refused = client.embed({ ...wish, truncate: false });
  await expect(refused).rejects.toMatchObject({ status_code: 400 });
  const { embeddings } = await client.embed(wish);

  expect(embeddings).toHaveLength(1);
});

describe("errors", () => {
  test("have the client's class, message and status", async () => {
    const cold = client.chat({ ...plain, options: { repeat_penalty: 0 } });
    await expect(cold).rejects.toMatchObject({
      ...{ name: "ResponseError", status_code: 400 },
      error: expect.stringContaining("options.repeat_penalty"),
    });
    await expect(client.chat({ ...plain, model: "llama3" })).rejects.toMatchObject({
      status_code: 404,
    });
    await expect(clientWith("wrong").chat(plain)).rejects.toMatchObject({ status_code: 401 });
  });

  test("name a prompt that is too long, streamed or not", async () => {
    const messages = [{ role: "user", content: "word ".repeat(6000) }];
    const refusal = { status_code: 400, error: expect.stringMatching(/context/) };

    await expect(client.chat({ ...plain, messages })).rejects.toMatchObject(refusal);
    await expect(client.chat({ ...plain, messages, stream: true })).rejects.toMatchObject(refusal);
  });

  test("say that images cannot be read", async () => {
    const messages = [{ ...question, images: [Uint8Array.of(1, 2)] }];

    await expect(client.chat({ ...plain, messages })).rejects.toThrow("messages[0].images");
  });
});

test("abort() frees the slot", async () => {
  const stream = await client.chat({ ...plain, stream: true, options: { num_predict: 4000 } });
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();

  stream.abort();

  await expect(all({ [Symbol.asyncIterator]: () => iterator })).rejects.toThrow("abort");
  await until(() => running.service.queue.inside === 0, "the slot is free");
});

test("a queued client ignores the wait status", async () => {
  const long = { ...plain, options: { ...options, num_predict: 100 } };

  const answers = await Promise.all(
    Array.from({ length: 6 }, async () => all(await client.chat({ ...long, stream: true }))),
  );

  expect(new Set(answers.map(textOf)).size).toBe(1);
});
