// Invalid and hostile values of the newer fields: each gets a 400 that names the exact field, and has no other effect.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, post } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithFake();
});
afterAll(async () => running.close());

const MISSING = "missing_parameter";
const user = { role: "user", content: "Hi" };
const fn = (name: unknown, more: object = {}) => ({
  type: "function",
  function: { name, ...more },
});
const withParameters = (parameters: unknown, more: object = {}) => ({
  tools: [fn("f", { parameters, ...more })],
});
const strict = (a: unknown, more: object = {}) =>
  withParameters({ type: "object", properties: { a }, ...more }, { strict: true });
const choosing = (tool_choice: unknown) => ({ tools: [fn("f")], tool_choice });
const format = (response_format: unknown) => ({ response_format });
const schema = (of: unknown) =>
  format({ type: "json_schema", json_schema: { name: "x", schema: of, strict: true } });
const ending = (message: unknown) => ({ messages: [user, message] });
const calling = (call: unknown) => ending({ role: "assistant", tool_calls: [call] });
const argued = (text: unknown) => calling({ id: "1", function: { name: "f", arguments: text } });
const kwargs = (given: unknown) => ({ chat_template_kwargs: given });
const flush = (given: unknown) => ({ stream: true, stream_options: { flush: given } });
/** Placeholder for JSON that no value can represent, or that is nested too deeply to build as a value. */
const raws: string[] = [];
const raw = (json: string) => `@raw${raws.push(json) - 1}@`;
const lists = (depth: number) => raw("[".repeat(depth) + "]".repeat(depth));
const objects = (depth: number, name: string) =>
  raw(`${`{"${name}":`.repeat(depth)}{}${"}".repeat(depth)}`);
const proto = raw('{"__proto__":{"polluted":true}}');

const ARGUMENTS = "messages[1].tool_calls[0].function.arguments";
const PARAMETERS = "tools[0].function.parameters";
const SCHEMA = "response_format.json_schema.schema";

type Case = readonly [what: string, fields: object, param: string, code?: string, words?: string];
const unsupported = "unsupported_parameter";
const unenforced = "unsupported_schema";

const CHAT: readonly Case[] = [
  ["n 0", { n: 0 }, "n"],
  ["n 17", { n: 17 }, "n", "invalid_value", "at most 16"],
  ["n 1.5", { n: 1.5 }, "n"],
  ["n as text", { n: "2" }, "n"],
  ["n 1e308", { n: 1e308 }, "n"],
  ["temperature NaN", { temperature: "NaN" }, "temperature"],
  ["temperature infinite", { temperature: raw("1e999") }, "temperature"],
  ["seed infinite", { seed: raw("-1e999") }, "seed"],
  ["max_tokens 1e308", { max_tokens: 1e308 }, "max_tokens"],
  ["max_tokens in a list", { max_tokens: [5] }, "max_tokens"],
  ["logprobs a number", { logprobs: 3 }, "logprobs"],
  ["logprobs as text", { logprobs: "true" }, "logprobs"],
  ["top_logprobs 21", { logprobs: true, top_logprobs: 21 }, "top_logprobs", "invalid_value", "20"],
  ["top_logprobs alone", { top_logprobs: 2 }, "top_logprobs", "invalid_value", "logprobs: true"],
  ["top_logprobs -1", { logprobs: true, top_logprobs: -1 }, "top_logprobs"],
  ["flush line", flush("line"), "stream_options.flush", "invalid_value", "word, sentence"],
  ["flush -1", flush(-1), "stream_options.flush", "invalid_value", "0 to 1000"],
  ["flush 1001", flush(1001), "stream_options.flush", "invalid_value", "0 to 1000"],
  ["flush a list", flush(["word"]), "stream_options.flush"],
  ["stream_options a list", { stream_options: [] }, "stream_options"],
  ["include_usage 1", { stream_options: { include_usage: 1 } }, "stream_options.include_usage"],
  ["return_progress 1", { return_progress: 1 }, "return_progress"],
  ["effort 5", { reasoning_effort: 5 }, "reasoning_effort"],
  ["a budget of -2", { thinking_budget_tokens: -2 }, "thinking_budget_tokens"],
  ["a budget as text", { thinking_budget_tokens: "9" }, "thinking_budget_tokens"],
  ["an unknown reasoning_format", { reasoning_format: "raw" }, "reasoning_format"],
  ["kwargs a list", kwargs([]), "chat_template_kwargs"],
  ["kwargs as text", kwargs("{}"), "chat_template_kwargs"],
  ["kwargs with messages", kwargs({ messages: [] }), "chat_template_kwargs.messages"],
  ["kwargs with bos_token", kwargs({ bos_token: "x" }), "chat_template_kwargs.bos_token"],
  ["kwargs of 10,000 levels", kwargs({ a: lists(10_000) }), "chat_template_kwargs"],
  ["kwargs with a prototype", kwargs(proto), "chat_template_kwargs.__proto__"],
  ["a bias with a prototype", { logit_bias: proto }, "logit_bias.__proto__"],
  ["a bias of constructor", { logit_bias: { constructor: 1 } }, "logit_bias.constructor"],
  ["a bias as text", { logit_bias: { 5: "1" } }, "logit_bias.5"],
  ["biases in a list", { logit_bias: [1] }, "logit_bias"],
  ["an unknown field of 10,000 levels", { zzz: lists(10_000) }, "zzz"],
  ["metadata of 10,000 levels", { metadata: objects(10_000, "a") }, "metadata"],
  ["tools an object", { tools: {} }, "tools"],
  ["a tool that is null", { tools: [null] }, "tools[0]"],
  ["a tool whose type is a number", { tools: [{ type: 5 }] }, "tools[0]"],
  ["a tool without a function", { tools: [{ type: "function" }] }, "tools[0].function", MISSING],
  ["a tool without a name", { tools: [fn(undefined)] }, "tools[0].function.name", MISSING],
  ["a name with a space", { tools: [fn("a b")] }, "tools[0].function.name"],
  ["a name of half a pair", { tools: [fn("\ud800")] }, "tools[0].function.name"],
  ["a name of 129 letters", { tools: [fn("a".repeat(129))] }, "tools[0].function.name"],
  ["a tool twice", { tools: [fn("f"), fn("f")] }, "tools[1].function.name"],
  ["257 tools", { tools: Array.from({ length: 257 }, (_, i) => fn(`f${i}`)) }, "tools"],
  [
    "a description that is a list",
    { tools: [fn("f", { description: [] })] },
    "tools[0].function.description",
  ],
  ["strict as text", { tools: [fn("f", { strict: "yes" })] }, "tools[0].function.strict"],
  ["a tool with a prototype", { tools: [proto] }, "tools[0].__proto__"],
  ["parameters as text", withParameters("{}"), PARAMETERS],
  ["parameters a list", withParameters([]), PARAMETERS],
  ["arguments of another type", withParameters({ type: "string" }), `${PARAMETERS}.type`],
  ["parameters of 10,000 lists", withParameters({ properties: lists(10_000) }), "tools"],
  ["parameters of 10,000 objects", withParameters(objects(10_000, "items")), "tools"],
  ["parameters with a prototype", withParameters(proto), `${PARAMETERS}.__proto__`],
  [
    "a strict tool's uniqueItems",
    strict({ type: "array", uniqueItems: true }),
    `${PARAMETERS}.properties.a.uniqueItems`,
    unenforced,
  ],
  [
    "a strict tool's uniqueItems",
    strict({ type: "array", uniqueItems: true }),
    `${PARAMETERS}.properties.a.uniqueItems`,
    unenforced,
  ],
  [
    "a strict tool's reference",
    strict({ $ref: "#/$defs/no" }),
    `${PARAMETERS}.properties.a.$ref`,
    unenforced,
  ],
  [
    "a tool_choice that names no tool",
    choosing(fn("g")),
    "tool_choice",
    "invalid_value",
    "not in tools",
  ],
  ["a tool_choice all", choosing("all"), "tool_choice", "invalid_value", "required"],
  ["a tool_choice 5", choosing(5), "tool_choice"],
  ["required without tools", { tool_choice: "required" }, "tool_choice"],
  ["a choice without tools", { tool_choice: fn("f") }, "tool_choice"],
  ["parallel_tool_calls as text", { parallel_tool_calls: "no" }, "parallel_tool_calls"],
  ["tools beside ignore_eos", { tools: [fn("f")], ignore_eos: true }, "ignore_eos"],
  ["functions", { functions: [{ name: "f" }] }, "functions", unsupported],
  ["function_call", { function_call: { name: "f" } }, "function_call", unsupported],
  [
    "a result without id",
    ending({ role: "tool", content: "1" }),
    "messages[1].tool_call_id",
    MISSING,
  ],
  [
    "a result whose id is a number",
    ending({ role: "tool", content: "1", tool_call_id: 1 }),
    "messages[1].tool_call_id",
  ],
  ["tool_calls an object", ending({ role: "assistant", tool_calls: {} }), "messages[1].tool_calls"],
  ["a call that is null", calling(null), "messages[1].tool_calls[0]"],
  ["a call without function", calling({ id: "1" }), "messages[1].tool_calls[0].function", MISSING],
  [
    "a call without id",
    calling({ function: { name: "f", arguments: "{}" } }),
    "messages[1].tool_calls[0].id",
    MISSING,
  ],
  ["arguments that are an object", argued({}), ARGUMENTS],
  ["a message that is a list", ending([]), "messages[1]"],
  ["a role that is an object", ending({ role: {}, content: "a" }), "messages[1].role"],
  ["a role of Object's own", ending({ role: "constructor", content: "a" }), "messages[1].role"],
  ["continuing a question", { continue_final_message: true }, "continue_final_message"],
  ["an opening that is text", { add_generation_prompt: "no" }, "add_generation_prompt"],
  ["a format as text", format("json"), "response_format"],
  ["a format in a list", format([{ type: "text" }]), "response_format"],
  [
    "an unknown format",
    format({ type: "xml" }),
    "response_format.type",
    "invalid_value",
    "json_object",
  ],
  [
    "a json_schema format without a schema",
    format({ type: "json_schema" }),
    "response_format.schema",
    MISSING,
  ],
  ["a schema that is null", schema(null), SCHEMA, MISSING],
  ["a schema as text", schema("{}"), SCHEMA],
  ["a schema of no value", schema(false), SCHEMA, unenforced],
  ["a schema of an unknown type", schema({ type: "text" }), `${SCHEMA}.type`, unenforced, "string"],
  [
    "a schema's not",
    schema({ properties: { a: { type: "array", not: { uniqueItems: true } } } }),
    `${SCHEMA}.properties.a.not`,
    unenforced,
  ],
  [
    "a schema's contains",
    schema({ type: "array", contains: {}, maxContains: 2 }),
    `${SCHEMA}.contains`,
    unenforced,
  ],
  [
    "a schema behind a reference",
    schema({ $ref: "#/$defs/a", $defs: { a: { multipleOf: 0.0137 } } }),
    `${SCHEMA}.$defs.a.multipleOf`,
    unenforced,
  ],
  ["a schema of 10,000 levels", schema(objects(10_000, "items")), "response_format"],
  ["a schema that leads to itself", schema({ $ref: "#" }), `${SCHEMA}.$ref`, unenforced],
  ["two kinds of schema", { ...schema(true), json_schema: {} }, "json_schema"],
  ["a stop of half a pair", { stop: ["a", "\udc00"] }, "stop[1]"],
];

const COMPLETIONS: readonly Case[] = [
  ["no prompt", {}, "prompt", "missing_parameter"],
  ["a prompt that is null", { prompt: null }, "prompt"],
  ["a prompt that is an object", { prompt: { text: "a" } }, "prompt"],
  ["no prompts", { prompt: [] }, "prompt"],
  ["a prompt of no tokens", { prompt: [[]] }, "prompt[0]"],
  ["texts and token ids", { prompt: ["a", 1] }, "prompt", "invalid_value", "token ids"],
  ["lists and token ids", { prompt: [[1], 1] }, "prompt"],
  ["a negative token id", { prompt: [1, -1] }, "prompt[1]"],
  ["a negative id in a list", { prompt: [[1], [-1]] }, "prompt[1][0]"],
  ["half a token id", { prompt: [1.5] }, "prompt[0]"],
  ["a token id of 1e308", { prompt: [1e308] }, "prompt[0]"],
  ["65 prompts", { prompt: Array(65).fill("a") }, "prompt", "invalid_value", "64"],
  ["10,000 nested prompts", { prompt: lists(10_000) }, "prompt[0][0]"],
  ["a prototype as prompt", { prompt: [proto] }, "prompt[0].__proto__"],
  ["too many choices of all", { prompt: Array(33).fill("a"), n: 2 }, "n", "invalid_value", "64"],
  ["a suffix of token ids", { prompt: [1], suffix: "b" }, "suffix", "invalid_value", "a string"],
  ["a suffix that is a number", { prompt: "a", suffix: 1 }, "suffix"],
  ["echo and a suffix", { prompt: "a", echo: true, suffix: "b" }, "echo"],
  ["echo as text", { prompt: "a", echo: "yes" }, "echo"],
  ["echo and a grammar", { prompt: "a", echo: true, grammar: "x" }, "echo"],
  ["max_tokens 0", { prompt: "a", max_tokens: 0 }, "max_tokens", "invalid_value", "echo"],
  ["max_tokens -2", { prompt: "a", max_tokens: -2 }, "max_tokens"],
  ["best_of above n", { prompt: "a", best_of: 3, n: 2 }, "best_of", unsupported, "the value of n"],
  ["best_of as text", { prompt: "a", best_of: "1" }, "best_of"],
  ["logprobs 21", { prompt: "a", logprobs: 21 }, "logprobs", "invalid_value", "20"],
  ["logprobs -1", { prompt: "a", logprobs: -1 }, "logprobs"],
  ["logprobs true", { prompt: "a", logprobs: true }, "logprobs"],
  ["n 17", { prompt: "a", n: 17 }, "n"],
  ["flush 1e9", { prompt: "a", ...flush(1e9) }, "stream_options.flush"],
];

function named([what, fields, param, code = "invalid_value", words = param]: Case) {
  return { what, fields, param, code, words };
}

function jsonOf(body: object): string {
  return JSON.stringify(body).replace(/"@raw(\d+)@"/g, (_, index) => raws[index] ?? "");
}

const PATHS: readonly (readonly [path: string, required: object, cases: readonly Case[]])[] = [
  ["/v1/chat/completions", { messages: [user] }, CHAT],
  ["/v1/completions", {}, COMPLETIONS],
];

describe.each(PATHS)("POST %s", (path, required, cases) => {
  test.each(cases.map(named))("answers $what with 400", async (given) => {
    const { fields, param, code, words } = given;

    const response = await post(running.url + path, jsonOf({ ...required, ...fields }));

    const answer = (await response.json()) as { error: { message: string } };
    expect({ status: response.status, ...answer }).toEqual({
      status: 400,
      error: {
        message: expect.stringContaining(words),
        type: "invalid_request_error",
        param,
        code,
      },
    });
    expect(answer.error.message).not.toContain("secret");
    expect(answer.error.message.length).toBeLessThan(1_000);
  });
});

test("has many cases", () => {
  expect([CHAT.length >= 80, COMPLETIONS.length >= 25]).toEqual([true, true]);
});

test("still serves after all cases, and no internal error was counted", async () => {
  const response = await post(`${running.url}/v1/chat/completions`, chat({ n: 2 }));
  const health = await fetch(`${running.url}/health`);

  expect([response.status, health.status]).toEqual([200, 200]);
  expect(running.service.queue.inside).toBe(0);
  expect(running.logLines.filter(({ msg }) => msg === "bug")).toEqual([]);
  expect("polluted" in {}).toBe(false);
});
