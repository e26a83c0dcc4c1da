// Prompts that can never be answered, and cheap requests with costly answers.

import type { Random } from "../kinds/random.ts";
import { anyKey, CHAT, chat, list } from "./requests.ts";
import type { Abuse, Target, TargetRequest } from "./target.ts";

const WORDS = "the quick brown fox jumps over lazy dogs near river banks ";

/** Sends requests from several loops at once, like a small script. */
function storm(
  name: string,
  weight: number,
  of: (random: Random) => Omit<TargetRequest, "key">,
  { wide = 2, times = 3 } = {},
): Abuse {
  const run = async (target: Target, signal: AbortSignal, random: Random): Promise<void> => {
    const key = anyKey(target, random);
    const asked = of(random);
    const one = async () => {
      for (let time = 0; time < times && !signal.aborted; time++)
        await target.ask({ ...asked, key }, signal);
    };
    await Promise.all(list(wide, one));
  };
  return { name, weight, run };
}

const messages = (count: number, content: string) =>
  list(count, (index) => ({ role: index % 2 ? "assistant" : "user", content }));

export const PROMPTS: readonly Abuse[] = [
  storm("thousands of empty messages", 2, (random) => {
    const empty = messages(random.between(2_000, 4_990), "");
    return random.pick<TargetRequest>([
      { path: CHAT, body: { messages: empty, max_tokens: 1 } },
      { path: "/v1/messages", body: { messages: empty, max_tokens: 1 } },
      { path: "/api/chat", body: { messages: empty, stream: false } },
    ]);
  }),
  storm("a long text", 2, (random) => {
    const text = WORDS.repeat(random.between(400, 20_000));
    return random.pick<TargetRequest>([
      { path: CHAT, body: chat({ messages: [{ role: "user", content: text }] }) },
      { path: "/v1/completions", body: { prompt: text, max_tokens: 1 } },
      { path: "/infill", body: { input_prefix: text, input_suffix: text, n_predict: 1 } },
      { path: "/v1/responses", body: { input: text, max_output_tokens: 1 } },
    ]);
  }),
  storm("a text that does not compress into tokens", 1, (random) => ({
    path: CHAT,
    body: chat({
      messages: [{ role: "user", content: list(8_000, () => "🦄é\u0001").join("") }],
      max_tokens: random.between(1, 4),
    }),
  })),
  storm("huge tool definitions", 1, (random) => ({
    path: CHAT,
    body: chat({
      tools: list(4, (index) => ({
        type: "function",
        function: {
          name: `f${index}`,
          description: WORDS.repeat(random.between(100, 2_000)),
          parameters: { type: "object", properties: {} },
        },
      })),
    }),
  })),
  storm(
    "a long history to be truncated",
    2,
    (random) => ({
      path: "/v1/responses",
      body: {
        input: messages(random.between(1_000, 4_990), random.pick(["", "a", WORDS])),
        max_output_tokens: 1,
        truncation: "auto",
        store: false,
      },
    }),
    { times: 1 },
  ),
  storm("questions about long texts", 1, (random) => {
    const content = WORDS.repeat(random.between(200, 3_000));
    return random.pick<TargetRequest>([
      { path: "/tokenize", body: { content } },
      { path: "/detokenize", body: { tokens: list(50_000, (index) => index % 300) } },
      { path: "/apply-template", body: { messages: messages(2_000, "a") } },
      { path: `${CHAT}/input_tokens`, body: chat({ messages: messages(500, "a") }) },
      { path: "/v1/messages/count_tokens", body: chat({ messages: messages(2_000, "a") }) },
    ]);
  }),
  storm(
    "embeddings of 2,048 texts",
    1,
    (random) => ({
      path: "/v1/embeddings",
      body: { input: list(2_048, (index) => (random.next() < 0.1 ? WORDS : `${index}`)) },
    }),
    { wide: 1, times: 1 },
  ),
  storm(
    "rerank of many documents",
    1,
    () => ({
      path: "/v1/rerank",
      body: { query: "a", documents: list(500, (index) => `document ${index}`) },
    }),
    { wide: 1, times: 1 },
  ),
  storm("all costly options at once", 1, (random) => {
    const asked = {
      n: 8,
      stop: list(4, (index) => "x".repeat(200 + index)),
      logit_bias: Object.fromEntries(list(300, (index) => [`${index}`, index % 5])),
      max_tokens: 4,
    };
    return random.pick<TargetRequest>([
      { path: CHAT, body: chat({ ...asked, logprobs: true, top_logprobs: 20 }) },
      {
        path: "/v1/completions",
        body: { ...asked, n: 1, prompt: list(16, (index) => `text ${index}`) },
      },
    ]);
  }),
];
