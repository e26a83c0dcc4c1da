// The official Anthropic SDK as the judge: its own accumulator, parsers and error classes read the answers.

import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { newKeysFile } from "../support/keys.ts";
import { type RunningService, startWithModel, until } from "../support/start-service.ts";

const MODEL = "claude-haiku-4-5";
const KEY = "key";
let running: RunningService;
let client: Anthropic;
beforeAll(async () => {
  running = await startWithModel({ threads: 1, alias: [MODEL], apiKey: [KEY] });
  client = new Anthropic({ baseURL: running.url, apiKey: KEY, maxRetries: 0 });
});
afterAll(async () => running.close());

const question = { role: "user" as const, content: "What is streaming?" };
const plain = { model: MODEL, messages: [question], max_tokens: 60, temperature: 0 };
const weatherQuestion = { role: "user" as const, content: "What is the weather in Paris?" };
const tools = [
  {
    name: "get_weather",
    description: "Get the weather of a city",
    input_schema: {
      type: "object" as const,
      properties: { city: { type: "string" } },
      required: ["city"],
    },
  },
];
const asking = { ...plain, messages: [weatherQuestion], max_tokens: 120, tools };

describe("messages", () => {
  test("create() returns a message", async () => {
    const { data, request_id } = await client.messages
      .create({ ...plain, system: "Be brief." })
      .withResponse();

    expect(data).toMatchObject({ type: "message", role: "assistant", model: MODEL });
    expect(data.content[0]?.type === "text" && data.content[0].text).toBeTruthy();
    expect(data.stop_reason).toBe("end_turn");
    expect(data.usage.output_tokens).toBeGreaterThan(0);
    expect(request_id).toBeTruthy();
  });

  test("the second of two equal messages uses the cache", async () => {
    const messages = [{ role: "user" as const, content: "Tell me about rivers and lakes." }];
    const first = await client.messages.create({ ...plain, messages, max_tokens: 2 });
    const { usage } = await client.messages.create({ ...plain, messages, max_tokens: 2 });

    const all = first.usage.input_tokens + (first.usage.cache_read_input_tokens ?? 0);
    expect(usage.input_tokens).toBeLessThan(all);
    expect(usage.input_tokens + (usage.cache_read_input_tokens ?? 0)).toBe(all);
  });

  test("create() tells how a prompt differs from that of an earlier message", async () => {
    const asked = (system: string, previous_message_id: string | null) =>
      client.messages.create({
        ...{ ...plain, system, max_tokens: 2 },
        diagnostics: { previous_message_id },
      });
    const first = await asked("Be brief.", null);
    const second = await asked("Be polite.", first.id);

    expect(first.diagnostics).toBeNull();
    expect(second.diagnostics?.cache_miss_reason?.type).toBe("system_changed");
  });

  test("create() with stream yields typed events", async () => {
    const stream = await client.messages.create({ ...plain, stream: true });

    const types: string[] = [];
    for await (const event of stream) types.push(event.type);

    expect(types[0]).toBe("message_start");
    expect(new Set(types.slice(2, -3))).toEqual(new Set(["content_block_delta"]));
    expect(types.slice(-3)).toEqual(["content_block_stop", "message_delta", "message_stop"]);
  });

  test("stream() assembles the same message as a buffered one", async () => {
    let heard = "";
    const stream = client.messages.stream(plain).on("text", (text) => {
      heard += text;
    });

    const message = await stream.finalMessage();

    const whole = await client.messages.create(plain);
    expect(message.content).toMatchObject(whole.content);
    expect(await stream.finalText()).toBe(heard);
    expect(message.usage.input_tokens + (message.usage.cache_read_input_tokens ?? 0)).toBe(
      whole.usage.input_tokens + (whole.usage.cache_read_input_tokens ?? 0),
    );
    expect(message.stop_reason).toBe("end_turn");
  });

  test("stops at max_tokens and at a stop sequence, and reports which", async () => {
    const short = await client.messages.create({ ...plain, max_tokens: 2 });
    const stopped = await client.messages.create({ ...plain, stop_sequences: ["zzz", " is"] });

    expect(short.stop_reason).toBe("max_tokens");
    expect(stopped).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: " is" });
  });

  test("continues a last message of the assistant", async () => {
    const begun = { role: "assistant" as const, content: "A streamed answer is" };

    const { content } = await client.messages.create({ ...plain, messages: [question, begun] });

    expect(content[0]?.type === "text" && content[0].text).not.toContain("A streamed answer");
  });

  test("countTokens() returns the same number as usage", async () => {
    const { model, messages } = plain;
    const { input_tokens } = await client.messages.countTokens({ model, messages, tools });
    const { usage } = await client.messages.create({ ...plain, tools, max_tokens: 1 });

    expect(input_tokens).toBe(usage.input_tokens + (usage.cache_read_input_tokens ?? 0));
  });
});

describe("tools", () => {
  test("a call gets its result, and the model uses it in its answer", async () => {
    const called = await client.messages.create(asking);
    const use = called.content.find((block) => block.type === "tool_use");
    expect(called.stop_reason).toBe("tool_use");
    expect(use).toMatchObject({ name: "get_weather", input: { city: "Paris" } });

    const answer = await client.messages.create({
      ...asking,
      messages: [
        weatherQuestion,
        { role: "assistant", content: called.content },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: use?.id ?? "", content: "18 degrees and sunny" },
          ],
        },
      ],
    });

    expect(answer.content[0]?.type === "text" && answer.content[0].text).toContain("18");
  });

  test("stream() assembles the pieces of a call", async () => {
    const pieces: string[] = [];
    const stream = client.messages.stream(asking).on("inputJson", (piece) => pieces.push(piece));

    const { content } = await stream.finalMessage();

    expect(content).toMatchObject([{ type: "tool_use", input: { city: "Paris" } }]);
    expect(JSON.parse(pieces.join(""))).toEqual({ city: "Paris" });
  });

  test.each([
    { type: "any" as const },
    { type: "tool" as const, name: "get_weather", disable_parallel_tool_use: true },
  ])("tool_choice $type has one called at once", async (tool_choice) => {
    const { content } = await client.messages.create({ ...asking, ...plain, tools, tool_choice });

    expect(content[0]).toMatchObject({ type: "tool_use", name: "get_weather" });
  });

  test.each([false, true])(
    "toolRunner() calls it and brings its result back, stream: %s",
    async (stream) => {
      const asked: string[] = [];
      const answer = await client.beta.messages.toolRunner({
        ...asking,
        stream,
        tools: [
          betaZodTool({
            name: "get_weather",
            description: "Get the weather of a city",
            inputSchema: z.object({ city: z.string() }),
            run: ({ city }) => {
              asked.push(city);
              return "18 degrees and sunny";
            },
          }),
        ],
      });

      expect(asked).toEqual(["Paris"]);
      expect(answer.content[0]?.type === "text" && answer.content[0].text).toContain("18");
    },
  );
});

test("reasoning has its own blocks, and can be sent back in them", async () => {
  const sum = { role: "user" as const, content: "What is 2 + 3?" };
  const thinking = { type: "adaptive" as const };
  const wish = { ...plain, messages: [sum], max_tokens: 300, thinking };
  const stream = client.messages.stream({ ...wish, output_config: { effort: "low" } });
  let reasoning = "";
  stream.on("thinking", (text) => {
    reasoning += text;
  });

  const { content, usage } = await stream.finalMessage();

  expect(content).toMatchObject([{ type: "thinking", thinking: reasoning }, { type: "text" }]);
  expect(usage.output_tokens_details?.thinking_tokens).toBeGreaterThan(0);
  const messages = [sum, { role: "assistant" as const, content }, question];
  const next = await client.messages.create({ ...plain, messages, thinking: { type: "disabled" } });
  expect(next.content.map(({ type }) => type)).toEqual(["text"]);
});

/** Without limits: the SDK leaves those out of the schema that it sends. */
const Thing = z.object({ color: z.enum(["red", "green"]), isBig: z.boolean() });

test("parse() and a stream return an answer that matches its zod schema", async () => {
  const wish = { ...plain, output_config: { format: zodOutputFormat(Thing) } };

  const parsed = await client.messages.parse({ ...wish, temperature: 1 });
  const streamed = await client.messages.stream(wish).finalMessage();

  expect(Thing.safeParse(parsed.parsed_output).success).toBe(true);
  expect(Thing.safeParse(streamed.parsed_output).success).toBe(true);
});

describe("errors", () => {
  test("have the SDK's classes, types and messages", async () => {
    const hot = { ...plain, temperature: 1.5 };
    const stranger = new Anthropic({ baseURL: running.url, apiKey: "wrong", maxRetries: 0 });

    const tooHot = client.messages.create(hot);
    await expect(tooHot).rejects.toThrow(Anthropic.BadRequestError);
    await expect(tooHot).rejects.toMatchObject({
      type: "invalid_request_error",
      requestID: expect.any(String),
      error: { error: { param: "temperature" } },
    });
    const unknown = client.messages.create({ ...plain, model: "claude-2" });
    await expect(unknown).rejects.toThrow(Anthropic.NotFoundError);
    await expect(stranger.messages.create(plain)).rejects.toThrow(Anthropic.AuthenticationError);
    await expect(stranger.messages.stream(plain).finalMessage()).rejects.toMatchObject({
      status: 401,
    });
  });

  test("for keys without a scope or above their limit have the SDK's classes too", async () => {
    const keys = newKeysFile();
    const clientOf = (...flags: string[]) => {
      const { authorization } = keys.add(flags[1] ?? "key", ...flags);
      const apiKey = authorization.replace("Bearer ", "");
      return (baseURL: string) => new Anthropic({ baseURL, apiKey, maxRetries: 0 });
    };
    const [reader, limited] = [clientOf("--scope", "read"), clientOf("--tokens-per-minute", "1")];
    const shared = await startWithModel({ threads: 1, alias: [MODEL], keysFile: keys.path });

    await limited(shared.url).messages.create(plain);

    const denied = reader(shared.url).messages.create(plain);
    await expect(denied).rejects.toThrow(Anthropic.PermissionDeniedError);
    await expect(denied).rejects.toMatchObject({ type: "permission_error" });
    const refused = limited(shared.url).messages.create(plain);
    await expect(refused).rejects.toThrow(Anthropic.RateLimitError);
    await expect(refused).rejects.toMatchObject({ type: "rate_limit_error" });
    await shared.close();
  });

  test("name a prompt that is too long, with its tokens, which are also counted", async () => {
    const messages = [{ role: "user" as const, content: "word ".repeat(6000) }];

    const { input_tokens } = await client.messages.countTokens({ model: MODEL, messages });
    await expect(client.messages.create({ ...plain, messages })).rejects.toMatchObject({
      status: 400,
      error: {
        error: {
          message: expect.stringContaining(`prompt is too long: ${input_tokens} tokens > `),
          ...{ param: "messages", code: "context_length_exceeded" },
        },
      },
    });
  });
});

test("leaving a stream frees its slot", async () => {
  const busy = async () => (await fetchSlots()).filter(({ is_processing }) => is_processing).length;
  const stream = client.messages.stream({ ...plain, max_tokens: 4000 });
  stream.on("error", () => {});
  stream.on("abort", () => {});
  await stream.emitted("text");

  stream.abort();

  await until(async () => (await busy()) === 0, "the slot is free");
  await until(async () => (await aborted()) >= 1, "it is counted");
});

async function fetchSlots() {
  const response = await fetch(`${running.url}/slots`, { headers: { "x-api-key": KEY } });
  return (await response.json()) as readonly { readonly is_processing: boolean }[];
}

async function aborted(): Promise<number> {
  const text = await (
    await fetch(`${running.url}/metrics`, { headers: { "x-api-key": KEY } })
  ).text();
  return Number(/outcome="aborted"} (\d+)/.exec(text)?.[1] ?? 0);
}
