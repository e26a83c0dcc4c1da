// Fields that both OpenAI dialects share: defaults, limits, and unsupported fields.

import { describe, expect, test, vi } from "vitest";
import type { Dialect, ParseContext, ParsedRequest } from "../../../../src/api/dialect.ts";
import { openaiChat } from "../../../../src/api/openai/chat.ts";
import { openaiCompletions } from "../../../../src/api/openai/completions.ts";
import { ServiceError } from "../../../../src/errors.ts";
import type { AskedRequest } from "../../../../src/generation/request.ts";

const CONTEXT: ParseContext = { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 77 };

function firstOf({ requests }: ParsedRequest): AskedRequest {
  const [first] = requests;
  if (!first) throw new Error("there is no request");
  return first;
}

const DIALECTS: readonly [name: string, dialect: Dialect, required: object][] = [
  ["chat", openaiChat, { messages: [{ role: "user", content: "Hi" }] }],
  ["completions", openaiCompletions, { prompt: "Hi" }],
];

describe.each(DIALECTS)("%s", (_name, dialect, required) => {
  const parse = (fields: object, context: Partial<ParseContext> = {}) =>
    dialect.parse({ ...required, ...fields }, { ...CONTEXT, ...context });
  const requestOf = (fields: object, context: Partial<ParseContext> = {}) =>
    firstOf(parse(fields, context));
  const samplingOf = (fields: object) => requestOf(fields).sampling;

  function refusalOf(fields: object): ServiceError {
    try {
      parse(fields);
    } catch (error) {
      if (error instanceof ServiceError) return error;
    }
    throw new Error("was not refused");
  }

  const DEFAULTS = {
    temperature: 1,
    topP: 1,
    topK: 0,
    minP: 0,
    seed: 77,
    presencePenalty: 0,
    frequencyPenalty: 0,
    repeatPenalty: 1,
    penaltyTokens: 256,
    logitBias: [],
  };

  test("has OpenAI's defaults, and neutral defaults for fields that OpenAI does not have", () => {
    const { requests, model, isStreamed, flush, isFlex, ignoredParams } = parse({});

    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      sampling: DEFAULTS,
      stop: [],
      maxTokens: null,
      minTokens: 0,
      ignoreEos: false,
      grammar: null,
      logprobs: null,
      echoesPrompt: false,
      reportsProgress: false,
      reusePrefix: true,
    });
    expect([model, isStreamed, flush, isFlex]).toEqual([null, false, "token", false]);
    expect(ignoredParams).toEqual([]);
  });

  test("treats null as absent in every field with a default", () => {
    const names = [
      ...["model", "stream", "stream_options", "temperature", "top_p", "top_k", "min_p", "seed"],
      ...["presence_penalty", "frequency_penalty", "repeat_penalty", "stop", "max_tokens"],
      ...["min_tokens", "ignore_eos", "cache_prompt", "logit_bias", "n", "logprobs", "grammar"],
      ...["response_format", "json_schema", "return_progress", "service_tier"],
    ];

    const parsed = parse(Object.fromEntries(names.map((name) => [name, null])));

    expect(parsed.requests).toEqual(parse({}).requests);
    expect(parsed.isStreamed).toBe(false);
    expect(parsed.ignoredParams).toEqual([]);
  });

  test("reads every sampling field", () => {
    const sampling = samplingOf({
      temperature: 0,
      top_p: 0.9,
      top_k: 40,
      min_p: 0.05,
      seed: 5,
      presence_penalty: -2,
      frequency_penalty: 2,
      repeat_penalty: 1.1,
      repeat_last_n: 32,
    });

    expect(sampling).toEqual({
      temperature: 0,
      topP: 0.9,
      topK: 40,
      minP: 0.05,
      seed: 5,
      presencePenalty: -2,
      frequencyPenalty: 2,
      repeatPenalty: 1.1,
      penaltyTokens: 32,
      logitBias: [],
    });
  });

  test("reads the fields that limit how an answer may end", () => {
    const request = requestOf({ min_tokens: 3, ignore_eos: true, cache_prompt: false });

    expect(request).toMatchObject({ minTokens: 3, ignoreEos: true, reusePrefix: false });
  });

  test("treats llama.cpp's top_k of -1 as off", () => {
    expect(samplingOf({ top_k: -1 }).topK).toBe(0);
  });

  test.each([
    [0, 0],
    [4_294_967_294, 4_294_967_294],
    [4_294_967_295, 0], // would mean "random" to llama.cpp
    [4_294_967_296, 1],
    [-2, 4_294_967_293],
    [-4_294_967_295, 0],
    [Number.MAX_SAFE_INTEGER, 2_097_151],
  ])("maps the seed %i to %i", (given, seed) => {
    expect(samplingOf({ seed: given }).seed).toBe(seed);
  });

  test("picks a random seed for a request without one, and for -1", () => {
    const randomSeed = vi.fn(() => 123);

    const seeds = [{}, { seed: null }, { seed: -1 }, { seed: 5 }].map(
      (fields) => requestOf(fields, { randomSeed }).sampling.seed,
    );

    expect(seeds).toEqual([123, 123, 123, 5]);
    expect(randomSeed).toHaveBeenCalledTimes(3);
  });

  test.each([
    ["END", ["END"]],
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [[], []],
    ["", []],
    [["", "END", ""], ["END"]],
    [Array(1000).fill("\nAnn:"), Array(1000).fill("\nAnn:")],
  ])("reads the stop %j as %j", (stop, stops) => {
    expect(requestOf({ stop }).stop).toEqual(stops);
  });

  test.each([
    ["a number", 5, "stop"],
    ["a list with a number", ["a", 1], "stop"],
    ["half a surrogate pair", "\ud800", "stop"],
    ["more than 1024 characters", "x".repeat(1025), "stop"],
    ["more than 1000 strings", Array(1001).fill("a"), "stop"],
    ["more than 32,768 characters in all", Array(40).fill("x".repeat(1000)), "stop"],
  ])("refuses %s as stop", (_what, stop, param) => {
    const refusal = refusalOf({ stop });

    expect([refusal.code, refusal.param]).toEqual(["invalid_value", param]);
  });

  test("reads biases as pairs of token and bias", () => {
    expect(samplingOf({ logit_bias: { "15": -100, "50256": 2.5 } }).logitBias).toEqual([
      [15, -100],
      [50256, 2.5],
    ]);
  });

  test.each([
    ["a bias out of range", { "15": 101 }, "logit_bias.15"],
    ["a word", { hello: 1 }, "logit_bias.hello"],
    ["a negative id", { "-1": 1 }, "logit_bias.-1"],
    ["too many tokens", Object.fromEntries(Array(1025).fill(1).entries()), "logit_bias"],
  ])("refuses %s in logit_bias", (_what, logit_bias, param) => {
    const refusal = refusalOf({ logit_bias });

    expect([refusal.code, refusal.param]).toEqual(["invalid_value", param]);
  });

  test("uses the client's token limit, else the operator's", () => {
    const limitOf = (fields: object, defaultMaxTokens: number | null) =>
      requestOf(fields, { defaultMaxTokens }).maxTokens;

    expect(limitOf({ max_tokens: 5 }, 100)).toBe(5);
    expect(limitOf({}, 100)).toBe(100);
    expect(limitOf({}, null)).toBeNull();
    expect(limitOf({ max_tokens: -1 }, 100)).toBeNull();
  });

  test.each([
    ["temperature", 2.1],
    ["temperature", -0.1],
    ["temperature", "hot"],
    ["top_p", 1.1],
    ["top_k", -2],
    ["min_p", -0.1],
    ["presence_penalty", 2.5],
    ["frequency_penalty", -2.5],
    ["repeat_penalty", 0],
    ["seed", 1.5],
    ["seed", "7"],
    ["max_tokens", 0],
    ["max_tokens", -2],
    ["max_tokens", 1.5],
    ["min_tokens", -1],
    ["stream", "yes"],
    ["ignore_eos", 1],
    ["model", 5],
    ["n", 0],
    ["n", 17],
    ["n", 1.5],
    ["n", "1"],
    ["return_progress", 1],
  ])("refuses %s %j, naming the field but not the value", (name, value) => {
    const refusal = refusalOf({ [name]: value });

    expect([refusal.code, refusal.param]).toEqual(["invalid_value", name]);
    expect(refusal.message).toMatch(new RegExp(`^${name}\\b`));
    expect(refusal.message).not.toContain("hot");
  });

  test("makes one request for each of n choices, which differ only in their seeds", () => {
    const { requests, choicesPerPrompt } = parse({ n: 3, seed: 4_294_967_293 });

    expect(choicesPerPrompt).toBe(3);
    expect(requests.map(({ sampling }) => sampling.seed)).toEqual([
      4_294_967_293, 4_294_967_294, 0,
    ]);
    expect(new Set(requests.map(({ prompt }) => prompt)).size).toBe(1);
    expect({ ...requests[1], sampling: null }).toEqual({ ...requests[0], sampling: null });
  });

  test.each(["token", "word", "sentence", 0, 2.5, 1000])("flushes by %j", (flush) => {
    expect(parse({ stream: true, stream_options: { flush } }).flush).toBe(flush);
  });

  test.each(["line", "", -1, 1001, true, [], {}])("refuses to flush by %j", (flush) => {
    const refusal = refusalOf({ stream_options: { flush } });

    expect([refusal.code, refusal.param]).toEqual(["invalid_value", "stream_options.flush"]);
    expect(refusal.message).toContain("token, word, sentence, or milliseconds from 0 to 1000");
  });

  test.each([
    ["flex", true],
    ["default", false],
    ["auto", false],
    [null, false],
  ])("reads the service tier %j as flex: %j", (service_tier, isFlex) => {
    expect(parse({ service_tier }).isFlex).toBe(isFlex);
  });

  test("reports progress only if requested, and only in a stream", () => {
    expect(requestOf({ return_progress: true, stream: true }).reportsProgress).toBe(true);
    expect(requestOf({ return_progress: true }).reportsProgress).toBe(false);
  });

  test.each([
    ["stop_token_ids", [5], "stop_token_ids is not supported by this server"],
    ["prompt_logprobs", 1, "omit it or set it to 0"],
    ["use_beam_search", true, "omit it or set it to false"],
  ])("refuses %s %j by name, because it would change the answer", (name, value, words) => {
    const refusal = refusalOf({ [name]: value });

    expect([refusal.code, refusal.param]).toEqual(["unsupported_parameter", name]);
    expect(refusal.message).toContain(words);
  });

  test("accepts unsupported fields with values that change nothing", () => {
    const { ignoredParams } = parse({
      n: 1,
      logprobs: false,
      response_format: { type: "text" },
      service_tier: "auto",
      stop_token_ids: [],
    });

    expect(ignoredParams).toEqual([]);
  });

  test("lists unknown fields, but not the harmless ones", () => {
    const { ignoredParams } = parse({
      user: "u1",
      metadata: { a: 1 },
      store: true,
      foo: 1,
      bar: 2,
    });

    expect(ignoredParams).toEqual(["foo", "bar"]);
  });

  test.each([undefined, null, false])("refuses stream_options beside stream %j", (stream) => {
    const refusal = refusalOf({ stream, stream_options: { include_usage: true } });

    expect([refusal.code, refusal.param]).toEqual(["invalid_value", "stream_options"]);
    expect(refusal.message).toContain("stream: true");
    expect(() => parse({ stream, stream_options: null })).not.toThrow();
  });

  test("lists unknown fields inside stream_options", () => {
    const { ignoredParams } = parse({
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false, every: 5 },
    });

    expect(ignoredParams).toEqual(["stream_options.every"]);
  });

  test("does not mistake inherited properties for fields", () => {
    expect(parse({ constructor: 1, toString: 2 }).ignoredParams).toEqual([
      "constructor",
      "toString",
    ]);
  });

  test.each([[null], [[]], ["text"], [5]])("refuses the body %j", (body) => {
    const refuse = () => dialect.parse(body, CONTEXT);

    expect(refuse).toThrow("the body must be a JSON object");
    expect(refuse).toThrow(expect.objectContaining({ code: "invalid_json" }));
  });

  test("reads model and stream", () => {
    const { model, isStreamed } = parse({ model: "gpt", stream: true });

    expect([model, isStreamed]).toEqual(["gpt", true]);
  });

  test("states what the keys of logit_bias must be", () => {
    expect(refusalOf({ logit_bias: { hello: 1 } }).message).toContain("token id");
  });
});
