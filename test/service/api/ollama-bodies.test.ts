// Invalid and hostile bodies for Ollama's API: each gets a 4xx in its envelope that names the exact field.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { post } from "../../support/clients/sse-client.ts";
import {
  type RunningService,
  startWithFake,
  startWithFakeEmbeddings,
} from "../../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithFakeEmbeddings({}, { bodyLimit: 1_000_000 });
});
afterAll(async () => running.close());

const CHAT = "/api/chat";
const GENERATE = "/api/generate";
const EMBED = "/api/embed";
const user = { role: "user", content: "Hi" };
const BODIES: Readonly<Record<string, object>> = {
  [CHAT]: { model: "builtin", messages: [user], stream: false },
  [GENERATE]: { model: "builtin", prompt: "Hi", stream: false },
  [EMBED]: { model: "builtin", input: "Hi" },
  "/api/embeddings": { model: "builtin", prompt: "Hi" },
  "/api/show": { model: "builtin" },
  "/api/pull": { model: "builtin" },
};
const proto = JSON.parse('{"__proto__":{"polluted":true}}') as object;

/** Placeholder for JSON that is nested too deeply to build as a value. */
const DEEP = "@deep@";
const lists = "[".repeat(10_000) + "]".repeat(10_000);

const saying = (given: unknown) => ({ messages: [user, given] });
const answered = (more: object) => saying({ role: "assistant", content: "a", ...more });
const called = (more: object) => answered({ tool_calls: [{ function: { name: "f", ...more } }] });
const tool = (more: object) => ({
  tools: [{ type: "function", function: { name: "f", ...more } }],
});

type Case = readonly [what: string, fields: object, param: string, code?: string, words?: string];
const unsupported = "unsupported_parameter";
const unreadable = "unsupported_content";
const missing = "missing_parameter";

/** Cases for both routes that generate. */
const COMMON: readonly Case[] = [
  ["no model", { model: undefined }, "model", missing],
  ["a model that is a number", { model: 5 }, "model"],
  ["stream as text", { stream: "yes" }, "stream"],
  ["options as a list", { options: [] }, "options"],
  ["options as text", { options: "hot" }, "options"],
  ["temperature as text", { options: { temperature: "hot" } }, "options.temperature"],
  ["temperature 3", { options: { temperature: 3 } }, "options.temperature"],
  ["top_k as text", { options: { top_k: "1" } }, "options.top_k"],
  ["repeat_last_n -2", { options: { repeat_last_n: -2 } }, "options.repeat_last_n"],
  ["top_p 2", { options: { top_p: 2 } }, "options.top_p"],
  ["min_p -1", { options: { min_p: -1 } }, "options.min_p"],
  ["repeat_penalty 0", { options: { repeat_penalty: 0 } }, "options.repeat_penalty"],
  ["seed as text", { options: { seed: "1" } }, "options.seed"],
  ["num_predict -3", { options: { num_predict: -3 } }, "options.num_predict"],
  ["1001 stop strings", { options: { stop: Array(1001).fill("a") } }, "options.stop"],
  ["context as text", { options: { num_ctx: "2k" } }, "options.num_ctx"],
  ["options with a prototype", { options: proto }, "options.__proto__"],
  ["another template", { template: "{{ .Prompt }}" }, "template", unsupported],
  ["an image beside all", { images: ["aGk="] }, "images", unsupported],
  ["an unknown format", { format: "xml" }, "format"],
  ["a format of numbers", { format: 5 }, "format"],
  ["a schema's not", { format: { not: {} } }, "format.not", "unsupported_schema"],
  ["a schema of 10,000 levels", { format: { not: DEEP } }, "format"],
  ["an unknown effort", { think: "hard" }, "think", "invalid_value", "medium"],
  ["21 alternatives", { logprobs: true, top_logprobs: 21 }, "top_logprobs"],
  ["alternatives of nothing", { top_logprobs: 2 }, "top_logprobs"],
  ["a prototype", proto, "__proto__"],
];

const OF_CHAT: readonly Case[] = [
  ...COMMON,
  ["messages as text", { messages: "Hi" }, "messages"],
  ["a message that is null", saying(null), "messages[1]"],
  ["an unknown role", saying({ role: "robot", content: "a" }), "messages[1].role"],
  ["content in parts", saying({ role: "user", content: [] }), "messages[1].content"],
  ["an image", saying({ ...user, images: ["aGk="] }), "messages[1].images", unreadable, "text"],
  ["an image that is no list", saying({ ...user, images: "a" }), "messages[1].images", unreadable],
  ["reasoning as a list", answered({ thinking: [] }), "messages[1].thinking"],
  ["calls as an object", answered({ tool_calls: {} }), "messages[1].tool_calls"],
  [
    "a call of nothing",
    answered({ tool_calls: [{}] }),
    "messages[1].tool_calls[0].function",
    missing,
  ],
  ["a call without name", called({ name: "" }), "messages[1].tool_calls[0].function.name"],
  [
    "arguments as a list",
    called({ arguments: [] }),
    "messages[1].tool_calls[0].function.arguments",
  ],
  ["arguments of 10,000 levels", called({ arguments: { a: DEEP } }), "messages"],
  ["10,000 lists as content", saying({ role: "user", content: DEEP }), "messages"],
  ["tools as an object", { tools: {} }, "tools"],
  ["a tool without a name", tool({ name: undefined }), "tools[0].function.name", missing],
  ["a name with a space", tool({ name: "a b" }), "tools[0].function.name"],
  ["a tool twice", { tools: [...tool({}).tools, ...tool({}).tools] }, "tools[1].function.name"],
  ["truncate as text", { truncate: "yes" }, "truncate"],
  ["a prompt", { prompt: "Hi" }, "prompt", unsupported],
];

const OF_GENERATE: readonly Case[] = [
  ...COMMON,
  ["a prompt in parts", { prompt: ["Hi"] }, "prompt"],
  ["a system prompt of a number", { system: 5 }, "system"],
  ["messages", { messages: [user] }, "messages", unsupported, "/api/chat"],
  ["tools", tool({}), "tools", unsupported, "/api/chat"],
  ["a context", { context: [1, 2] }, "context", unsupported, "/api/chat"],
  ["a picture", { width: 512 }, "width", unsupported],
  ["raw as text", { raw: "yes" }, "raw"],
  ["raw with a system prompt", { raw: true, system: "a" }, "system"],
  ["raw with reasoning", { raw: true, think: true }, "think"],
  ["a suffix with a system prompt", { suffix: "a", system: "a" }, "system"],
  ["a suffix of a number", { suffix: 5 }, "suffix"],
];

const OF_EMBED: readonly Case[] = [
  ["no input", { input: undefined }, "input", missing],
  ["an empty text", { input: "" }, "input"],
  ["no texts", { input: [] }, "input"],
  ["token ids", { input: [1, 2] }, "input"],
  ["an empty text among others", { input: ["a", ""] }, "input[1]"],
  ["2049 texts", { input: Array(2049).fill("a") }, "input"],
  ["no dimensions", { dimensions: 0 }, "dimensions"],
  ["truncate as text", { truncate: "yes" }, "truncate"],
];

const named = ([what, fields, param, code = "invalid_value", words = ""]: Case) => ({
  ...{ what, fields, param, code, words },
});

async function answerTo(path: string, body: unknown) {
  const json = typeof body === "string" ? body : JSON.stringify(body);
  const response = await post(running.url + path, json.replaceAll(`"${DEEP}"`, lists));
  return { response, body: (await response.json()) as { readonly error: string } };
}

describe.each([
  [CHAT, OF_CHAT],
  [GENERATE, OF_GENERATE],
  [EMBED, OF_EMBED],
] as const)("POST %s", (path, cases) => {
  test.each(cases.map(named))("answers $what with 400", async (wrong) => {
    const { fields, param, code, words } = wrong;

    const { response, body } = await answerTo(path, { ...BODIES[path], ...fields });

    expect({ status: response.status, ...body }).toEqual({
      status: 400,
      error: expect.stringContaining(words),
      ...{ param, code, request_id: response.headers.get("request-id") },
    });
    expect(body.error.length).toBeLessThan(1_000);
  });
});

describe.each(Object.entries(BODIES))("POST %s", (path, plain) => {
  test.each([
    ["no JSON", "{", 400],
    ["a list", "[]", 400],
    ["null", "null", 400],
    ["a text", '"Hi"', 400],
    ["too much", { ...plain, zzz: "a".repeat(1_000_001) }, 413],
    ["another model", { ...plain, model: "llama3" }, 404],
    ["another tag", { ...plain, model: "builtin:8b" }, 404],
  ])("answers %s in the envelope", async (_what, body, status) => {
    const answer = await answerTo(path, body);

    expect(answer.response.status).toBe(status);
    expect(answer.body).toMatchObject({ error: expect.any(String), code: expect.any(String) });
  });

  test("takes the model with its tag, and answers another method in the envelope", async () => {
    const taken = await post(running.url + path, { ...plain, model: "builtin:latest" });
    const got = await fetch(running.url + path);

    expect([taken.status, got.status]).toEqual([200, 405]);
    expect(got.headers.get("allow")).toBe("POST");
    expect(await got.json()).toMatchObject({ error: expect.stringContaining("use POST") });
  });
});

test("answers an unknown path, a wrong key and a missing scope in the envelope", async () => {
  const locked = await startWithFake({}, { apiKey: ["key"] });

  const paths = ["/api/tags", "/api/nothing", ...Object.keys(BODIES)];
  const refused = await Promise.all(
    paths.map(async (path) => post(locked.url + path, BODIES[path])),
  );
  const nowhere = await fetch(`${running.url}/api/nothing`);

  for (const response of refused) {
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: expect.any(String) });
  }
  expect(nowhere.status).toBe(404);
  expect(await nowhere.json()).toMatchObject({ error: expect.any(String), code: "not_found" });
  await locked.close();
});

describe.each(Object.entries(BODIES))("POST %s", (path, plain) => {
  const sent = (headers: Record<string, string>) =>
    fetch(running.url + path, {
      method: "POST",
      headers,
      body: new TextEncoder().encode(JSON.stringify(plain)), // bytes have no type of their own
    });

  test.each([
    [{}],
    [{ "content-type": "application/x-www-form-urlencoded" }],
    [{ "content-type": "text/plain; charset=latin1" }],
  ])("reads a body as JSON with the headers %j, as Ollama does", async (headers) => {
    const response = await sent(headers);

    expect(response.status).toBe(200);
  });

  test.each(["http://evil.example", "null"])(
    "refuses such a body from a page of the origin %s",
    async (origin) => {
      const response = await sent({ "content-type": "text/plain", origin });

      expect(response.status).toBe(403);
    },
  );
});

test("refuses unknown fields under --strict, and names them otherwise", async () => {
  const strictly = await startWithFake({}, { strict: true });
  const body = { ...BODIES[CHAT], options: { num_gqa: 8 } };

  const refused = await post(strictly.url + CHAT, body);
  const { response } = await answerTo(CHAT, body);

  expect(await refused.json()).toMatchObject({
    code: "unknown_parameter",
    param: "options.num_gqa",
  });
  expect([refused.status, response.status]).toEqual([400, 200]);
  expect(response.headers.get("x-ignored-params")).toBe("options.num_gqa");
  await strictly.close();
});

test("still serves after all cases, and no internal error was counted", async () => {
  const { response } = await answerTo(CHAT, BODIES[CHAT]);

  expect(response.status).toBe(200);
  expect(running.logLines.filter(({ msg }) => msg === "bug")).toEqual([]);
});
