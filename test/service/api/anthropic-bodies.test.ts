// Invalid and hostile bodies for Anthropic's Messages: each gets a 4xx in its envelope that names the exact field.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { post } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithFake({}, { bodyLimit: 1_000_000 });
});
afterAll(async () => running.close());

const PATH = "/v1/messages";
const user = { role: "user", content: "Hi" };
const plain = { max_tokens: 5, messages: [user] };
const text = { type: "text", text: "a" };
const proto = JSON.parse('{"__proto__":{"polluted":true}}') as object;

const saying = (content: unknown) => ({ messages: [{ role: "user", content }] });
const block = (given: unknown) => saying([text, given]);
const answering = (content: unknown) => ({
  messages: [user, { role: "assistant", content }, user],
});
const answered = (given: unknown) => answering([given]);
const result = (more: object) => block({ type: "tool_result", tool_use_id: "1", ...more });
const used = (more: object) =>
  answered({ type: "tool_use", id: "1", name: "f", input: {}, ...more });
const tool = (more: object) => ({
  tools: [{ name: "f", input_schema: { type: "object" }, ...more }],
});
const strict = (schema: object) =>
  tool({ strict: true, input_schema: { type: "object", ...schema } });
const choosing = (tool_choice: unknown) => ({ ...tool({}), tool_choice });
const thinking = (given: unknown) => ({ thinking: given });
const output = (given: unknown) => ({ output_config: given });
const schema = (given: unknown) => output({ format: { type: "json_schema", schema: given } });

/** Placeholder for JSON that is nested too deeply to build as a value. */
const raws: string[] = [];
const nested = (before: string, after: string) =>
  `@raw${raws.push(before.repeat(10_000) + after.repeat(10_000)) - 1}@`;
const lists = nested("[", "]");
const results = nested('{"type":"tool_result","tool_use_id":"1","content":[', "]}");

const BLOCK = "messages[0].content[1]";
const ANSWER = "messages[1].content[0]";

type Case = readonly [what: string, fields: object, param: string, code?: string, words?: string];
const unsupported = "unsupported_parameter";
const unreadable = "unsupported_content";
const unenforced = "unsupported_schema";
const missing = "missing_parameter";

const CASES: readonly Case[] = [
  ["no messages", { messages: undefined }, "messages", missing],
  ["no limit", { max_tokens: undefined }, "max_tokens", missing],
  ["a limit of 0", { max_tokens: 0 }, "max_tokens"],
  ["a limit of half a token", { max_tokens: 1.5 }, "max_tokens"],
  ["a limit as text", { max_tokens: "5" }, "max_tokens"],
  ["a limit of null", { max_tokens: null }, "max_tokens"],
  ["a model that is a number", { model: 5 }, "model"],
  ["messages as text", { messages: "Hi" }, "messages"],
  ["messages that are null", { messages: null }, "messages"],
  ["an empty conversation", { messages: [] }, "messages"],
  ["a message that is text", { messages: ["Hi"] }, "messages[0]"],
  ["a message that is null", { messages: [null] }, "messages[0]"],
  ["a role of OpenAI's", { messages: [{ role: "tool", content: "a" }] }, "messages[0].role"],
  [
    "a role of Object's own",
    { messages: [{ role: "constructor", content: "a" }] },
    "messages[0].role",
  ],
  ["a message without content", { messages: [{ role: "user" }] }, "messages[0].content", missing],
  ["content that is null", saying(null), "messages[0].content"],
  ["content that is a number", saying(5), "messages[0].content"],
  ["content that is one block", saying(text), "messages[0].content"],
  ["content of no blocks", saying([]), "messages[0].content"],
  ["a block that is null", block(null), BLOCK],
  ["a block that is text", block("b"), BLOCK],
  ["a block without a type", block({ text: "b" }), `${BLOCK}.type`, missing],
  [
    "a block of an unknown type",
    block({ type: "poem" }),
    `${BLOCK}.type`,
    "invalid_value",
    "search_result or",
  ],
  ["a text without text", block({ type: "text" }), `${BLOCK}.text`, missing],
  ["a text of a number", block({ type: "text", text: 5 }), `${BLOCK}.text`],
  ["an image", block({ type: "image", source: {} }), BLOCK, unreadable, "text only"],
  ["a document", block({ type: "document", source: {} }), BLOCK, unreadable, "text only"],
  ["a search result", block({ type: "search_result" }), BLOCK, unreadable, "text only"],
  [
    "a tool call in a user message",
    block({ type: "tool_use", id: "1", name: "f", input: {} }),
    `${BLOCK}.type`,
  ],
  ["reasoning in a user message", block({ type: "thinking", thinking: "a" }), `${BLOCK}.type`],
  [
    "a result without id",
    block({ type: "tool_result", content: "1" }),
    `${BLOCK}.tool_use_id`,
    missing,
  ],
  ["a result that is a number", result({ content: 5 }), `${BLOCK}.content`],
  ["is_error as text", result({ is_error: "yes" }), `${BLOCK}.is_error`],
  [
    "a tool result in an assistant message",
    answered({ type: "tool_result", tool_use_id: "1" }),
    `${ANSWER}.type`,
  ],
  ["a call without id", used({ id: undefined }), `${ANSWER}.id`, missing],
  ["a call without name", used({ name: "" }), `${ANSWER}.name`],
  ["an input that is a list", used({ input: [] }), `${ANSWER}.input`],
  ["an input of 10,000 levels", used({ input: { a: lists } }), "messages"],
  ["an input with a prototype", used({ input: proto }), `${ANSWER}.input.__proto__`],
  ["reasoning without text", answered({ type: "thinking" }), `${ANSWER}.thinking`, missing],
  [
    "a call at the end",
    {
      messages: [
        user,
        { role: "assistant", content: [{ type: "tool_use", id: "1", name: "f", input: {} }] },
      ],
    },
    "messages[1]",
    "invalid_value",
    "tool_result",
  ],
  ["a system prompt of a number", { system: 5 }, "system"],
  ["a system prompt of texts", { system: ["a"] }, "system[0]"],
  ["a system prompt with an image", { system: [{ type: "image" }] }, "system[0]", unreadable],
  ["stop strings as text", { stop_sequences: "END" }, "stop_sequences"],
  [
    "1001 stop strings",
    { stop_sequences: Array(1001).fill("a") },
    "stop_sequences",
    "invalid_value",
    "1000",
  ],
  ["half a character to stop at", { stop_sequences: ["\ud800"] }, "stop_sequences[0]"],
  ["stream as text", { stream: "yes" }, "stream"],
  ["temperature 1.5", { temperature: 1.5 }, "temperature"],
  ["temperature as text", { temperature: "hot" }, "temperature"],
  ["top_p 2", { top_p: 2 }, "top_p"],
  ["top_k -1", { top_k: -1 }, "top_k"],
  ["top_k 1.5", { top_k: 1.5 }, "top_k"],
  ["thinking that is true", thinking(true), "thinking"],
  [
    "thinking of an unknown type",
    thinking({ type: "hard" }),
    "thinking.type",
    "invalid_value",
    "adaptive",
  ],
  ["thinking without a budget", thinking({ type: "enabled" }), "thinking.budget_tokens", missing],
  ["a budget of 0", thinking({ type: "enabled", budget_tokens: 0 }), "thinking.budget_tokens"],
  ["an unknown display", thinking({ type: "adaptive", display: "all" }), "thinking.display"],
  ["an output that is text", output("json"), "output_config"],
  [
    "an unknown output format",
    output({ format: { type: "xml", schema: {} } }),
    "output_config.format.type",
  ],
  [
    "a format without schema",
    output({ format: { type: "json_schema" } }),
    "output_config.format.schema",
    missing,
  ],
  ["a schema as text", schema("{}"), "output_config.format.schema"],
  ["a schema's not", schema({ not: {} }), "output_config.format.schema.not", unenforced],
  ["a schema of 10,000 levels", schema({ not: lists }), "output_config"],
  [
    "two formats",
    { ...schema({}), output_format: { type: "json_schema", schema: {} } },
    "output_format",
  ],
  ["tools as an object", { tools: {} }, "tools"],
  ["a tool that is null", { tools: [null] }, "tools[0]"],
  ["a tool without a name", tool({ name: undefined }), "tools[0].name", missing],
  ["a name with a space", tool({ name: "a b" }), "tools[0].name"],
  ["a tool of OpenAI's", { tools: [{ type: "function", function: { name: "f" } }] }, "tools[0]"],
  ["a tool without a schema", tool({ input_schema: undefined }), "tools[0].input_schema", missing],
  ["a schema of text", tool({ input_schema: { type: "string" } }), "tools[0].input_schema.type"],
  ["a tool twice", { tools: [...tool({}).tools, ...tool({}).tools] }, "tools[1].name"],
  [
    "257 tools",
    { tools: Array.from({ length: 257 }, (_, i) => ({ name: `f${i}`, input_schema: {} })) },
    "tools",
  ],
  [
    "a strict tool's uniqueItems",
    strict({ properties: { a: { type: "array", uniqueItems: true } } }),
    "tools[0].input_schema.properties.a.uniqueItems",
    unenforced,
  ],
  ["a choice as text", choosing("any"), "tool_choice"],
  [
    "a tool choice in OpenAI's form",
    choosing({ type: "required" }),
    "tool_choice.type",
    "invalid_value",
    "any",
  ],
  ["a choice without its name", choosing({ type: "tool" }), "tool_choice.name", missing],
  ["a choice that is not there", choosing({ type: "tool", name: "g" }), "tool_choice.name"],
  ["a choice without tools", { tool_choice: { type: "any" } }, "tool_choice"],
  [
    "parallel as text",
    choosing({ type: "auto", disable_parallel_tool_use: "no" }),
    "tool_choice.disable_parallel_tool_use",
  ],
  ["a container", { container: "c1" }, "container", unsupported],
  ["10,000 results in each other", block(results), "messages"],
  ["10,000 lists as content", saying(lists), "messages"],
  ["a prototype", proto, "__proto__"],
];

const named = ([what, fields, param, code = "invalid_value", words = ""]: Case) => ({
  what,
  fields,
  param,
  code,
  words,
});

async function answerTo(path: string, body: unknown) {
  const json = typeof body === "string" ? body : JSON.stringify(body);
  const sent = json.replace(/"@raw(\d+)@"/g, (_, index) => raws[index] ?? "");
  const response = await post(running.url + path, sent);
  return { response, body: (await response.json()) as { error: { message: string } } };
}

describe.each([PATH, `${PATH}/count_tokens`])("POST %s", (path) => {
  const isCounting = path.endsWith("count_tokens");
  // Both share one parser: the second gets only some cases, to show that it uses it.
  const given = CASES.filter(
    ([what], index) => !isCounting || (what !== "no limit" && index % 6 === 0),
  );
  const cases = given.map(named);

  test.each(cases)("answers $what with 400", async ({ fields, param, code, words }) => {
    const { response, body } = await answerTo(path, { ...plain, ...fields });

    expect({ status: response.status, ...body }).toEqual({
      status: 400,
      type: "error",
      error: {
        type: "invalid_request_error",
        message: expect.stringContaining(words),
        param,
        code,
      },
      request_id: response.headers.get("request-id"),
    });
    expect(body.error.message.length).toBeLessThan(1_000);
  });

  test.each([
    ["no JSON", "{", 400, "invalid_request_error"],
    ["a list", "[]", 400, "invalid_request_error"],
    ["null", "null", 400, "invalid_request_error"],
    ["a text", '"Hi"', 400, "invalid_request_error"],
    ["too much", { ...plain, system: "a".repeat(1_000_001) }, 413, "request_too_large"],
    ["another model", { ...plain, model: "claude-2" }, 404, "not_found_error"],
  ])("answers %s in the envelope", async (_what, body, status, type) => {
    const answer = await answerTo(path, body);

    expect(answer.response.status).toBe(status);
    expect(answer.body).toMatchObject({ type: "error", error: { type } });
  });

  test("answers another method and another type of body in the envelope", async () => {
    const got = await fetch(running.url + path);
    const sent = await fetch(running.url + path, { method: "POST", body: "max_tokens=5" });

    expect([got.status, sent.status]).toEqual([405, 415]);
    expect(got.headers.get("allow")).toBe("POST");
    for (const response of [got, sent])
      expect(await response.json()).toMatchObject({
        type: "error",
        request_id: expect.any(String),
      });
  });
});

test("has many cases", () => {
  expect(CASES.length).toBeGreaterThanOrEqual(50);
});

test("answers an unknown path and a wrong key in the envelope", async () => {
  const locked = await startWithFake({}, { apiKey: ["key"] });
  const paths = [PATH, `${PATH}/count_tokens`];

  const refused = await Promise.all(paths.map(async (path) => post(locked.url + path, plain)));
  const entered = await post(locked.url + PATH, plain, { "x-api-key": "key" });
  const nowhere = await post(`${running.url}${PATH}/batches`, plain);

  for (const response of refused) {
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { type: "authentication_error" } });
  }
  expect(entered.status).toBe(200);
  expect(nowhere.status).toBe(404);
  expect(await nowhere.json()).toMatchObject({ type: "error", error: { type: "not_found_error" } });
  await locked.close();
});

test("refuses unknown fields under --strict, and names them otherwise", async () => {
  const strictly = await startWithFake({}, { strict: true });
  const body = { ...plain, seed: 5 };

  const refused = await post(strictly.url + PATH, body);
  const { response } = await answerTo(PATH, body);

  expect(await refused.json()).toMatchObject({
    error: { code: "unknown_parameter", param: "seed" },
  });
  expect([refused.status, response.status]).toEqual([400, 200]);
  expect(response.headers.get("x-ignored-params")).toBe("seed");
  await strictly.close();
});

test("still serves after all cases, and no internal error was counted", async () => {
  const { response, body } = await answerTo(PATH, plain);
  const counted = await answerTo(`${PATH}/count_tokens`, saying("one two three"));

  expect(response.status).toBe(200);
  expect(body).toMatchObject({ content: [{ type: "text", text: "Hello world" }] });
  expect(counted.body).toEqual({ input_tokens: 3 });
  expect(running.service.queue.inside).toBe(0);
  expect(running.logLines.filter(({ msg }) => msg === "bug")).toEqual([]);
  expect("polluted" in {}).toBe(false);
});
