// The chunks and bodies that both OpenAI dialects share.

import { describe, expect, test } from "vitest";
import type { Dialect, Frame } from "../../../src/api/dialect.ts";
import { openaiChat } from "../../../src/api/openai-chat.ts";
import { openaiCompletions } from "../../../src/api/openai-completions.ts";
import { encodeOpenaiError } from "../../../src/api/openai-shared.ts";
import { ServiceError } from "../../../src/errors.ts";
import type { Receipt } from "../../../src/generation/events.ts";

const RECEIPT: Receipt = {
  queueMs: 1.26,
  prefillMs: 20,
  firstTokenMs: 21.04,
  totalMs: 100,
  usage: { promptTokens: 10, cachedTokens: 4, completionTokens: 3, reasoningTokens: 0 },
  seed: 77,
};
const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 3,
  total_tokens: 13,
  prompt_tokens_details: { cached_tokens: 4 },
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
  readonly choices: readonly { readonly finish_reason: string | null }[];
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

  /** The text in a chunk, wherever the dialect has it. */
  function textOf(frame: Frame): string {
    const [choice] = JSON.parse(frame.data).choices;
    return choice.text ?? choice.delta.content;
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
  ])("encodes the text %j as JSON in one line", (text) => {
    const frame = encoder().delta(text);

    expect(textOf(frame)).toBe(text);
    expect(frame.data).not.toMatch(/[\n\r]/);
  });

  test("encodes a model's name with quotes in it", () => {
    expect(chunkOf(encoder({}, 'my "own" model').delta("a")).model).toBe('my "own" model');
  });

  test("has exactly one choice in every chunk, and neither usage nor timings before the end", () => {
    const encode = encoder();

    const chunks = [...encode.start(), encode.delta("a")].map(chunkOf);

    for (const chunk of chunks) {
      expect(chunk.choices).toHaveLength(1);
      expect(chunk.choices[0]?.finish_reason).toBeNull();
      expect("usage" in chunk || "timings" in chunk).toBe(false);
    }
  });

  test("ends with a chunk that has the reason and the timings, and [DONE]", () => {
    const frames = encoder().finish("length", RECEIPT);

    expect(frames).toHaveLength(2);
    expect(chunkOf(frames[0]).choices[0]?.finish_reason).toBe("length");
    expect(chunkOf(frames[0]).timings).toEqual(TIMINGS);
    expect(frames[1]).toEqual({ data: "[DONE]" });
  });

  test("adds a chunk with the usage and without choices for those who ask for it", () => {
    const encode = encoder({ stream_options: { include_usage: true } });

    const frames = encode.finish("stop", RECEIPT);
    const [last, usage] = frames.map((frame) => (frame.data === "[DONE]" ? null : chunkOf(frame)));

    expect(frames).toHaveLength(3);
    expect([last?.usage, last?.choices.length]).toEqual([null, 1]);
    expect([usage?.usage, usage?.choices]).toEqual([USAGE, []]);
    expect(frames[2]).toEqual({ data: "[DONE]" });
  });

  test("says in every chunk that the usage comes later, when it was asked for", () => {
    const encode = encoder({ stream_options: { include_usage: true } });

    const chunks = [...encode.start(), encode.delta("a")].map(chunkOf);

    expect(chunks.map(({ usage }) => usage)).toEqual(chunks.map(() => null));
  });

  test.each([null, {}, { include_usage: false }, { include_usage: null }])(
    "sends no usage chunk for stream_options %j",
    (stream_options) => {
      expect(encoder({ stream_options }).finish("stop", RECEIPT)).toHaveLength(2);
    },
  );

  test("has no first token's time in the timings of an answer without text", () => {
    const [last] = encoder().finish("stop", { ...RECEIPT, firstTokenMs: null });

    expect(chunkOf(last).timings).toEqual({ ...TIMINGS, first_token_ms: null });
  });

  test("has usage and timings in a whole body", () => {
    expect(encoder().body("text", "stop", RECEIPT)).toMatchObject({
      model: "tiny",
      created: 1_700_000_000,
      usage: USAGE,
      timings: TIMINGS,
    });
  });
});

test("encodes an error in OpenAI's envelope", () => {
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

test("keeps the cause of an error to itself", () => {
  const error = new ServiceError("generation_failed", "failed", { cause: new Error("secret") });

  expect(JSON.stringify(encodeOpenaiError(error))).not.toContain("secret");
  expect(encodeOpenaiError(error)).toMatchObject({ error: { type: "server_error", param: null } });
});
