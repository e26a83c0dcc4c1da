// The official OpenAI SDK as the judge: what it can do with OpenAI, it can do here.

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { newKeysFile } from "../support/keys.ts";
import { type RunningService, startWithModel, until } from "../support/start-service.ts";

let running: RunningService;
let client: OpenAI;
beforeAll(async () => {
  running = await startWithModel({ threads: 1, alias: ["gpt-4o-mini", "*"] });
  client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(async () => running.close());

const messages = [{ role: "user" as const, content: "What is streaming?" }];
const model = "gpt-4o-mini";

test("lists and describes the models", async () => {
  const listed = await client.models.list();
  const one = await client.models.retrieve(model);

  expect(listed.data.map(({ id }) => id)).toEqual([model]);
  expect(one).toMatchObject({ id: model, object: "model" });
});

test("creates a chat completion", async () => {
  const { data, request_id } = await client.chat.completions
    .create({ model, messages, max_tokens: 30, temperature: 0 })
    .withResponse();

  expect(data.choices[0]?.message.role).toBe("assistant");
  expect(data.choices[0]?.message.content).not.toBe("");
  expect(data.usage?.prompt_tokens).toBeGreaterThan(0);
  expect(request_id).toBeTruthy();
});

test("streams a chat completion with usage", async () => {
  const stream = await client.chat.completions.create({
    model,
    messages,
    max_completion_tokens: 30,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });

  let text = "";
  let usage: OpenAI.CompletionUsage | null | undefined;
  const reasons: string[] = [];
  for await (const chunk of stream) {
    const [choice] = chunk.choices;
    text += choice?.delta.content ?? "";
    if (choice?.finish_reason) reasons.push(choice.finish_reason);
    if (chunk.usage) usage = chunk.usage;
  }
  expect(text).not.toBe("");
  expect(reasons).toHaveLength(1);
  expect(usage?.completion_tokens).toBeGreaterThan(0);
});

test("the stream helper assembles the same answer", async () => {
  const body = { model, messages, max_tokens: 30, temperature: 0 };

  const helper = client.chat.completions.stream(body);
  const whole = await helper.finalChatCompletion();

  const buffered = await client.chat.completions.create(body);
  expect(whole.choices[0]?.message.content).toBe(buffered.choices[0]?.message.content);
  expect(whole.choices[0]?.finish_reason).toBe(buffered.choices[0]?.finish_reason);
});

test("leaving the loop of a stream frees the slot", async () => {
  const stream = await client.chat.completions.create({
    model,
    messages,
    max_tokens: 4000,
    stream: true,
    // @ts-expect-error a field of llama.cpp's server that the SDK passes on
    ignore_eos: true,
  });

  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) break;
  }

  await until(() => running.service.queue.inside === 0, "the slot is free");
});

test("completes text, streamed and buffered", async () => {
  const body = { model, prompt: "Count: 1, 2, 3,", max_tokens: 10, temperature: 0 };

  const buffered = await client.completions.create(body);
  let text = "";
  for await (const chunk of await client.completions.create({ ...body, stream: true })) {
    text += chunk.choices[0]?.text ?? "";
  }

  expect(text).toBe(buffered.choices[0]?.text);
});

test("'*' serves any name, and the answer names the real one", async () => {
  const answer = await client.chat.completions.create({
    model: "whatever",
    messages,
    max_tokens: 5,
  });

  expect(answer.model).toBe(model);
});

test("errors are the SDK's own error classes", async () => {
  const tooHot = client.chat.completions.create({ model, messages, temperature: 3 });
  const tooLong = client.chat.completions.create({
    model,
    messages: [{ role: "user", content: "word ".repeat(6000) }],
  });

  await expect(tooHot).rejects.toThrow(OpenAI.BadRequestError);
  await expect(tooHot).rejects.toMatchObject({ param: "temperature", code: "invalid_value" });
  await expect(tooLong).rejects.toMatchObject({ status: 400, code: "context_length_exceeded" });
});

test("an unknown model is a NotFoundError, a wrong key an AuthenticationError", async () => {
  const locked = await startWithModel({ threads: 1, apiKey: ["secret"] });
  const baseURL = `${locked.url}/v1`;
  const body = { model: "nope", messages, max_tokens: 5 };

  const unknown = new OpenAI({ baseURL, apiKey: "secret", maxRetries: 0 }).chat.completions.create(
    body,
  );
  const wrongKey = new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 }).chat.completions.create(
    body,
  );

  await expect(unknown).rejects.toThrow(OpenAI.NotFoundError);
  await expect(wrongKey).rejects.toThrow(OpenAI.AuthenticationError);
  await locked.close();
});

test("limits of a key are a RateLimitError, a missing scope is a PermissionDeniedError", async () => {
  const keys = newKeysFile();
  const { authorization } = keys.add("alice", "--scope", "generate", "--tokens-per-minute", "1");
  const limited = await startWithModel({ threads: 1, keysFile: keys.path });
  const apiKey = authorization.replace("Bearer ", "");
  const alice = new OpenAI({ baseURL: `${limited.url}/v1`, apiKey, maxRetries: 0 });
  const body = { model: "builtin", messages, max_tokens: 5 };

  const { response } = await alice.chat.completions.create(body).withResponse();
  expect(response.headers.get("x-ratelimit-limit-tokens")).toBe("1");
  const second = alice.chat.completions.create(body);
  await expect(second).rejects.toThrow(OpenAI.RateLimitError);
  await expect(second).rejects.toMatchObject({ code: "rate_limit_exceeded" });
  const embedding = alice.embeddings.create({ model: "builtin", input: "x" });
  await expect(embedding).rejects.toThrow(OpenAI.PermissionDeniedError);
  await limited.close();
});

const Step = z.object({ title: z.string().max(20), minutes: z.int().min(1).max(90) });
const Plan = z.object({
  kind: z.enum(["walk", "talk"]),
  steps: z.array(Step).min(1).max(2),
  note: z.string().max(10).nullable(),
});

test("parses an answer with a zod schema", async () => {
  const { choices } = await client.chat.completions.parse({
    model,
    messages,
    max_tokens: 300,
    temperature: 1,
    seed: 3,
    response_format: zodResponseFormat(Plan, "plan"),
  });

  const plan = Plan.parse(choices[0]?.message.parsed);
  expect(plan.steps.length).toBeGreaterThan(0);
});

test("streams an answer with a zod schema", async () => {
  const stream = client.chat.completions.stream({
    model,
    messages,
    max_tokens: 300,
    temperature: 0,
    response_format: zodResponseFormat(Plan, "plan"),
  });

  const final = await stream.finalChatCompletion();
  expect(Plan.safeParse(final.choices[0]?.message.parsed).success).toBe(true);
});
