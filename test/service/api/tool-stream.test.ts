// Tool calls, reasoning and logprobs over real HTTP, in OpenAI's forms, streamed and in one body.

import { afterEach, expect, test } from "vitest";
import type { FreshDelta } from "../../../src/generation/events.ts";
import { tokenLogprob } from "../../support/clients/receipts.ts";
import { chat, post, postSse, readAll } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

function call(index: number, name: string | null, text: string): FreshDelta {
  return { type: "tool-call-delta", index, name, text, tokens: 1 };
}

const EVENTS: readonly FreshDelta[] = [
  { type: "reasoning-delta", text: "Hm", tokens: 1 },
  { type: "reasoning-delta", text: "m.", tokens: 1 },
  { type: "text-delta", text: "Let me ", tokens: 1 },
  { type: "text-delta", text: "see", tokens: 1 },
  call(0, "weather", ""),
  call(0, null, '{"city":'),
  call(0, null, '"Oslo"}'),
  call(1, "clock", "{}"),
];
const TOOLS = ["weather", "clock"].map((name) => ({ type: "function", function: { name } }));

type CallPart = {
  readonly index: number;
  readonly id?: string;
  readonly type?: string;
  readonly function: { readonly name?: string; readonly arguments: string };
};
type Delta = {
  readonly content?: string | null;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly CallPart[];
};

async function started(events: readonly FreshDelta[]) {
  running = await startWithFake({ events });
  return `${running.url}/v1/chat/completions`;
}

async function deltasOf(url: string, fields: object = {}): Promise<readonly Delta[]> {
  const body = chat({ stream: true, tools: TOOLS, ...fields });
  const { chunks } = await readAll(await postSse(url, body));
  return chunks.map(({ choices }) => (choices?.[0]?.delta ?? {}) as Delta);
}

/** Assembles a message from a stream, as OpenAI's SDKs do; without ids. */
function assembled(deltas: readonly Delta[]) {
  const calls: { name: string; arguments: string }[] = [];
  for (const { index, function: part } of deltas.flatMap((each) => each.tool_calls ?? [])) {
    const known = calls[index];
    if (known) known.arguments += part.arguments;
    else calls[index] = { name: part.name ?? "", arguments: part.arguments };
  }
  return {
    content: deltas.map(({ content }) => content ?? "").join(""),
    reasoning_content: deltas.map((delta) => delta.reasoning_content ?? "").join(""),
    tool_calls: calls.map((called) => ({ type: "function", function: called })),
  };
}

test("streams id, type and name of a call once, then fragments of its arguments", async () => {
  const deltas = await deltasOf(await started(EVENTS));

  const parts = deltas.flatMap((delta) => delta.tool_calls ?? []);
  const id = expect.stringMatching(/^call_\w+$/);
  expect(parts).toEqual([
    { index: 0, id, type: "function", function: { name: "weather", arguments: "" } },
    { index: 0, function: { arguments: '{"city":' } },
    { index: 0, function: { arguments: '"Oslo"}' } },
    { index: 1, id, type: "function", function: { name: "clock", arguments: "{}" } },
  ]);
  expect(parts[0]?.id).not.toBe(parts[3]?.id);
});

test("ends an answer that called tools with tool_calls", async () => {
  const url = await started(EVENTS);

  const { chunks, isDone } = await readAll(
    await postSse(url, chat({ stream: true, tools: TOOLS })),
  );

  const reasons = chunks.flatMap(({ choices }) => choices?.[0]?.finish_reason ?? []);
  expect(reasons).toEqual(["tool_calls"]);
  expect(isDone).toBe(true);
});

test.each(["token", "word", "sentence", 50])(
  "has the same content in a stream flushed by %j as in one body",
  async (flush) => {
    const url = await started(EVENTS);

    const streamed = assembled(await deltasOf(url, { stream_options: { flush } }));
    const response = await post(url, chat({ tools: TOOLS }));

    expect(streamed).toMatchObject({ content: "Let me see", reasoning_content: "Hmm." });
    expect(await response.json()).toMatchObject({
      choices: [{ finish_reason: "tool_calls", message: streamed }],
    });
  },
);

test("gives calls of different choices and answers different ids", async () => {
  const url = await started(EVENTS);
  const idsOf = async () => {
    const response = await post(url, chat({ tools: TOOLS, n: 2 }));
    const { choices } = (await response.json()) as { choices: { message: Delta }[] };
    return choices.flatMap(({ message }) => message.tool_calls?.map(({ id }) => id));
  };

  const ids = [...(await idsOf()), ...(await idsOf())];

  expect(new Set(ids).size).toBe(8);
});

test("has no text in an answer that consists of calls", async () => {
  const url = await started(EVENTS.slice(-1));

  const response = await post(url, chat({ tools: TOOLS }));

  expect(await response.json()).toMatchObject({ choices: [{ message: { content: null } }] });
});

test("streams reasoning as reasoning_content, and counts its tokens", async () => {
  const url = await started(EVENTS.slice(0, 4));
  const stream_options = { include_usage: true };

  const { chunks } = await readAll(await postSse(url, chat({ stream: true, stream_options })));

  const deltas = chunks.map(({ choices }) => (choices?.[0]?.delta ?? {}) as Delta);
  expect(deltas.flatMap((delta) => delta.reasoning_content ?? [])).toEqual(["Hm", "m."]);
  expect(chunks.at(-1)?.usage).toMatchObject({
    completion_tokens: 4,
    completion_tokens_details: { reasoning_tokens: 2 },
  });
});

test("has the same logprobs in a stream and in one body", async () => {
  const url = await started([
    {
      type: "text-delta",
      text: "One",
      tokens: 1,
      logprobs: [tokenLogprob("One", -1, [["One", -1]])],
    },
    { type: "text-delta", text: " two", tokens: 1, logprobs: [tokenLogprob(" two", -2)] },
  ]);
  const fields = { logprobs: true, top_logprobs: 1 };

  const { chunks } = await readAll(await postSse(url, chat({ ...fields, stream: true })));
  const body = (await (await post(url, chat(fields))).json()) as { choices: object[] };

  type WithLogprobs =
    | { readonly logprobs?: { readonly content: readonly object[] } | null }
    | undefined;
  const contentOf = (choice: object | undefined) =>
    (choice as WithLogprobs)?.logprobs?.content ?? [];
  const streamed = chunks.flatMap(({ choices }) => contentOf(choices?.[0]));
  expect(streamed).toHaveLength(2);
  expect(contentOf(body.choices[0])).toEqual(streamed);
});

test("echoes the requested service tier", async () => {
  const url = await started(EVENTS.slice(2, 4));

  const response = await post(url, chat({ service_tier: "flex" }));
  const { chunks } = await readAll(
    await postSse(url, chat({ stream: true, service_tier: "default" })),
  );

  expect(await response.json()).toMatchObject({ service_tier: "flex" });
  for (const chunk of chunks) expect(chunk).toMatchObject({ service_tier: "default" });
});
