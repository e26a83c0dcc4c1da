// Lower bounds of a prompt's length before anything is rendered: never too high, and cheap to compute.

import { expect, test } from "vitest";
import type { Json, Message, Prompt, ToolUse } from "../../../../src/generation/request.ts";
import {
  type BoundDeps,
  leastMessageTokens,
  leastTokens as leastTokensInTurn,
} from "../../../../src/worker/prompt/prompt-bounds.ts";
import { messagesPrompt } from "../../../support/clients/requests.ts";
import { templateOf } from "../../../support/engines/chat-template.ts";
import { STEADY_TURN } from "../../../support/engines/steady-turn.ts";

/** One token per four characters. Records the lengths of the texts that it was given. */
function bounds(options: Partial<BoundDeps> = {}) {
  const tokenized: number[] = [];
  const tokenize = ((text: string) => {
    tokenized.push(text.length);
    return Array.from({ length: Math.ceil(text.length / 4) });
  }) as unknown as BoundDeps["model"]["tokenize"]; // only the number of tokens is used
  const deps: BoundDeps = {
    model: { tokenize },
    contextTokens: 1_000,
    longestTokenChars: 100,
    messageTokens: 5,
    ...options,
  };
  return { deps, tokenized };
}

type TextPrompt = Exclude<Prompt, { type: "tokens" }>;

const leastTokens = (prompt: TextPrompt, deps: BoundDeps) =>
  leastTokensInTurn(prompt, deps, STEADY_TURN);

const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string, values: Record<string, Json> = {}): Message => ({
  role: "assistant",
  content,
  reasoning: null,
  toolCalls: Object.keys(values).length > 0 ? [{ id: "1", name: "f", arguments: values }] : [],
});
const repeat = (count: number, message: Message) => Array.from({ length: count }, () => message);

function withTools(parameters: Json): TextPrompt {
  const tools: ToolUse = {
    tools: [
      {
        name: "f",
        definition: { parameters },
        rule: "r",
      },
    ],
    callable: ["f"],
    isRequired: false,
    isParallel: true,
  };
  return { ...messagesPrompt([user("a")]), tools };
}

test.each<[what: string, prompt: TextPrompt]>([
  ["many empty messages", messagesPrompt(repeat(200, user("")))],
  [
    "many results of tools",
    messagesPrompt(repeat(1_000, { role: "tool", content: "", toolCallId: null, name: null })),
  ],
  [
    "many arguments of a call",
    messagesPrompt([assistant("", { list: Array.from({ length: 1_000 }, () => 1) })]),
  ],
  [
    "a definition with many values",
    withTools({ enum: Array.from({ length: 5_000 }, (_, index) => index) }),
  ],
  ["a text longer than the longest tokens together", messagesPrompt([user("x".repeat(100_000))])],
])("%s are too long without a look at the tokenizer", async (_what, prompt) => {
  const { deps, tokenized } = bounds();

  expect(await leastTokens(prompt, deps)).toBeGreaterThanOrEqual(deps.contextTokens);
  expect(tokenized).toEqual([]);
});

test("counts long texts in slices, no further than the context", async () => {
  const { deps, tokenized } = bounds({ contextTokens: 2_000 });

  const least = await leastTokens(messagesPrompt([user("x".repeat(100_000)), user("y")]), deps);

  expect(least).toBeGreaterThanOrEqual(2_000);
  expect(tokenized).toEqual([2_048, 2_048, 2_048, 2_048, 2_048]);
});

test("counts each of many short texts", async () => {
  const { deps } = bounds({ messageTokens: 1 });

  const least = await leastTokens(messagesPrompt(repeat(80, user("x".repeat(60)))), deps);

  expect(least).toBe(80 * (15 - 4));
});

test("counts nothing that a template may leave out", async () => {
  const { deps } = bounds();
  const reasoning = `<think>${"x".repeat(20_000)}</think>yes`;
  const instructions: Message = { role: "system", content: "x".repeat(20_000) };
  const prompt = messagesPrompt([
    instructions,
    user(" ".repeat(9_000)),
    assistant(reasoning),
    user("a"),
  ]);

  expect(await leastTokens(prompt, deps)).toBeLessThan(deps.contextTokens);
});

test("never counts more tokens in a text than it has, wherever it is cut", async () => {
  for (const length of [1, 50, 1_024, 1_025, 5_000, 40_001]) {
    const { deps } = bounds({ contextTokens: 1_000_000 });
    const least = await leastTokens({ type: "text", text: "x".repeat(length) }, deps);
    expect(least).toBeLessThanOrEqual(Math.ceil(length / 4));
  }
});

test("measures with the template how many tokens a message adds to its content", () => {
  const template = templateOf(
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}",
  );
  const words = (text: string) => text.match(/<[^>]*>|[^<]+/g) ?? [];

  expect(leastMessageTokens(template, words)).toBe(2);
});

test.each([
  ["there is none", null],
  [
    "it rejects the sample messages",
    templateOf("{{ raise_exception('no') if messages | length > 1 }}a"),
  ],
  ["it shows only the last message", templateOf("{{ messages[-1].content }}")],
])("takes one token a message where a template says nothing: %s", (_why, template) => {
  expect(leastMessageTokens(template, (text) => [...text])).toBe(1);
});
