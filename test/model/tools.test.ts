// Tools on the real model: every call names an existing tool, and its arguments match the tool's schema.

import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, post, postSse, readAll } from "../support/clients/sse-client.ts";
import { type RunningService, startWithModel } from "../support/start-service.ts";

let running: RunningService;
let url: string;
beforeAll(async () => {
  running = await startWithModel({ threads: 1 });
  url = `${running.url}/v1/chat/completions`;
});
afterAll(async () => running.close());

const WEATHER = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Get the weather of a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { enum: ["celsius", "fahrenheit"] } },
      required: ["city"],
      additionalProperties: false,
    },
  },
};
const BOOK = {
  type: "function",
  function: {
    name: "book_table",
    strict: true,
    parameters: {
      type: "object",
      properties: {
        day: { enum: ["monday", "friday"] },
        guests: { type: "integer", minimum: 1, maximum: 8 },
        code: { type: "string", pattern: "^[A-Z]{2}\\d$" },
      },
      required: ["day", "guests", "code"],
      additionalProperties: false,
    },
  },
};
const TOOLS = [WEATHER, BOOK];
const QUESTION = [{ role: "user", content: "What is the weather in Paris?" }];

type Call = { id: string; type: string; function: { name: string; arguments: string } };
type Message = { content: string | null; tool_calls?: Call[]; reasoning_content?: string };
type Answer = {
  choices: {
    message: Message;
    finish_reason: string;
    logprobs: { content: { token: string }[] } | null;
  }[];
};
type Chunk = {
  choices: {
    delta: { content?: string | null; tool_calls?: (Partial<Call> & { index: number })[] };
    finish_reason: string | null;
    logprobs: { content: { token: string }[] } | null;
  }[];
};

async function ask(changes: object): Promise<Answer> {
  const body = chat({
    messages: QUESTION,
    tools: TOOLS,
    temperature: 0,
    max_tokens: 200,
    ...changes,
  });
  return (await (await post(url, body)).json()) as Answer;
}

async function stream(changes: object): Promise<Chunk[]> {
  const body = chat({
    messages: QUESTION,
    tools: TOOLS,
    temperature: 0,
    max_tokens: 200,
    ...changes,
  });
  const { chunks } = await readAll(await postSse(url, { ...body, stream: true }));
  return chunks as unknown as Chunk[]; // the same chunks, with more of their fields
}

function expectBooking(call: Call | undefined): void {
  const booking = JSON.parse(call?.function.arguments ?? "") as Record<string, unknown>;
  expect(Object.keys(booking)).toEqual(["day", "guests", "code"]);
  expect(["monday", "friday"]).toContain(booking.day);
  expect(booking.guests).toBeGreaterThanOrEqual(1);
  expect(booking.guests).toBeLessThanOrEqual(8);
  expect(booking.code).toMatch(/^[A-Z]{2}\d$/);
}

test("calls a tool by itself when the question asks for one", async () => {
  const { choices } = await ask({});

  expect(choices[0]).toMatchObject({ finish_reason: "tool_calls", message: { content: null } });
  const [call] = choices[0]?.message.tool_calls ?? [];
  expect(call).toMatchObject({ type: "function", function: { name: "get_weather" } });
  expect(JSON.parse(call?.function.arguments ?? "")).toMatchObject({ city: expect.any(String) });
});

test("streams the same call as in a buffered answer: id and name once, then arguments in pieces", async () => {
  const chunks = await stream({});
  const whole = (await ask({})).choices[0]?.message.tool_calls?.[0];

  const deltas = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
  const [first, ...rest] = deltas;
  expect(first).toMatchObject({ index: 0, type: "function", function: { name: "get_weather" } });
  expect(first?.id).toMatch(/^call_/);
  expect(rest.length).toBeGreaterThan(2);
  expect(
    rest.every(
      ({ id, index, function: f }) => id === undefined && index === 0 && f?.name === undefined,
    ),
  ).toBe(true);
  expect(deltas.map((delta) => delta.function?.arguments).join("")).toBe(whole?.function.arguments);
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("tool_calls");
});

test("whatever is sampled, a required call names an existing tool and its arguments match the schema", async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, seed) =>
      ask({
        messages: [{ role: "user", content: "Hello" }],
        tool_choice: { type: "function", function: { name: "book_table" } },
        temperature: 1,
        seed,
      }),
    ),
  );

  for (const { choices } of answers) {
    expect(choices[0]?.finish_reason).toBe("tool_calls");
    expect(choices[0]?.message.tool_calls).toHaveLength(1);
    expect(choices[0]?.message.tool_calls?.[0]?.function.name).toBe("book_table");
    expectBooking(choices[0]?.message.tool_calls?.[0]);
  }
});

test("answers in text when no tool may be called, although there are tools", async () => {
  const { choices } = await ask({ tool_choice: "none" });

  expect(choices[0]?.message.tool_calls).toBeUndefined();
  expect(choices[0]?.message.content).not.toBe("");
});

test("several calls come one after another, with their index", async () => {
  const city = (name: string) => ({
    type: "function",
    function: { name, parameters: { type: "object", properties: {} } },
  });
  const grammarOfTwo = {
    tools: [city("first"), city("second")],
    tool_choice: "required",
    temperature: 1,
  };

  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, seed) => ask({ ...grammarOfTwo, seed, max_tokens: 150 })),
  );

  const counts = answers.map(({ choices }) => choices[0]?.message.tool_calls?.length ?? 0);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
  for (const { choices } of answers) {
    const ids = choices[0]?.message.tool_calls?.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(ids.length);
  }
});

test("continues from the result of a call", async () => {
  const call = {
    id: "call_1",
    type: "function",
    function: { name: "get_weather", arguments: '{"city":"Paris"}' },
  };
  const messages = [
    ...QUESTION,
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "call_1", content: "18 degrees, sunny" },
  ];

  const { choices } = await ask({ messages });

  expect(choices[0]?.finish_reason).toBe("stop");
  expect(choices[0]?.message.content).toContain("18");
});

test("streams logprobs for the tokens of a call too", async () => {
  const chunks = await stream({ logprobs: true, top_logprobs: 2 });

  const tokens = chunks.flatMap(({ choices }) => choices[0]?.logprobs?.content ?? []);
  expect(tokens.map(({ token }) => token).join("")).toMatch(/<tool_call>[\s\S]*"city"/);
});

test("a call that max_tokens cuts off ends with length and incomplete JSON", async () => {
  const { choices } = await ask({ tool_choice: "required", max_tokens: 14 });

  expect(choices[0]?.finish_reason).toBe("length");
});

test("tools and an answer with a schema can be combined", async () => {
  const schema = {
    type: "object",
    properties: { ok: { type: "boolean" } },
    required: ["ok"],
    additionalProperties: false,
  };
  const response_format = { type: "json_schema", json_schema: { name: "x", schema } };

  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, seed) => ask({ response_format, temperature: 1, seed })),
  );

  for (const { choices } of answers) {
    const { content, tool_calls: calls } = choices[0]?.message ?? { content: "" };
    if (calls) expect(["get_weather", "book_table"]).toContain(calls[0]?.function.name);
    else expect(Object.keys(JSON.parse(content ?? "") as object)).toEqual(["ok"]);
  }
});

test("names the keywords that are not enforced for a tool without strict", async () => {
  const parameters = { type: "object", properties: { list: { type: "array", uniqueItems: true } } };
  const loose = { type: "function", function: { name: "loose", parameters } };

  const response = await post(url, chat({ tools: [loose], max_tokens: 5 }));
  const strict = { ...loose, function: { ...loose.function, strict: true } };
  const refused = await post(url, chat({ tools: [strict], max_tokens: 5 }));

  const param = "tools[0].function.parameters.properties.list.uniqueItems";
  expect(response.headers.get("x-ignored-params")).toBe(param);
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { code: "unsupported_schema", param } });
});
