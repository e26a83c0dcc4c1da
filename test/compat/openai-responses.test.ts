// The official OpenAI SDK on responses: its helpers assemble the answers that were sent.

import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
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
const plain = { model, input: "What is streaming?", temperature: 0, max_output_tokens: 60 };
const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "Get the weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
};
const question = { ...plain, input: "What is the weather in Paris?", tools: [weather] };

test("creates a response, with its text and its usage", async () => {
  const response = await client.responses.create({ ...plain, instructions: "Be brief." });

  expect(response.status).toBe("completed");
  expect(response.output_text).not.toBe("");
  expect(response.usage?.input_tokens).toBeGreaterThan(0);
});

test("streams the same text, in events with ascending numbers", async () => {
  const whole = await client.responses.create(plain);
  const stream = client.responses.stream(plain);
  const types: string[] = [];
  const numbers: number[] = [];
  for await (const event of stream) {
    types.push(event.type);
    numbers.push(event.sequence_number);
  }

  const response = await stream.finalResponse();
  expect(response.output_text).toBe(whole.output_text);
  expect(types.slice(0, 2)).toEqual(["response.created", "response.in_progress"]);
  expect(types.at(-1)).toBe("response.completed");
  expect(numbers).toEqual(numbers.map((_, index) => index));
});

test("reports that an answer was cut off", async () => {
  const response = await client.responses.create({ ...plain, max_output_tokens: 3 });

  expect(response.status).toBe("incomplete");
  expect(response.incomplete_details?.reason).toBe("max_output_tokens");
});

test("calls a function, and continues from its result", async () => {
  const first = await client.responses.create(question);
  const [call] = first.output;
  if (call?.type !== "function_call") throw new Error("no call");

  const second = await client.responses.create({
    ...question,
    input: [
      { role: "user", content: question.input },
      call,
      { type: "function_call_output", call_id: call.call_id, output: "18 degrees and sunny" },
    ],
  });

  expect(call.name).toBe("get_weather");
  expect(JSON.parse(call.arguments)).toHaveProperty("city");
  expect(second.output_text).toContain("18");
});

test("streams a call's arguments, which add up to the complete ones", async () => {
  const stream = client.responses.stream({
    ...question,
    tool_choice: "required",
    parallel_tool_calls: false,
  });
  let text = "";
  stream.on("response.function_call_arguments.delta", ({ delta }) => {
    text += delta;
  });

  const { output } = await stream.finalResponse();

  const call = output.find((item) => item.type === "function_call");
  expect(call?.arguments).toBe(text);
});

test("parses an answer with a zod schema", async () => {
  const thing = z.object({
    color: z.enum(["red", "green"]),
    count: z.number().int().min(0).max(5),
  });

  const { output_parsed } = await client.responses.parse({
    ...plain,
    temperature: 1,
    text: { format: zodTextFormat(thing, "thing") },
  });

  expect(thing.safeParse(output_parsed).success).toBe(true);
});

test("returns reasoning as a separate item before the message", async () => {
  const { output } = await client.responses.create({
    ...plain,
    input: "What is 2 + 3?",
    max_output_tokens: 150,
    reasoning: { effort: "low" },
  });

  expect(output.map(({ type }) => type)).toEqual(["reasoning", "message"]);
});

test("continues an earlier response, lists its input, and deletes it", async () => {
  const first = await client.responses.create(plain);
  const second = await client.responses.create({ ...plain, previous_response_id: first.id });
  const items = await client.responses.inputItems.list(second.id, { order: "asc" });
  const texts = items.data.map((item) => item.type === "message" && item.content[0]);
  await client.responses.delete(first.id);

  expect(second.usage?.input_tokens).toBeGreaterThan(first.usage?.input_tokens ?? 0);
  expect(texts).toMatchObject([
    { type: "input_text", text: plain.input },
    { type: "output_text", text: first.output_text },
    { type: "input_text", text: plain.input },
  ]);
  await expect(client.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 });
  expect((await client.responses.retrieve(second.id)).output_text).toBe(second.output_text);
});

test("counts the input tokens of a response before it is created", async () => {
  const { input_tokens } = await client.responses.inputTokens.count({ input: plain.input });

  const { usage } = await client.responses.create(plain);
  expect(input_tokens).toBe(usage?.input_tokens);
});

test("runs in the background until it is polled", async () => {
  let response = await client.responses.create({ ...plain, background: true });
  while (response.status === "queued" || response.status === "in_progress")
    response = await client.responses.retrieve(response.id);

  const whole = await client.responses.create(plain);
  expect(response.status).toBe("completed");
  expect(response.output_text).toBe(whole.output_text);
});

test("reconnects to a lost stream with the SDK's own helper", async () => {
  const stream = await client.responses.create({ ...plain, background: true, stream: true });
  let id = "";
  const seen: number[] = [];
  for await (const event of stream) {
    if (event.type === "response.created") id = event.response.id;
    seen.push(event.sequence_number);
    if (seen.length === 8) break;
  }
  const again = client.responses.stream({ response_id: id, starting_after: seen.at(-1) ?? 0 });
  for await (const event of again) seen.push(event.sequence_number);

  const whole = await client.responses.create(plain);
  expect(seen).toEqual(seen.map((_, index) => index));
  expect((await again.finalResponse()).output_text).toBe(whole.output_text);
});

test("cancels a response that runs in the background", async () => {
  const { id } = await client.responses.create({
    ...plain,
    max_output_tokens: 3_000,
    background: true,
    ...{ ignore_eos: true },
  });
  const stopped = await client.responses.cancel(id);

  expect(stopped.status).toBe("cancelled");
  expect(running.service.queue.inside).toBe(0);
});

test("names a stored response or conversation that does not exist in the error", async () => {
  for (const [param, value] of [
    ["previous_response_id", "resp_1"],
    ["conversation", "conv_1"],
  ] as const) {
    const asked = client.responses.create({ ...plain, [param]: value } as typeof plain);

    await expect(asked).rejects.toMatchObject({ status: 400, param });
  }
});
