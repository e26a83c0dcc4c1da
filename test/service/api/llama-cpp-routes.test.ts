// The routes of llama.cpp's server over HTTP: their answers and refusals; they need no slot and never hang.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Config } from "../../../src/service.ts";
import { rawPost, WAYS_TO_LEAVE } from "../../support/clients/raw-client.ts";
import { chat, post, postSse, readAll, type SseAnswer } from "../../support/clients/sse-client.ts";
import { FakeEngine } from "../../support/engines/fake-engine.ts";
import { metric, type RunningService, startWithFake, until } from "../../support/start-service.ts";

const ASKING = [
  ["/tokenize", { content: "one two" }],
  ["/detokenize", { tokens: [1, 2] }],
  ["/apply-template", chat()],
  ["/v1/chat/completions/input_tokens", chat()],
] as const;
const between = (changes: object = {}) => ({ input_prefix: "a", input_suffix: "b", ...changes });

describe("an idle server", () => {
  let running: RunningService;
  beforeAll(async () => {
    running = await startWithFake({}, { bodyLimit: 3_000_000 });
  });
  afterAll(async () => running.close());

  const answerOf = async (path: string, body: unknown) => {
    const response = await post(running.url + path, body);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  test.each([
    ["/tokenize", { content: "one two" }, { tokens: [0, 1] }],
    [
      "/tokenize",
      { content: "one two", with_pieces: true },
      {
        tokens: [
          { id: 0, piece: "one" },
          { id: 1, piece: "two" },
        ],
      },
    ],
    ["/detokenize", { tokens: [4, 5] }, { content: "4 5" }],
    ["/detokenize", { tokens: [] }, { content: "" }],
    ["/apply-template", chat(), { prompt: "Hi" }],
    [
      "/v1/chat/completions/input_tokens",
      chat({ n: 3, messages: [{ role: "user", content: "one two three" }] }),
      { object: "response.input_tokens", input_tokens: 3 },
    ],
  ])("POST %s answers %j", async (path, given, expected) => {
    expect(await answerOf(path, given)).toEqual({ status: 200, body: expected });
  });

  const BAD: readonly [string, string, unknown, string, string | null][] = [
    ["no JSON", "/tokenize", "{", "invalid_json", null],
    ["a list", "/tokenize", "[]", "invalid_json", null],
    ["null", "/detokenize", "null", "invalid_json", null],
    ["no content", "/tokenize", {}, "missing_parameter", "content"],
    ["content null", "/tokenize", { content: null }, "invalid_value", "content"],
    ["content of ids", "/tokenize", { content: [1, 2] }, "invalid_value", "content"],
    ["half a character", "/tokenize", { content: "\ud83d" }, "invalid_value", "content"],
    ["a book", "/tokenize", { content: "🦄".repeat(50_001) }, "invalid_value", "content"],
    [
      "with_pieces as text",
      "/tokenize",
      { content: "", with_pieces: "yes" },
      "invalid_value",
      "with_pieces",
    ],
    [
      "add_special as a number",
      "/tokenize",
      { content: "", add_special: 1 },
      "invalid_value",
      "add_special",
    ],
    [
      "parse_special as text",
      "/tokenize",
      { content: "", parse_special: "no" },
      "invalid_value",
      "parse_special",
    ],
    ["no tokens", "/detokenize", {}, "missing_parameter", "tokens"],
    ["tokens as text", "/detokenize", { tokens: "1 2" }, "invalid_value", "tokens"],
    ["a negative token", "/detokenize", { tokens: [1, -1] }, "invalid_value", "tokens[1]"],
    ["half a token", "/detokenize", { tokens: [0.5] }, "invalid_value", "tokens[0]"],
    ["a token as text", "/detokenize", { tokens: ["1"] }, "invalid_value", "tokens[0]"],
    [
      "200,001 tokens",
      "/detokenize",
      { tokens: Array(200_001).fill(1) },
      "invalid_value",
      "tokens",
    ],
    ["no messages", "/apply-template", {}, "missing_parameter", "messages"],
    [
      "an unknown role",
      "/apply-template",
      { messages: [{ role: "robot", content: "" }] },
      "invalid_value",
      "messages[0].role",
    ],
    [
      "an answer without its opening",
      "/apply-template",
      chat({ add_generation_prompt: false }),
      "invalid_value",
      "add_generation_prompt",
    ],
    [
      "another template",
      "/apply-template",
      chat({ chat_template: "x" }),
      "unsupported_parameter",
      "chat_template",
    ],
    ["no messages", "/v1/chat/completions/input_tokens", {}, "missing_parameter", "messages"],
    [
      "temperature as text",
      "/v1/chat/completions/input_tokens",
      chat({ temperature: "hot" }),
      "invalid_value",
      "temperature",
    ],
    ["no prefix", "/infill", { input_suffix: "" }, "missing_parameter", "input_prefix"],
    ["no suffix", "/infill", { input_prefix: "" }, "missing_parameter", "input_suffix"],
    ["a prompt of ids", "/infill", between({ prompt: [1] }), "invalid_value", "prompt"],
    ["extra as text", "/infill", between({ input_extra: "x" }), "invalid_value", "input_extra"],
    [
      "extra without text",
      "/infill",
      between({ input_extra: [{ filename: "a" }] }),
      "missing_parameter",
      "input_extra[0].text",
    ],
    ["n_predict 0", "/infill", between({ n_predict: 0 }), "invalid_value", "n_predict"],
    ["n_predict as text", "/infill", between({ n_predict: "9" }), "invalid_value", "n_predict"],
    [
      "two limits",
      "/infill",
      between({ n_predict: 1, max_tokens: 2 }),
      "invalid_value",
      "n_predict",
    ],
    ["top_p above 1", "/infill", between({ top_p: 2 }), "invalid_value", "top_p"],
    ["two choices", "/infill", between({ n_cmpl: 2 }), "unsupported_parameter", "n_cmpl"],
    ["fields", "/infill", between({ response_fields: "a" }), "invalid_value", "response_fields"],
    ["probabilities", "/infill", between({ n_probs: 5 }), "unsupported_parameter", "n_probs"],
    [
      "a grammar",
      "/infill",
      between({ grammar: 'root ::= "x"' }),
      "unsupported_parameter",
      "grammar",
    ],
  ];

  test.each(BAD)("answers %s at %s with 400", async (_name, path, given, code, param) => {
    const { status, body } = await answerOf(path, given);

    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { code, param, type: "invalid_request_error" } });
  });

  test("still answers after all cases", async () => {
    expect(await answerOf("/tokenize", { content: "x" })).toMatchObject({ status: 200 });
    expect(running.service.queue.inside).toBe(0);
  });

  test.each([
    ["GET", "/tokenize", "POST"],
    ["PUT", "/detokenize", "POST"],
    ["GET", "/apply-template", "POST"],
    ["DELETE", "/v1/chat/completions/input_tokens", "POST"],
    ["GET", "/infill", "POST"],
    ["POST", "/slots", "GET"],
    ["POST", "/props", "GET"],
  ])("answers %s %s with 405, and names the allowed methods", async (method, path, allowed) => {
    const response = await fetch(running.url + path, { method });

    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe(allowed);
    expect(await response.json()).toMatchObject({ error: { code: "method_not_allowed" } });
  });

  test("lists its paths, and suggests them for similar unknown paths", async () => {
    const index = (await (await fetch(running.url)).json()) as { endpoints: string[] };
    const paths = ["/tokenize", "/detokenize", "/apply-template", "/infill", "/slots", "/props"];

    expect(index.endpoints).toEqual(
      expect.arrayContaining([...paths, "/v1/chat/completions/input_tokens"]),
    );
    const { status, body } = await answerOf("/v1/tokenize", { content: "" });
    expect(status).toBe(404);
    expect(body).toMatchObject({ error: { message: expect.stringContaining("use /tokenize") } });
  });

  test.each(ASKING)("POST %s names ignored fields, and checks the model", async (path, good) => {
    const named = await post(running.url + path, { ...good, color: "red" });
    const other = await post(running.url + path, { ...good, model: "gpt-4" });

    expect(named.headers.get("x-ignored-params")).toBe("color");
    expect(other.status).toBe(404);
    expect(await other.json()).toMatchObject({ error: { param: "model" } });
  });

  test("shows that every slot is free, and describes the server", async () => {
    const slots = await (await fetch(`${running.url}/slots?fail_on_no_slot=1`)).json();
    const props = await (await fetch(`${running.url}/props`)).json();

    const free = { n_ctx: 4096, n_reserved: 0, speculative: false, is_processing: false };
    expect(slots).toEqual([0, 1, 2, 3].map((id) => ({ id, ...free })));
    expect(props).toMatchObject({
      default_generation_settings: { params: { temperature: 1, top_p: 1, top_k: 0, seed: -1 } },
      total_slots: 4,
      model_path: "builtin.gguf",
      build_info: expect.stringMatching(/^sluice \d+\.\d+\.\d+/),
      modalities: { vision: false, audio: false },
    });
  });
});

describe("POST /infill", () => {
  let running: Awaited<ReturnType<typeof startWithFake>>;
  afterEach(async () => running.close());

  test("answers in the form of llama.cpp's server", async () => {
    running = await startWithFake();

    const response = await post(`${running.url}/infill`, between({ seed: 5, n_predict: 2 }));

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      index: 0,
      content: "Hello world",
      tokens: [],
      stop: true,
      stop_type: "eos",
      stopping_word: "",
      model: "builtin",
      tokens_predicted: 2,
      tokens_evaluated: 2,
      tokens_cached: 0,
      truncated: false,
      generation_settings: { seed: 5, n_predict: 2 },
      timings: { predicted_n: 2, prompt_n: 2 },
    });
  });

  test("streams deltas, then one last frame and no [DONE]", async () => {
    running = await startWithFake({ tokens: 3 });

    const answer = await postSse(`${running.url}/infill`, between({ stream: true, n_predict: 2 }));
    const { chunks, isDone } = await readAll(answer);

    expect(chunks).toMatchObject([
      { index: 0, content: "Hello", tokens: [], stop: false },
      { index: 0, content: " world", tokens: [], stop: false },
      { index: 0, content: "", stop: true, stop_type: "limit", tokens_predicted: 2 },
    ]);
    expect(isDone).toBe(false);
  });

  test("goes through the queue like all generating requests", async () => {
    running = await startWithFake({ tokens: Number.POSITIVE_INFINITY }, { slots: 1, queue: 0 });
    const first = await postSse(`${running.url}/infill`, between({ stream: true }));

    const second = await post(`${running.url}/infill`, between());

    expect(second.status).toBe(429);
    first.leave();
  });
});

describe("while all slots are busy", () => {
  let running: Awaited<ReturnType<typeof startWithFake>>;
  beforeAll(async () => {
    const endless = { tokens: Number.POSITIVE_INFINITY, tokenMs: 2, texts: ["secret"] };
    running = await startWithFake(endless, { slots: 2, queue: 1, apiKey: ["key"] });
  });
  afterAll(async () => running.close());

  const headers = { authorization: "Bearer key" };
  const get = async (path: string) => fetch(running.url + path, { headers });
  const slots = async () => (await (await get("/slots")).json()) as Record<string, unknown>[];

  async function fill(): Promise<SseAnswer> {
    const body = chat({ n: 2, stream: true, max_tokens: 4000 });
    const ours = { ...headers, "x-request-id": "ours" };
    const stream = await postSse(`${running.url}/v1/chat/completions`, body, ours);
    await until(async () => (await slots()).every(({ n_past }) => Number(n_past) > 3), "both run");
    return stream;
  }

  async function leave(stream: SseAnswer): Promise<void> {
    stream.leave();
    await until(async () => (await slots()).every((slot) => !slot.is_processing), "both are free");
  }

  test("shows the requests on them, without texts and keys", async () => {
    const stream = await fill();

    const shown = await slots();

    const use = { is_processing: true, request_id: "ours", model: "builtin", n_prompt_tokens: 1 };
    expect(shown).toMatchObject([
      { id: 0, ...use },
      { id: 1, ...use },
    ]);
    for (const { n_past, next_token } of shown) {
      const { n_decoded, n_remain } = next_token as { n_decoded: number; n_remain: number };
      expect([n_decoded, n_decoded + n_remain]).toEqual([Number(n_past) - 1, 4000]);
    }
    expect(JSON.stringify(shown)).not.toMatch(/Hi|secret|key/);
    await leave(stream);
  });

  test("answers 503 on request, which counts as no failure, and still tokenizes", async () => {
    const stream = await fill();

    const full = await get("/slots?fail_on_no_slot=1");
    const asked = await post(`${running.url}/tokenize`, { content: "x" }, headers);

    expect(full.status).toBe(503);
    expect(await full.json()).toMatchObject({ error: { code: "no_free_slot" } });
    expect(running.logLines.filter(({ outcome }) => outcome === "no_free_slot")).toEqual([]);
    expect(asked.status).toBe(200);
    await leave(stream);
  });

  test.each([...ASKING.map(([path]) => path), "/infill"])(
    "requires a key for POST %s",
    async (path) => {
      expect((await post(running.url + path, {})).status).toBe(401);
    },
  );

  test.each(["/slots", "/props"])("requires a key for GET %s", async (path) => {
    expect((await fetch(running.url + path)).status).toBe(401);
  });
});

describe("under --strict", () => {
  test.each([...ASKING, ["/infill", between()] as const])(
    "POST %s refuses unknown fields",
    async (path, good) => {
      const running = await startWithFake({}, { strict: true });

      const response = await post(running.url + path, { ...good, color: "red" });

      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { code: "unknown_parameter", param: "color" },
      });
      await running.close();
    },
  );
});

describe("while the model loads", () => {
  let running: Awaited<ReturnType<typeof startWithFake>>;
  let engine: FakeEngine;
  const start = async (settings: Partial<Config> = {}) => {
    engine = new FakeEngine();
    engine.startLoading();
    running = await startWithFake(engine, settings);
  };
  afterEach(async () => running.close());

  test.each(ASKING)("POST %s waits until it is loaded", async (path, body) => {
    await start();
    const answer = post(running.url + path, body);
    const isWaiting = Promise.race([answer.then(() => false), fetch(`${running.url}/health`)]);
    expect(await isWaiting).not.toBe(false);

    engine.becomeReady();

    expect((await answer).status).toBe(200);
  });

  test.each(ASKING)(
    "POST %s waits no longer than the time limit of a request",
    async (path, body) => {
      await start({ requestTimeoutMs: 30 });

      const response = await post(running.url + path, body);

      expect(response.status).toBe(504);
      expect(await response.json()).toMatchObject({ error: { code: "request_timeout" } });
    },
  );

  test.each(Object.entries(WAYS_TO_LEAVE))("a client may disconnect by %s", async (_way, leave) => {
    await start();
    const client = await rawPost(`${running.url}/tokenize`, { content: "x" });
    await until(() => running.service.models.default.lane.waiting === 1, "it waits");

    leave(client.socket);

    await until(() => running.service.models.default.lane.waiting === 0, "it waits no more");
    const aborted = () => metric(running.url, "sluice_requests_total", { outcome: "aborted" });
    expect(await aborted()).toBe(1);
  });

  test("no more questions wait than the queue holds", async () => {
    await start({ queue: 1 });
    const ask = () => post(`${running.url}/tokenize`, { content: "x" });
    const questions = Array.from({ length: 18 }, ask);

    const refused = await Promise.race(questions);
    await until(
      () => running.service.models.default.lane.waiting === 17,
      "the others wait for the model",
    );
    engine.becomeReady();

    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect(await refused.text()).toContain("other questions are being answered");
    const statuses = (await Promise.all(questions)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(17);
  });

  test("a waiting client gets an error when the server shuts down", async () => {
    await start();
    const answer = post(`${running.url}/tokenize`, { content: "x" });
    await until(() => running.service.models.default.lane.waiting === 1, "it waits for the model");

    await running.close();

    expect((await answer).status).toBe(503);
    expect(await (await answer).json()).toMatchObject({ error: { code: "draining" } });
  });

  test.each(["/slots", "/props"])("GET %s answers 503", async (path) => {
    await start();

    const response = await fetch(running.url + path);

    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: "engine_unavailable" } });
  });
});
