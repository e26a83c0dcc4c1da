// Endpoints that ask the engine a question: the question that a body becomes, and the answer.

import { expect, test, vi } from "vitest";
import type { AskEngine, Endpoint } from "../../../../src/api/endpoint.ts";
import { nativeApplyTemplate } from "../../../../src/api/llama-cpp/template.ts";
import { nativeDetokenize, nativeTokenize } from "../../../../src/api/llama-cpp/tokens.ts";
import { chatInputTokens } from "../../../../src/api/openai/input-tokens.ts";
import type { Answers, Question } from "../../../../src/generation/questions.ts";
import { PLAIN_PREPARED } from "../../../support/clients/requests.ts";

const ANSWERS: Answers = {
  prepare: PLAIN_PREPARED,
  tokenize: [
    { id: 1, text: "\ufffd", bytes: [0xf0, 0x9f] },
    { id: 2, text: "\ufffd", bytes: [0xef, 0xbf, 0xbd] },
    { id: 3, text: "\ufeff", bytes: [0xef, 0xbb, 0xbf] },
  ],
  detokenize: "text",
  render: { text: "rendered", tokens: 3 },
};

async function asked(route: Endpoint, body: object) {
  const questions: Question[] = [];
  const ask = vi.fn(async (question: Question) => {
    questions.push(question);
    return ANSWERS[question.type];
  }) as unknown as AskEngine; // each question has an answer of its own type
  const context = { defaultMaxTokens: null, allowsGrammar: false, randomSeed: () => 7 };
  const answer = await route.parse(body, context).answer(ask);
  return { answer, questions };
}

test.each([
  [{}, { addsBeginning: false, readsControlTokens: true }],
  [
    { add_special: true, parse_special: false },
    { addsBeginning: true, readsControlTokens: false },
  ],
  [
    { add_special: null, parse_special: null },
    { addsBeginning: false, readsControlTokens: true },
  ],
])("tokenize with %j asks the engine for %j", async (changes, expected) => {
  const { questions, answer } = await asked(nativeTokenize, { content: "x", ...changes });

  expect(questions).toEqual([{ type: "tokenize", text: "x", ...expected }]);
  expect(answer).toEqual({ tokens: [1, 2, 3] });
});

test("a piece is its text if its bytes are valid text, else its bytes", async () => {
  const { answer } = await asked(nativeTokenize, { content: "x", with_pieces: true });

  expect(answer).toEqual({
    tokens: [
      { id: 1, piece: [0xf0, 0x9f] },
      { id: 2, piece: "\ufffd" },
      { id: 3, piece: "\ufeff" },
    ],
  });
});

test("detokenize passes the ids to the engine", async () => {
  const { questions, answer } = await asked(nativeDetokenize, { tokens: [3, 1] });

  expect(questions).toEqual([{ type: "detokenize", tokens: [3, 1] }]);
  expect(answer).toEqual({ content: "text" });
});

const CHAT = { messages: [{ role: "user", content: "Hi" }], model: "m", color: "red" };

test("renders a template only after its prompt has been found to fit", async () => {
  const { questions, answer } = await asked(nativeApplyTemplate, CHAT);

  expect(questions.map(({ type }) => type)).toEqual(["prepare", "render"]);
  expect(answer).toEqual({ prompt: "rendered" });
});

test("counts the tokens that the chat itself would have", async () => {
  const { questions, answer } = await asked(chatInputTokens, CHAT);

  expect(questions).toMatchObject([{ type: "prepare", request: { prompt: { type: "messages" } } }]);
  expect(answer).toEqual({ object: "response.input_tokens", input_tokens: 3 });
});

test.each([nativeApplyTemplate, chatInputTokens])(
  "$path checks the model and names unknown fields",
  (route) => {
    const context = { defaultMaxTokens: null, allowsGrammar: false, randomSeed: () => 7 };

    expect(route.parse(CHAT, context)).toMatchObject({ model: "m", ignoredParams: ["color"] });
  },
);
