// The chunks and bodies that both OpenAI dialects share.

import { describe, expect, test } from "vitest";
import type { AnswerEncoder, Dialect, Frame } from "../../../../src/api/dialect.ts";
import { openaiChat } from "../../../../src/api/openai/chat.ts";
import { openaiCompletions } from "../../../../src/api/openai/completions.ts";
import { encodeOpenaiError } from "../../../../src/api/openai/encoder.ts";
import { ServiceError } from "../../../../src/errors.ts";
import type { Receipt } from "../../../../src/generation/events.ts";
import { choiceOf, ended, textDelta } from "../../../support/clients/receipts.ts";

const RECEIPT: Receipt = {
  queueMs: 1.26,
  prefillMs: 20,
  firstTokenMs: 21.04,
  totalMs: 100,
  isCut: false,
  usage: { promptTokens: 10, cachedTokens: 4, completionTokens: 3, reasoningTokens: 2 },
  seed: 77,
  cacheMiss: null,
};
const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 3,
  total_tokens: 13,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
};
const TIMINGS = {
  queue_ms: 1.3,
  prefill_ms: 20,
  first_token_ms: 21,
  total_ms: 100,
  prompt_tokens: 10,
  cached_tokens: 4,
  generated_tokens: 3,
  seed: 77,
};

const DIALECTS: readonly [name: string, dialect: Dialect, required: object][] = [
  ["chat", openaiChat, { messages: [{ role: "user", content: "Hi" }] }],
  ["completions", openaiCompletions, { prompt: "Hi" }],
];

type Chunk = {
  readonly model: string;
  readonly created: number;
  readonly choices: readonly { readonly index: number; readonly finish_reason: string | null }[];
  readonly usage?: object | null;
  readonly timings?: object;
};

function chunkOf(frame: Frame | undefined): Chunk {
  return JSON.parse(frame?.data ?? "");
}

describe.each(DIALECTS)("%s", (_name, dialect, required) => {
  function encoder(fields: object = {}, model = "tiny") {
    const { encoder: encode } = dialect.parse(
      { ...required, ...fields },
      { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 77 },
    );
    return encode({ id: "abc", model, createdAtSeconds: 1_700_000_000 });
  }

  /** Returns the text in the last chunk. */
  function textOf(frames: readonly Frame[]): string {
    const [choice] = JSON.parse(frames.at(-1)?.data ?? "").choices;
    return choice.text ?? choice.delta.content;
  }

  /** Returns the chunks at the end of a choice, without its opening. */
  function endOf(encode: AnswerEncoder, choice = 0, receipt: Receipt | null = RECEIPT) {
    encode.delta(choice, textDelta("a"));
    return encode.finish(choice, ended("length"), receipt);
  }

  test.each([
    "plain",
    'quote " and \\',
    "line\nbreak\r",
    "🙂",
    "\0",
    '"\\u0000"',
    "\u2028",
    "",
    "$&",
    "\ud800",
  ])("encodes the text %j as JSON in one line", (text) => {
    const frames = encoder().delta(0, textDelta(text));

    expect(textOf(frames)).toBe(text);
    for (const { data } of frames) expect(data).not.toMatch(/[\n\r]/);
  });

  test("encodes a model's name with quotes in it", () => {
    const [frame] = encoder({}, 'my "own" model').delta(0, textDelta("a"));

    expect(chunkOf(frame).model).toBe('my "own" model');
  });

  test("has exactly one choice in every chunk, and neither usage nor timings before the end", () => {
    const chunks = encoder().delta(0, textDelta("a")).map(chunkOf);

    for (const chunk of chunks) {
      expect(chunk.choices).toHaveLength(1);
      expect(chunk.choices[0]?.finish_reason).toBeNull();
      expect("usage" in chunk || "timings" in chunk).toBe(false);
    }
  });

  test("ends with a chunk that has the reason and the timings, and [DONE]", () => {
    const frames = endOf(encoder());

    expect(frames).toHaveLength(2);
    expect(chunkOf(frames[0]).choices[0]?.finish_reason).toBe("length");
    expect(chunkOf(frames[0]).timings).toEqual(TIMINGS);
    expect(frames[1]).toEqual({ data: "[DONE]" });
  });

  test("ends a choice that is not the last with its reason alone", () => {
    const encode = encoder({ n: 2, stream: true, stream_options: { include_usage: true } });

    const first = endOf(encode, 1, null);
    const last = endOf(encode, 0);

    expect(first).toHaveLength(1);
    expect(chunkOf(first[0]).choices[0]).toMatchObject({ index: 1, finish_reason: "length" });
    expect("timings" in chunkOf(first[0])).toBe(false);
    expect(last.at(-1)).toEqual({ data: "[DONE]" });
  });

  test("marks each choice with its index", () => {
    const encode = encoder({ n: 3 });

    const frames = [2, 0, 1].map((choice) => encode.delta(choice, textDelta(`of ${choice}`)));

    expect(frames.map(textOf)).toEqual(["of 2", "of 0", "of 1"]);
    const indices = frames.flat().map((frame) => chunkOf(frame).choices[0]?.index);
    expect([...new Set(indices)]).toEqual([2, 0, 1]);
  });

  test("adds a chunk with the usage and without choices if requested", () => {
    const frames = endOf(encoder({ stream: true, stream_options: { include_usage: true } }));
    const [last, usage] = frames.map((frame) => (frame.data === "[DONE]" ? null : chunkOf(frame)));

    expect(frames).toHaveLength(3);
    expect([last?.usage, last?.choices.length]).toEqual([null, 1]);
    expect([usage?.usage, usage?.choices]).toEqual([USAGE, []]);
    expect(frames[2]).toEqual({ data: "[DONE]" });
  });

  test("has usage null in every chunk before the end if the usage was requested", () => {
    const encode = encoder({ stream: true, stream_options: { include_usage: true } });

    const chunks = encode.delta(0, textDelta("a")).map(chunkOf);

    expect(chunks.map(({ usage }) => usage)).toEqual(chunks.map(() => null));
  });

  test.each([null, {}, { include_usage: false }, { include_usage: null }])(
    "sends no usage chunk for stream_options %j",
    (stream_options) => {
      expect(endOf(encoder({ stream: true, stream_options }))).toHaveLength(2);
    },
  );

  test("has no first token's time in the timings of an answer without text", () => {
    const [last] = endOf(encoder(), 0, { ...RECEIPT, firstTokenMs: null });

    expect(chunkOf(last).timings).toEqual({ ...TIMINGS, first_token_ms: null });
  });

  test("has usage and timings in a whole body", () => {
    expect(encoder().body([choiceOf("text")], RECEIPT)).toMatchObject({
      model: "tiny",
      created: 1_700_000_000,
      usage: USAGE,
      timings: TIMINGS,
    });
  });

  test("reports the progress of the prompt in the form of llama.cpp's server", () => {
    const progress = {
      type: "prefill",
      total: 9,
      cached: 2,
      processed: 5,
      ms: 1.26,
    } as const;

    const frames = encoder().progress?.(0, progress) ?? [];

    expect(frames).toHaveLength(1);
    expect(JSON.parse(frames[0]?.data ?? "")).toMatchObject({
      prompt_progress: { total: 9, cache: 2, processed: 5, time_ms: 1.3 },
    });
  });

  test("repeats a requested service tier in every chunk and body", () => {
    const encode = encoder({
      service_tier: "flex",
      stream: true,
      stream_options: { include_usage: true },
    });

    const frames = [...encode.delta(0, textDelta("a")), ...endOf(encode)].slice(0, -1);

    for (const frame of frames) expect(JSON.parse(frame.data).service_tier).toBe("flex");
    expect(encode.body([choiceOf("a")], RECEIPT)).toMatchObject({ service_tier: "flex" });
    expect(encoder().body([choiceOf("a")], RECEIPT)).not.toHaveProperty("service_tier");
  });
});

test("encodes an error in OpenAI's form", () => {
  const error = new ServiceError("unsupported_parameter", "n is not supported", { param: "n" });

  expect(encodeOpenaiError(error)).toEqual({
    error: {
      message: "n is not supported",
      type: "invalid_request_error",
      param: "n",
      code: "unsupported_parameter",
    },
  });
});

test("does not reveal the cause of an error", () => {
  const error = new ServiceError("generation_failed", "failed", { cause: new Error("secret") });

  expect(JSON.stringify(encodeOpenaiError(error))).not.toContain("secret");
  expect(encodeOpenaiError(error)).toMatchObject({ error: { type: "server_error", param: null } });
});

test("sends the usage so far with every chunk if asked to", () => {
  const body = {
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
    stream_options: { include_usage: true, continuous_usage_stats: true },
  };
  const context = { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 77 };
  const encoder = openaiChat
    .parse(body, context)
    .encoder({ id: "abc", model: "tiny", createdAtSeconds: 0, promptTokens: 10 });
  const frames = [
    ...encoder.delta(0, {
      ...textDelta("a"),
      prompt: { cachedTokens: 4, prefixTier: "slot", prefillMs: 1 },
    }),
    ...encoder.delta(0, { ...textDelta("b"), tokens: 2 }),
    ...encoder.finish(0, ended("stop"), RECEIPT),
  ];

  const usages = frames.slice(0, -1).map((frame) => chunkOf(frame).usage);
  const soFar = (completion_tokens: number) => ({
    ...{ prompt_tokens: 10, completion_tokens, total_tokens: 10 + completion_tokens },
    prompt_tokens_details: { cached_tokens: 4 },
  });
  expect(usages).toMatchObject([soFar(1), soFar(1), soFar(3), soFar(3), USAGE]);
});
