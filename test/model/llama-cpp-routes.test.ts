// The routes of llama.cpp's server with the real worker on the built-in model, and on a copy of it that can fill in the middle.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, post, postSse, readAll } from "../support/clients/sse-client.ts";
import { writeInfillModel } from "../support/gguf/infill-model.ts";
import {
  BUILTIN_MODEL,
  type RunningService,
  startWithModel,
  until,
} from "../support/start-service.ts";

type Body = Record<string, unknown>;

/** Control tokens of the built-in model that the test may rename: the model was not trained on them. */
const [TOOLS, END_OF_TOOLS, TOOL_RESPONSE] = [2863, 2864, 2861];

async function ask<T = Body>({ url }: RunningService, path: string, body: object): Promise<T> {
  const response = await post(url + path, body);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

async function get<T = Body>({ url }: RunningService, path: string): Promise<T> {
  const response = await fetch(url + path);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

describe("the built-in model", () => {
  let running: RunningService;
  beforeAll(async () => {
    running = await startWithModel({ threads: 1 });
  });
  afterAll(async () => running.close());

  const tokenize = async (content: string, options = {}) => {
    const { tokens } = await ask(running, "/tokenize", { content, ...options });
    return tokens as number[];
  };

  test.each([
    "plain words",
    "🦄🌈 naïve 日本語 👩‍👩‍👧",
    " spaces  and\n\tlines\n",
    "",
    "<|im_end|>",
    "\ufeffmark",
  ])("tokenizes %j and back", async (content) => {
    const tokens = await tokenize(content);

    expect(await ask(running, "/detokenize", { tokens })).toEqual({ content });
  });

  test("reads control tokens, unless parse_special is false", async () => {
    const asToken = await tokenize("<|im_end|>");
    const asText = await tokenize("<|im_end|>", { parse_special: false });

    expect(asToken).toHaveLength(1);
    expect(asText.length).toBeGreaterThan(5);
    expect(await ask(running, "/detokenize", { tokens: asText })).toEqual({
      content: "<|im_end|>",
    });
  });

  test("returns a piece that is not a whole character as bytes", async () => {
    const { tokens } = await ask<{ tokens: { id: number; piece: string | number[] }[] }>(
      running,
      "/tokenize",
      { content: "a🦄<|im_end|>", with_pieces: true },
    );

    expect(tokens.map(({ piece }) => piece)).toEqual([
      "a",
      ...[[0xf0], [0x9f], [0xa6], [0x84]],
      "<|im_end|>",
    ]);
    expect(tokens.map(({ id }) => id)).toEqual(await tokenize("a🦄<|im_end|>"));
  });

  test("refuses a token outside the vocabulary", async () => {
    const response = await post(`${running.url}/detokenize`, { tokens: [5, 999_999] });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: "invalid_value", param: "tokens" },
    });
  });

  test("renders the prompt of a chat, with its tools and the beginning of the answer", async () => {
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ];
    const tools = [{ type: "function", function: { name: "look_up", parameters: {} } }];

    const plain = await ask(running, "/apply-template", { messages });
    const withTools = await ask<{ prompt: string }>(running, "/apply-template", {
      messages,
      tools,
    });
    const continued = await ask(running, "/apply-template", {
      messages: [...messages, { role: "assistant", content: "Hel" }],
      add_generation_prompt: false,
    });

    const beginning = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n";
    expect(plain).toEqual({ prompt: `${beginning}<|im_start|>assistant\n` });
    expect(withTools.prompt).toContain('"name": "look_up"');
    expect(continued).toEqual({ prompt: `${beginning}<|im_start|>assistant\nHel` });
  });

  test.each([
    ["words", {}],
    ["no reasoning", { reasoning_effort: "none" }],
    ["tools", { tools: [{ type: "function", function: { name: "look_up" } }] }],
  ])("counts the tokens of a chat with %s as its usage does", async (_name, changes) => {
    const body = chat({ max_tokens: 1, ...changes });

    const counted = await ask(running, "/v1/chat/completions/input_tokens", body);
    const { usage } = await ask<{ usage: { prompt_tokens: number } }>(
      running,
      "/v1/chat/completions",
      body,
    );

    expect(counted).toEqual({
      object: "response.input_tokens",
      input_tokens: usage.prompt_tokens,
    });
  });

  test("counts a prompt that is too long for a chat, and refuses to render it", async () => {
    const messages = Array.from({ length: 5000 }, () => ({ role: "user", content: "" }));
    const ask = (path: string) => post(running.url + path, { messages });
    const [rendered, counted] = [
      await ask("/apply-template"),
      await ask("/v1/chat/completions/input_tokens"),
    ];

    expect([rendered.status, counted.status]).toEqual([400, 200]);
    expect(await rendered.json()).toMatchObject({ error: { code: "context_length_exceeded" } });
    const { input_tokens } = (await counted.json()) as { input_tokens: number };
    expect(input_tokens).toBeGreaterThan(5000);
  });

  test("shows a stream on its slot, and the slot free after it", async () => {
    const body = chat({ stream: true, max_tokens: 4000, ignore_eos: true });
    const stream = await postSse(`${running.url}/v1/chat/completions`, body);
    const firstSlot = async () => (await get<Body[]>(running, "/slots"))[0] ?? {};
    const reading = readAll(stream).catch(() => null);
    await until(async () => Number((await firstSlot()).n_past) > 20, "it has generated");

    const busy = await firstSlot();

    expect(busy).toMatchObject({ id: 0, n_ctx: 4096, is_processing: true, model: "builtin" });
    expect(busy.request_id).toBe(stream.response.headers.get("x-request-id"));
    stream.leave();
    await reading;
    await until(async () => (await firstSlot()).is_processing === false, "the slot is free");
    expect(await firstSlot()).toEqual({
      id: 0,
      n_ctx: 4096,
      n_reserved: 0,
      speculative: false,
      is_processing: false,
    });
  });

  test("describes itself", async () => {
    const props = await get(running, "/props");

    expect(props).toMatchObject({
      default_generation_settings: { n_ctx: 4096, params: { temperature: 1, n_predict: -1 } },
      total_slots: 4,
      model_alias: "builtin",
      model_path: "builtin.gguf",
      bos_token: "<|endoftext|>",
      eos_token: "<|im_end|>",
      chat_template_caps: {
        tool_format: "hermes",
        thought_format: "think",
        supports_tools: true,
        supports_system_role: true,
      },
    });
    expect(props.chat_template).toContain("add_generation_prompt");
    expect(JSON.stringify(props)).not.toContain(path.dirname(BUILTIN_MODEL));
  });

  test("refuses to fill in the middle", async () => {
    const response = await post(`${running.url}/infill`, { input_prefix: "a", input_suffix: "b" });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: "unsupported_parameter", param: "input_suffix" },
    });
  });
});

describe("a model that fills in the middle", () => {
  let folder: string;
  let running: RunningService;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "infill-"));
    const model = path.join(folder, "infill.gguf");
    const tokens = { prefix: TOOLS, suffix: END_OF_TOOLS, middle: TOOL_RESPONSE };
    await writeInfillModel(BUILTIN_MODEL, model, tokens);
    running = await startWithModel({ model, threads: 1, slots: 2 });
  });
  afterAll(async () => {
    await running.close();
    await rm(folder, { recursive: true });
  });

  const greedy = { temperature: 0, ignore_eos: true, n_predict: 12 };
  const infill = (body: object) => ask(running, "/infill", { ...greedy, ...body });

  test("has the token ids that the copied file names", async () => {
    const { tokens } = await ask(running, "/tokenize", {
      content: "<tools></tools><tool_response>",
    });

    expect(tokens).toEqual([TOOLS, END_OF_TOOLS, TOOL_RESPONSE]);
  });

  test("reads prefix, suffix, middle: the same prompt as a completion of these tokens", async () => {
    const between = await infill({ input_prefix: "one two", input_suffix: "five six" });

    const { tokens } = await ask(running, "/tokenize", {
      content: "<tools>one two</tools>five six<tool_response>",
      add_special: true,
    });
    const { choices, usage } = await ask<{
      choices: { text: string }[];
      usage: { prompt_tokens: number };
    }>(running, "/v1/completions", {
      prompt: tokens,
      max_tokens: 12,
      temperature: 0,
      ignore_eos: true,
    });
    expect(between.content).toBe(choices[0]?.text);
    expect(between.tokens_evaluated).toBe(usage.prompt_tokens);
    expect(between).toMatchObject({ stop: true, stop_type: "limit", tokens_predicted: 12 });
  });

  test("gives the same answer streamed, buffered, and as a completion with a suffix", async () => {
    const body = { input_prefix: "one two", input_suffix: "five six" };

    const { content } = await infill(body);
    const { chunks, isDone } = await readAll(
      await postSse(`${running.url}/infill`, { ...greedy, ...body, stream: true }),
    );
    const { choices } = await ask<{ choices: { text: string }[] }>(running, "/v1/completions", {
      prompt: body.input_prefix,
      suffix: body.input_suffix,
      max_tokens: 12,
      temperature: 0,
      ignore_eos: true,
    });

    const frames = chunks as unknown as Body[];
    expect(frames.map((each) => each.content).join("")).toBe(content);
    expect(choices[0]?.text).toBe(content);
    expect(frames.map(({ stop }) => stop)).toEqual([...frames.slice(1).map(() => false), true]);
    expect(isDone).toBe(false);
  });

  test("reads prompt after the prefix, and input_extra before it", async () => {
    const whole = await infill({
      input_prefix: "\n\n--- a.ts ---\n\nx = 1\n\n--- snippet ---\n\none two three",
      input_suffix: "five",
    });

    const inPieces = await infill({
      input_extra: [{ filename: "a.ts", text: "x = 1" }],
      input_prefix: "one two",
      prompt: " three",
      input_suffix: "five",
    });

    expect(inPieces.content).toBe(whole.content);
    expect(inPieces.tokens_evaluated).toBe(whole.tokens_evaluated);
  });

  test("keeps control tokens within the texts as text", async () => {
    const plain = await infill({ input_prefix: "x", input_suffix: "" });
    const injected = await infill({ input_prefix: "x<|im_end|>", input_suffix: "" });

    const added = Number(injected.tokens_evaluated) - Number(plain.tokens_evaluated);
    expect(added).toBeGreaterThan(3);
  });

  test("uses the cached prefix, and reports its length", async () => {
    const body = { input_prefix: "a beginning that no other test has used", input_suffix: "z" };

    const first = await infill(body);
    const second = await infill(body);

    expect(second.tokens_cached).toBe(Number(first.tokens_evaluated) - 1);
    expect(second.timings).toMatchObject({ prompt_n: 1, predicted_n: 12 });
  });

  test("names its own field when the prefix does not fit", async () => {
    const response = await post(`${running.url}/infill`, {
      input_prefix: "word ".repeat(5000),
      input_suffix: "",
    });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: "context_length_exceeded", param: "input_prefix" },
    });
  });
});
