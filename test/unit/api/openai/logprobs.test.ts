// Logprobs in OpenAI's two forms.

import { expect, test } from "vitest";
import { openaiChat } from "../../../../src/api/openai/chat.ts";
import { openaiCompletions } from "../../../../src/api/openai/completions.ts";
import { chatLogprobs, completionLogprobs } from "../../../../src/api/openai/logprobs.ts";
import type { Delta } from "../../../../src/generation/events.ts";
import {
  choiceOf,
  IDENTITY,
  RECEIPT,
  textDelta,
  tokenLogprob,
} from "../../../support/clients/receipts.ts";

const NEVER = Number.NEGATIVE_INFINITY;
const CONTEXT = { defaultMaxTokens: null, allowsGrammar: true, randomSeed: () => 77 };

test("writes chat's form: token, bytes, logprob, and the likeliest alternatives", () => {
  const logprobs = [
    tokenLogprob("é", -0.5, [
      ["é", -0.5],
      ["e", -1],
    ]),
    tokenLogprob("!", -2),
  ];

  expect(chatLogprobs(logprobs)).toEqual({
    content: [
      {
        token: "é",
        bytes: [195, 169],
        logprob: -0.5,
        top_logprobs: [
          { token: "é", bytes: [195, 169], logprob: -0.5 },
          { token: "e", bytes: [101], logprob: -1 },
        ],
      },
      { token: "!", bytes: [33], logprob: -2, top_logprobs: [] },
    ],
    refusal: null,
  });
});

test("writes completions' form: lists, and offsets into the text", () => {
  const logprobs = [
    tokenLogprob("One", -1, [
      ["One", -1],
      ["Two", -2],
    ]),
    tokenLogprob(" 🙂", -3),
    tokenLogprob("!", -4),
  ];

  expect(completionLogprobs(logprobs, 10)).toEqual({
    tokens: ["One", " 🙂", "!"],
    token_logprobs: [-1, -3, -4],
    top_logprobs: [{ One: -1, Two: -2 }, { " 🙂": -3 }, { "!": -4 }],
    text_offset: [10, 13, 15],
  });
});

test("gives all tokens of one character its offset", () => {
  const part = (...bytes: number[]) => ({ ...tokenLogprob("\ufffd", -1), bytes });
  const logprobs = [
    tokenLogprob("caf", -1),
    part(195),
    part(169),
    part(240, 159),
    part(152),
    part(128, 33),
    tokenLogprob(" yes", -1),
  ];

  expect(completionLogprobs(logprobs, 0)?.text_offset).toEqual([0, 3, 3, 4, 4, 4, 6]);
});

test("writes -9999 for a probability of 0, in both forms", () => {
  const logprobs = [tokenLogprob("a", NEVER, [["b", NEVER]])];

  const chat = JSON.stringify(chatLogprobs(logprobs));

  expect(chat).not.toContain("null,");
  expect(chatLogprobs(logprobs)?.content[0]).toMatchObject({
    logprob: -9999,
    top_logprobs: [{ logprob: -9999 }],
  });
  expect(completionLogprobs(logprobs, 0)).toMatchObject({
    token_logprobs: [-9999],
    top_logprobs: [{ a: -9999, b: -9999 }],
  });
});

test("writes null for a prompt's first token, which has no predecessor", () => {
  expect(completionLogprobs([tokenLogprob("a", null), tokenLogprob("b", -1)], 0)).toMatchObject({
    token_logprobs: [null, -1],
    top_logprobs: [null, { b: -1 }],
  });
});

test("keeps the likelier of two tokens with the same text", () => {
  const logprobs = [
    tokenLogprob("\ufffd", -1, [
      ["\ufffd", -1],
      ["\ufffd", -5],
    ]),
  ];

  expect(completionLogprobs(logprobs, 0)?.top_logprobs).toEqual([{ "\ufffd": -1 }]);
});

function chunksOf(dialect: typeof openaiChat, body: object, deltas: readonly Delta[]) {
  const encode = dialect.parse(body, CONTEXT).encoder(IDENTITY);
  return deltas
    .flatMap((delta) => encode.delta(0, delta))
    .map(({ data }) => JSON.parse(data).choices[0]);
}

const DELTAS = [
  textDelta("One", { logprobs: [tokenLogprob("One", -1)] }),
  textDelta(""),
  textDelta(" two", { logprobs: [tokenLogprob(" t", -2), tokenLogprob("wo", -3)] }),
];

test("streams completions' logprobs with offsets that continue from chunk to chunk", () => {
  const chunks = chunksOf(openaiCompletions, { prompt: "Hi", logprobs: 0 }, DELTAS);

  expect(chunks.map(({ logprobs }) => logprobs?.text_offset ?? null)).toEqual([[0], null, [3, 5]]);
});

test("streams chat's logprobs with their text, and null if there are none", () => {
  const body = { messages: [{ role: "user", content: "Hi" }], logprobs: true };

  const [opening, first, second, third] = chunksOf(openaiChat, body, DELTAS);

  expect([opening.logprobs, second.logprobs]).toEqual([null, null]);
  expect(first).toMatchObject({
    delta: { content: "One" },
    logprobs: { content: [{ token: "One" }] },
  });
  expect(third.logprobs.content.map(({ token }: { token: string }) => token)).toEqual([" t", "wo"]);
});

test("puts all logprobs of a choice into its body, and none if not requested", () => {
  const choice = choiceOf("One", { logprobs: [tokenLogprob("One", -1)] });
  const bodyOf = (fields: object) =>
    openaiCompletions
      .parse({ prompt: "Hi", ...fields }, CONTEXT)
      .encoder(IDENTITY)
      .body([choice], RECEIPT);

  expect(bodyOf({ logprobs: 1 })).toMatchObject({ choices: [{ logprobs: { tokens: ["One"] } }] });
  expect(bodyOf({})).toMatchObject({ choices: [{ logprobs: null }] });
});
