// Reasoning on the real model: switched on and off, separated from the answer, and limited by a budget.

import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, post, postSse, readAll } from "../support/clients/sse-client.ts";
import { type RunningService, startWithModel } from "../support/start-service.ts";

let running: RunningService;
let url: string;
beforeAll(async () => {
  running = await startWithModel({ threads: 1 });
  url = `${running.url}/v1/chat/completions`;
});
afterAll(async () => running.close());

const QUESTION = {
  messages: [{ role: "user", content: "What is 2 + 3?" }],
  max_tokens: 150,
  temperature: 0,
};

type Answer = {
  choices: [
    { message: { content: string | null; reasoning_content?: string }; finish_reason: string },
  ];
  usage: { completion_tokens: number; completion_tokens_details: { reasoning_tokens: number } };
};

async function ask(changes: object): Promise<Answer> {
  return (await (await post(url, chat({ ...QUESTION, ...changes }))).json()) as Answer;
}

test("reasons when asked to, and separates the reasoning from the answer", async () => {
  const { choices, usage } = await ask({ reasoning_effort: "medium" });

  const { content, reasoning_content: reasoning } = choices[0].message;
  expect(reasoning?.length).toBeGreaterThan(10);
  expect(content).not.toContain("think>");
  expect(content).not.toBe("");
  expect(usage.completion_tokens_details.reasoning_tokens).toBeGreaterThan(5);
  expect(usage.completion_tokens_details.reasoning_tokens).toBeLessThan(usage.completion_tokens);
});

test("does not reason unless asked to", async () => {
  for (const changes of [
    {},
    { reasoning_effort: "none" },
    { chat_template_kwargs: { enable_thinking: false } },
  ]) {
    const { choices, usage } = await ask(changes);

    expect(choices[0].message.reasoning_content).toBeUndefined();
    expect(choices[0].message.content).not.toBe("");
    expect(usage.completion_tokens_details.reasoning_tokens).toBe(0);
  }
});

test("streams the same reasoning as in a buffered answer, before the text", async () => {
  const body = chat({ ...QUESTION, reasoning_effort: "medium", stream: true });
  const { chunks } = await readAll(await postSse(url, body));
  const { choices } = await ask({ reasoning_effort: "medium" });

  const deltas = chunks.map(
    (chunk) =>
      (chunk.choices?.[0]?.delta ?? {}) as { reasoning_content?: string; content?: string | null },
  );
  const kinds = deltas.map((delta) =>
    "reasoning_content" in delta ? "reasoning" : delta.content ? "text" : "",
  );
  expect(deltas.map((delta) => delta.reasoning_content ?? "").join("")).toBe(
    choices[0].message.reasoning_content,
  );
  expect(deltas.map((delta) => delta.content ?? "").join("")).toBe(choices[0].message.content);
  expect(kinds.lastIndexOf("reasoning")).toBeLessThan(kinds.indexOf("text"));
});

test("ends the reasoning when its budget is used up, and answers", async () => {
  const { choices, usage } = await ask({ reasoning_effort: "high", thinking_budget_tokens: 5 });

  const free = await ask({ reasoning_effort: "high" });
  const { reasoning_content: reasoning = "", content } = choices[0].message;
  expect(free.choices[0].message.reasoning_content?.startsWith(reasoning)).toBe(true);
  expect(reasoning.length).toBeLessThan(free.choices[0].message.reasoning_content?.length ?? 0);
  expect(usage.completion_tokens_details.reasoning_tokens).toBeLessThan(12); // including the tokens that end it
  expect(content).not.toBe("");
  expect(choices[0].finish_reason).toBe("stop");
});

test("does not reason with a budget of 0, even if the model begins to", async () => {
  const messages = [{ role: "system", content: "/think" }, ...QUESTION.messages];

  const { choices } = await ask({ messages, thinking_budget_tokens: 0 });

  expect(choices[0].message.reasoning_content ?? "").toBe("");
  expect(choices[0].message.content).not.toBe("");
});

test("leaves the reasoning in the text on request", async () => {
  const { choices } = await ask({ reasoning_effort: "medium", reasoning_format: "none" });

  expect(choices[0].message.reasoning_content).toBeUndefined();
  expect(choices[0].message.content).toMatch(/^<think>[\s\S]+<\/think>/);
});

test("continues reasoning that the last message began", async () => {
  const messages = [
    ...QUESTION.messages,
    { role: "assistant", content: "<think>\nAdd digit by digit" },
  ];

  const { choices } = await ask({ messages });

  expect(choices[0].message.reasoning_content?.length).toBeGreaterThan(0);
  expect(choices[0].message.content).not.toContain("think>");
});

test("a required tool call comes without reasoning before it", async () => {
  const tools = [
    { type: "function", function: { name: "add", parameters: { type: "object", properties: {} } } },
  ];

  const { choices } = await ask({ reasoning_effort: "medium", tools, tool_choice: "required" });

  expect(choices[0].finish_reason).toBe("tool_calls");
});
