// Log probabilities of the real model: they do not depend on the sampling options.

import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, post, postSse, readAll } from "../support/clients/sse-client.ts";
import { type RunningService, startWithModel } from "../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithModel({ threads: 1 });
});
afterAll(async () => running.close());

type TokenLogprob = { token: string; bytes: number[]; logprob: number };
type ChatLogprobs = (TokenLogprob & { top_logprobs: TokenLogprob[] })[];
type CompletionLogprobs = {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[];
  text_offset: number[];
};

async function chatLogprobs(changes: object): Promise<{ text: string; logprobs: ChatLogprobs }> {
  const body = chat({ max_tokens: 24, logprobs: true, top_logprobs: 5, ...changes });
  const response = await post(`${running.url}/v1/chat/completions`, body);
  const { choices } = (await response.json()) as {
    choices: [{ message: { content: string }; logprobs: { content: ChatLogprobs } }];
  };
  return { text: choices[0].message.content, logprobs: choices[0].logprobs.content };
}

async function complete(
  body: object,
): Promise<{ text: string; logprobs: CompletionLogprobs; index: number }[]> {
  const response = await post(`${running.url}/v1/completions`, { temperature: 0, ...body });
  const { choices } = (await response.json()) as {
    choices: { text: string; logprobs: CompletionLogprobs; index: number }[];
  };
  return choices;
}

test("reports a logprob for each token of the answer, with its likeliest alternatives in order", async () => {
  const { text, logprobs } = await chatLogprobs({ temperature: 0 });

  expect(logprobs.map(({ token }) => token).join("")).toBe(text);
  for (const { logprob, top_logprobs: top } of logprobs) {
    expect(top).toHaveLength(5);
    expect(top[0]?.logprob).toBe(logprob); // at temperature 0 the likeliest is taken
    expect(top.map((each) => each.logprob)).toEqual(
      top.map((each) => each.logprob).sort((a, b) => b - a),
    );
    expect(top.reduce((sum, each) => sum + Math.exp(each.logprob), 0)).toBeLessThanOrEqual(1.0001);
  }
});

test("reports the same logprobs for the first token under any sampling options", async () => {
  const [plain, ...others] = await Promise.all([
    chatLogprobs({ temperature: 0 }),
    chatLogprobs({ temperature: 2, seed: 5 }),
    chatLogprobs({
      temperature: 0.3,
      top_p: 0.5,
      top_k: 3,
      min_p: 0.2,
      presence_penalty: 2,
      seed: 1,
    }),
    chatLogprobs({ temperature: 1, logit_bias: { "300": 100 } }),
    chatLogprobs({ temperature: 1, response_format: { type: "json_object" } }),
  ]);

  const top = (logprobs: ChatLogprobs | undefined) =>
    logprobs?.[0]?.top_logprobs.map(({ token }) => token);
  const first = (logprobs: ChatLogprobs | undefined) =>
    logprobs?.[0]?.top_logprobs[0]?.logprob ?? 0;
  for (const { logprobs } of others) {
    expect(top(logprobs)).toEqual(top(plain?.logprobs));
    expect(first(logprobs)).toBeCloseTo(first(plain?.logprobs), 2);
  }
});

test("draws the same tokens with logprobs as without", async () => {
  const sampling = { temperature: 1, top_p: 0.9, seed: 7, max_tokens: 30 };
  const withLogprobs = await chatLogprobs(sampling);

  const response = await post(`${running.url}/v1/chat/completions`, chat(sampling));

  const { choices } = (await response.json()) as { choices: [{ message: { content: string } }] };
  expect(choices[0].message.content).toBe(withLogprobs.text);
});

test("streams the same logprobs, each with the text of its token", async () => {
  const body = chat({ max_tokens: 24, logprobs: true, top_logprobs: 5, temperature: 0 });
  const { chunks, text } = await readAll(
    await postSse(`${running.url}/v1/chat/completions`, { ...body, stream: true }),
  );

  const streamed = chunks.flatMap(({ choices }) => {
    const { logprobs } = (choices?.[0] ?? {}) as { logprobs?: { content: ChatLogprobs } | null };
    return logprobs?.content ?? [];
  });
  const { logprobs } = await chatLogprobs({ temperature: 0 });
  expect(streamed.map(({ token }) => token).join("")).toBe(text);
  expect(streamed.map(({ token }) => token)).toEqual(logprobs.map(({ token }) => token));
});

test("reports the bytes of each token of a character", async () => {
  const content = "Copy this text exactly: 🦜🦜🦜";
  const { text, logprobs } = await chatLogprobs({
    messages: [{ role: "user", content }],
    temperature: 0,
    max_tokens: 40,
  });

  const bytes = Buffer.from(logprobs.flatMap((each) => each.bytes));
  expect(bytes.toString().replaceAll("\uFFFD", "")).toBe(text.replaceAll("\uFFFD", ""));
});

test("echoes a prompt with its logprobs, and generates nothing with max_tokens 0", async () => {
  const [choice] = await complete({
    prompt: "One two three",
    echo: true,
    logprobs: 2,
    max_tokens: 0,
  });

  const {
    tokens,
    token_logprobs: logprobs,
    top_logprobs: top,
    text_offset: offsets,
  } = choice?.logprobs ?? {};
  expect(choice?.text).toBe("One two three");
  expect(tokens?.join("")).toBe("One two three");
  expect(logprobs?.[0]).toBeNull();
  expect(logprobs?.slice(1).every((each) => typeof each === "number" && each <= 0)).toBe(true);
  expect(Object.keys(top?.[1] ?? {}).length).toBeGreaterThanOrEqual(2);
  expect(
    offsets?.map((at, index) => choice?.text.startsWith(tokens?.[index] ?? "", at)),
  ).not.toContain(false);
});

test("reports the same logprobs for an answer when it is read as part of a prompt", async () => {
  const messages = [{ role: "user", content: "Count from 1 to 10" }];
  const { text, logprobs: answer } = await chatLogprobs({
    messages,
    temperature: 0,
    max_tokens: 12,
  });
  const prompt = `<|im_start|>user\nCount from 1 to 10<|im_end|>\n<|im_start|>assistant\n${text}`;

  const [choice] = await complete({ prompt, echo: true, logprobs: 0, max_tokens: 1 });

  const { tokens = [], token_logprobs: all = [] } = choice?.logprobs ?? {};
  const read = all.slice(tokens.length - 1 - answer.length, tokens.length - 1);
  for (const [index, { logprob }] of answer.entries()) expect(read[index]).toBeCloseTo(logprob, 1);
});

test("answers several prompts, texts or token ids, each with several choices, in order", async () => {
  const texts = await complete({
    prompt: ["One two", "Three four"],
    n: 2,
    max_tokens: 3,
    echo: true,
  });
  const ids = await complete({ prompt: [[300, 301], [302]], max_tokens: 2 });

  expect(texts.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  expect(texts.map(({ text }) => text.slice(0, 7))).toEqual([
    "One two",
    "One two",
    "Three f",
    "Three f",
  ]);
  expect(ids).toHaveLength(2);
});

test("several choices of one prompt have different seeds, and count the prompt once", async () => {
  const body = chat({
    n: 3,
    temperature: 1,
    seed: 1,
    max_tokens: 20,
    messages: [{ role: "user", content: "Tell me a story" }],
  });
  const response = await post(`${running.url}/v1/chat/completions`, body);
  const alone = await post(`${running.url}/v1/chat/completions`, { ...body, n: 1, seed: 2 });

  const all = (await response.json()) as {
    choices: { message: { content: string } }[];
    usage: { prompt_tokens: number };
  };
  const one = (await alone.json()) as typeof all;
  const contents = all.choices.map(({ message }) => message.content);
  expect(new Set(contents).size).toBe(3);
  expect(one.choices[0]?.message.content).toBe(contents[1]);
  expect(all.usage.prompt_tokens).toBe(one.usage.prompt_tokens);
});
