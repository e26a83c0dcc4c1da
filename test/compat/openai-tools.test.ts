// The official OpenAI SDK on tools, reasoning, logprobs and structured answers: its own helpers read the answers.

import OpenAI from "openai";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type RunningService, startWithModel } from "../support/start-service.ts";

let running: RunningService;
let client: OpenAI;
beforeAll(async () => {
  running = await startWithModel({ threads: 1 });
  client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(async () => running.close());

const model = "builtin";
const messages = [{ role: "user" as const, content: "What is the weather in Paris?" }];
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const weather = { name: "get_weather", description: "Get the weather of a city", parameters };
const tools = [{ type: "function" as const, function: weather }];
const plain = { model, messages, temperature: 0, max_tokens: 120 };

test("stream() assembles the pieces of a call", async () => {
  const stream = client.chat.completions.stream({ ...plain, tools });
  const names: string[] = [];
  stream.on("tool_calls.function.arguments.done", ({ name }) => names.push(name));

  const completion = await stream.finalChatCompletion();

  const [choice] = completion.choices;
  expect(names).toEqual(["get_weather"]);
  expect(choice?.finish_reason).toBe("tool_calls");
  const call = choice?.message.tool_calls?.[0];
  expect(call?.type === "function" && JSON.parse(call.function.arguments)).toHaveProperty("city");
});

test("runTools() calls the function and sends its result to the model", async () => {
  const asked: string[] = [];
  const runner = client.chat.completions.runTools({
    ...plain,
    tools: [
      {
        type: "function",
        function: {
          ...weather,
          parse: (text: string) => JSON.parse(text) as { city: string },
          function: ({ city }: { city: string }) => {
            asked.push(city);
            return "18 degrees and sunny";
          },
        },
      },
    ],
  });

  const answer = await runner.finalContent();

  expect(asked).toHaveLength(1);
  expect(answer).toContain("18");
});

test("runTools() works on a stream too", async () => {
  let calls = 0;
  const runner = client.chat.completions.runTools({
    ...plain,
    stream: true,
    tools: [
      {
        type: "function",
        function: {
          ...weather,
          parse: (text: string) => JSON.parse(text) as { city: string },
          function: () => {
            calls += 1;
            return "18 degrees and sunny";
          },
        },
      },
    ],
  });

  expect(await runner.finalContent()).toContain("18");
  expect(calls).toBe(1);
});

test("parse() returns arguments of a strict tool that match its schema", async () => {
  const booking = z.object({
    day: z.enum(["monday", "friday"]),
    guests: z.number().int().min(1).max(9),
  });
  const completion = await client.chat.completions.parse({
    ...plain,
    temperature: 1,
    tools: [zodFunction({ name: "book_table", parameters: booking })],
    tool_choice: "required",
    parallel_tool_calls: false,
  });

  const call = completion.choices[0]?.message.tool_calls?.[0];
  expect(booking.safeParse(call?.function.parsed_arguments).success).toBe(true);
});

test("parse() returns an answer that matches its schema", async () => {
  const thing = z.object({
    color: z.enum(["red", "green"]),
    count: z.number().int().min(0).max(5),
  });

  const completion = await client.chat.completions.parse({
    ...plain,
    temperature: 1,
    response_format: zodResponseFormat(thing, "thing"),
  });

  expect(thing.safeParse(completion.choices[0]?.message.parsed).success).toBe(true);
});

test("logprobs arrive through the SDK, also streamed with a call", async () => {
  const stream = client.chat.completions.stream({
    ...plain,
    tools,
    logprobs: true,
    top_logprobs: 3,
  });

  const { choices } = await stream.finalChatCompletion();

  expect(choices[0]?.logprobs?.content?.length).toBeGreaterThan(5);
  expect(choices[0]?.logprobs?.content?.[0]?.top_logprobs).toHaveLength(3);
});

test("several choices arrive through the SDK, each complete", async () => {
  const stream = client.chat.completions.stream({ ...plain, n: 3, temperature: 1, max_tokens: 20 });

  const { choices } = await stream.finalChatCompletion();

  expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(choices.every(({ finish_reason }) => finish_reason !== null)).toBe(true);
});

test("the reasoning effort has an effect, and reasoning does not mix with the answer", async () => {
  const { choices, usage } = await client.chat.completions.create({
    ...plain,
    messages: [{ role: "user", content: "What is 2 + 3?" }],
    reasoning_effort: "low",
  });

  expect(usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(0);
  expect(choices[0]?.message.content).not.toContain("<think>");
});

test("text completions: several prompts, echoed, with logprobs", async () => {
  const { choices } = await client.completions.create({
    model,
    prompt: ["One two", "Three"],
    echo: true,
    logprobs: 2,
    max_tokens: 3,
    temperature: 0,
  });

  expect(choices).toHaveLength(2);
  expect(choices[0]?.text.startsWith("One two")).toBe(true);
  expect(choices[0]?.logprobs?.token_logprobs?.[0]).toBeNull();
});
