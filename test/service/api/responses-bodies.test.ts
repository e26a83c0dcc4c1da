// Invalid and hostile bodies for Responses: each gets a 4xx in OpenAI's envelope that names the exact field.

import { afterAll, beforeAll, expect, test } from "vitest";
import { post } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithFake({}, { bodyLimit: 1_000_000 });
});
afterAll(async () => running.close());

const PATH = "/v1/responses";
const plain = { input: "Hi", max_output_tokens: 5 };
const proto = JSON.parse('{"__proto__":{"polluted":true}}') as object;
const deep = JSON.parse(`${'{"not":'.repeat(1_000)}{}${"}".repeat(1_000)}`) as object;

const item = (given: unknown) => ({ input: [{ role: "user", content: "Hi" }, given] });
const part = (given: unknown) => item({ role: "user", content: [given] });
const call = (more: object) =>
  item({ type: "function_call", call_id: "1", name: "f", arguments: "{}", ...more });
const result = (more: object) =>
  item({ type: "function_call_output", call_id: "1", output: "a", ...more });
const tool = (more: object) => ({
  tools: [{ type: "function", name: "f", parameters: { type: "object" }, ...more }],
});
const choosing = (tool_choice: unknown) => ({ ...tool({}), tool_choice });
const format = (given: unknown) => ({ text: { format: given } });
const schema = (given: unknown) => format({ type: "json_schema", name: "a", schema: given });

type Case = readonly [what: string, fields: object, param: string, code?: string];
const unsupported = "unsupported_parameter";
const unreadable = "unsupported_content";
const unenforced = "unsupported_schema";
const missing = "missing_parameter";
const absent = "previous_response_not_found";

const CASES: readonly Case[] = [
  ["no input", { input: undefined }, "input", missing],
  ["an input of a number", { input: 5 }, "input"],
  ["an input of null", { input: null }, "input"],
  ["an input of nothing", { input: [] }, "input"],
  ["chat's messages", { messages: [{ role: "user", content: "Hi" }] }, "messages", unsupported],
  ["an item that is text", item("Hi"), "input[1]"],
  ["an item that is null", item(null), "input[1]"],
  ["an item of no type", item({ text: "Hi" }), "input[1]"],
  ["a reference", item({ type: "item_reference", id: "1" }), "input[1]", unreadable],
  ["a message of a tool", item({ role: "tool", content: "Hi" }), "input[1].role"],
  ["a message without content", item({ role: "user" }), "input[1].content", missing],
  ["a part that is null", part(null), "input[1].content"],
  ["an image", part({ type: "input_image" }), "input[1].content[0]", unreadable],
  ["a file", part({ type: "input_file" }), "input[1].content[0]", unreadable],
  ["sound", part({ type: "input_audio" }), "input[1].content[0]", unreadable],
  ["a result without id", result({ call_id: undefined }), "input[1].call_id", missing],
  ["arguments that are no text", call({ arguments: {} }), "input[1].arguments"],
  ["a call without a name", call({ name: "" }), "input[1].name"],
  ["instructions of a number", { instructions: 5 }, "instructions"],
  ["a limit of 0", { max_output_tokens: 0 }, "max_output_tokens"],
  ["a limit as text", { max_output_tokens: "5" }, "max_output_tokens"],
  ["chat's format", { response_format: { type: "json_object" } }, "response_format", unsupported],
  ["a model that is a number", { model: 5 }, "model"],
  ["stream as text", { stream: "yes" }, "stream"],
  ["temperature 3", { temperature: 3 }, "temperature"],
  ["top_p as text", { top_p: "1" }, "top_p"],
  ["21 alternatives", { top_logprobs: 21 }, "top_logprobs"],
  ["two choices", { n: 2 }, "n", unsupported],
  ["a forgotten background", { background: true, store: false }, "background", unsupported],
  ["background as text", { background: "yes" }, "background"],
  ["a conversation", { conversation: "conv_1" }, "conversation", unsupported],
  ["an unknown earlier one", { previous_response_id: "resp_1" }, "previous_response_id", absent],
  ["a nameless earlier one", { previous_response_id: "" }, "previous_response_id"],
  ["a numbered earlier one", { previous_response_id: 5 }, "previous_response_id"],
  ["a stored prompt", { prompt: { id: "1" } }, "prompt", unsupported],
  ["an unknown truncation", { truncation: "always" }, "truncation"],
  ["include as text", { include: "reasoning.encrypted_content" }, "include"],
  ["store as text", { store: "yes" }, "store"],
  ["metadata of numbers", { metadata: { a: 1 } }, "metadata.a"],
  ["metadata with a prototype", { metadata: proto }, "metadata.__proto__"],
  [
    "a tool in chat's form",
    { tools: [{ type: "function", function: { name: "f" } }] },
    "tools[0].name",
    missing,
  ],
  ["a tool with a space in its name", tool({ name: "a b" }), "tools[0].name"],
  ["two tools of one name", { tools: [...tool({}).tools, ...tool({}).tools] }, "tools[1].name"],
  [
    "257 tools",
    { tools: Array.from({ length: 257 }, (_, name) => ({ type: "function", name: `f${name}` })) },
    "tools",
  ],
  ["parameters as text", tool({ parameters: "{}" }), "tools[0].parameters"],
  [
    "a strict tool with not",
    tool({ strict: true, parameters: { type: "object", not: {} } }),
    "tools[0].parameters.not",
    unenforced,
  ],
  ["a choice of a number", choosing(5), "tool_choice"],
  ["a choice of no tool", choosing({ type: "function", name: "g" }), "tool_choice"],
  ["a choice of a hosted tool", choosing({ type: "web_search" }), "tool_choice"],
  ["a call that must be without tools", { tool_choice: "required" }, "tool_choice"],
  ["calls as text", { parallel_tool_calls: "no" }, "parallel_tool_calls"],
  ["a text of a string", { text: "json" }, "text"],
  ["another format", format({ type: "xml" }), "text.format.type"],
  [
    "a format without schema",
    format({ type: "json_schema", name: "a" }),
    "text.format.schema",
    missing,
  ],
  ["a schema's not", schema({ not: {} }), "text.format.schema.not", unenforced],
  ["a deep schema", schema(deep), "text"],
  ["an unknown effort", { reasoning: { effort: "extreme" } }, "reasoning.effort"],
  ["a template", { chat_template: "{{ x }}" }, "chat_template", unsupported],
  ["reasoning as text", { reasoning: "high" }, "reasoning"],
  [
    "a format with a grammar",
    { ...format({ type: "json_object" }), grammar: "root ::= [a]" },
    "grammar",
    unsupported,
  ],
];

async function answerTo(body: object) {
  const response = await post(running.url + PATH, body);
  return { response, body: (await response.json()) as { error: { message: string } } };
}

const cases = CASES.map(([what, fields, param, code = "invalid_value"]) => ({
  what,
  fields,
  param,
  code,
}));

test.each(cases)("refuses $what", async ({ fields, param, code }) => {
  const { response, body } = await answerTo({ ...plain, ...fields });

  expect(body).toMatchObject({ error: { type: "invalid_request_error", param, code } });
  expect(response.status).toBe(400);
  expect(body.error.message.length).toBeLessThan(1_000);
});

test("has many cases", () => {
  expect(CASES.length).toBeGreaterThanOrEqual(60);
});

test("still serves after all cases, and no internal error was counted", async () => {
  const { response, body } = await answerTo({ ...plain, metadata: { a: "b" } });

  expect(response.status).toBe(200);
  expect(body).toMatchObject({
    status: "completed",
    metadata: { a: "b" },
    output: [{ type: "message", content: [{ text: "Hello world" }] }],
  });
  expect(running.service.queue.inside).toBe(0);
  expect(running.logLines.filter(({ msg }) => msg === "bug")).toEqual([]);
  expect("polluted" in {}).toBe(false);
});

test("accepts its own answers as input without changes, also under --strict", async () => {
  const strictly = await startWithFake({}, { strict: true });
  const asked = { ...plain, include: ["message.output_text.logprobs"] };
  const first = await post(strictly.url + PATH, asked);
  const { output } = (await first.json()) as { output: object[] };
  const user = { role: "user", content: "And then?" };

  const second = await post(strictly.url + PATH, { ...asked, input: [...output, user] });

  expect(output).toHaveLength(1);
  expect(second.status).toBe(200);
  expect(second.headers.get("x-ignored-params")).toBeNull();
  await strictly.close();
});
