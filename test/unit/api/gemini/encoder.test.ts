import { expect, test } from "vitest";
import type { Frame } from "../../../../src/api/dialect.ts";
import { geminiAnswer } from "../../../../src/api/gemini/answer.ts";
import { GeminiEncoder } from "../../../../src/api/gemini/encoder.ts";
import type { Delta } from "../../../../src/generation/events.ts";
import {
  callDelta,
  choiceOf,
  ended,
  IDENTITY,
  RECEIPT,
  reasoningDelta,
  textDelta,
  tokenLogprob,
} from "../../../support/clients/receipts.ts";

const ALL = { includesReasoning: true, includesLogprobs: false };
const encoderWith = (changes: Partial<typeof ALL> = {}) =>
  new GeminiEncoder(IDENTITY, { ...ALL, ...changes });

const answerIn = ({ data }: Frame) => geminiAnswer.parse(JSON.parse(data));
const partsIn = (frames: readonly Frame[]) =>
  frames.map((frame) => answerIn(frame).candidates[0]?.content.parts);
const partsOf = (encoder: GeminiEncoder, deltas: readonly Delta[]) =>
  partsIn(deltas.flatMap((delta) => encoder.delta(0, delta)));

test("sends every text as an answer of its own, escaped as JSON", () => {
  const [frame, ...others] = encoderWith().delta(1, textDelta('a"\0\n'));

  expect(others).toEqual([]);
  expect(frame && answerIn(frame)).toEqual({
    candidates: [{ content: { parts: [{ text: 'a"\0\n' }], role: "model" }, index: 1 }],
    modelVersion: "tiny",
    responseId: "abc",
  });
  expect(frame).not.toHaveProperty("event");
});

test("the last answer has the finish reason and the usage", () => {
  const usage = { promptTokens: 9, cachedTokens: 4, completionTokens: 6, reasoningTokens: 2 };

  const frames = encoderWith().finish(0, ended("length"), { ...RECEIPT, usage });

  expect(frames.map(answerIn)).toMatchObject([
    {
      candidates: [{ content: { parts: [{ text: "" }] }, finishReason: "MAX_TOKENS" }],
      usageMetadata: {
        promptTokenCount: 9,
        cachedContentTokenCount: 4,
        candidatesTokenCount: 4,
        thoughtsTokenCount: 2,
        totalTokenCount: 15,
      },
    },
  ]);
  const [early] = encoderWith().finish(0, ended("stop"), null);
  expect(early && answerIn(early)).not.toHaveProperty("usageMetadata");
});

test("sends calls whole, with the next event or at the end", () => {
  const encoder = encoderWith();
  const deltas = [
    ...[callDelta(0, "f", '{"a"'), callDelta(0, null, ":1}"), callDelta(1, "g")],
    ...[textDelta("then"), callDelta(2, "h", "{}")],
  ];

  const parts = partsOf(encoder, deltas);
  const last = encoder.finish(0, ended("tool-calls"), RECEIPT);

  const functionCall = (id: string, name: string, args: object) => ({
    functionCall: { id: `call_abc00000${id}`, name, args },
  });
  expect(parts).toEqual([
    [functionCall("0", "f", { a: 1 })],
    [functionCall("1", "g", {})],
    [{ text: "then" }],
  ]);
  expect(partsIn(last)).toEqual([[functionCall("2", "h", {})]]);
  expect(last.map(answerIn)[0]?.candidates[0]?.finishReason).toBe("STOP");
});

test("leaves out a call that was cut off", () => {
  const encoder = encoderWith();
  encoder.delta(0, callDelta(0, "f", '{"a"'));

  const toolCalls = [{ name: "f", arguments: '{"a"' }];
  const whole = encoder.body([choiceOf("", { toolCalls, ending: ended("length") })], RECEIPT);

  expect(partsIn(encoder.finish(0, ended("length"), RECEIPT))).toEqual([[{ text: "" }]]);
  expect(whole.candidates[0]?.content.parts).toEqual([{ text: "" }]);
});

test("sends reasoning as parts of its own if requested", () => {
  const choice = choiceOf("Well", { reasoning: "Hm" });

  for (const includesReasoning of [true, false]) {
    const encoder = encoderWith({ includesReasoning });
    const expected = [
      ...(includesReasoning ? [{ text: "Hm", thought: true }] : []),
      { text: "Well" },
    ];
    expect(encoder.body([choice], RECEIPT).candidates[0]?.content.parts).toEqual(expected);
    const streamed = partsOf(encoder, [reasoningDelta("Hm"), textDelta("Well")]);
    expect(streamed.flat()).toEqual(expected);
  }
});

test("sends logprobs with their text, and those of hidden tokens with the next text", () => {
  const logprobs = [
    tokenLogprob("He", -1, [["She", -2]]),
    tokenLogprob("y", Number.NEGATIVE_INFINITY),
  ];
  const encoder = encoderWith({ includesReasoning: false, includesLogprobs: true });
  const hidden = { ...reasoningDelta("Hm"), logprobs: [tokenLogprob("Hm", -0.5)] };

  const frames = [hidden, textDelta("Hey", { logprobs })].flatMap((delta) =>
    encoder.delta(0, delta),
  );
  const whole = encoder.body([choiceOf("Hey", { logprobs })], RECEIPT);

  const shown = (token: string, logProbability: number) => ({ token, tokenId: 1, logProbability });
  const chosenCandidates = [shown("He", -1), shown("y", -9999)];
  expect(frames.map(answerIn)).toMatchObject([
    {
      candidates: [
        { logprobsResult: { chosenCandidates: [shown("Hm", -0.5), ...chosenCandidates] } },
      ],
    },
  ]);
  expect(whole.candidates[0]).toMatchObject({
    avgLogprobs: -5000,
    logprobsResult: {
      chosenCandidates,
      topCandidates: [{ candidates: [shown("She", -2)] }, { candidates: [] }],
    },
  });
});

test.each([true, false])(
  "a call is sent before reasoning that follows it (shown: %s)",
  (includesReasoning) => {
    const deltas = [callDelta(0, "f", "{}"), reasoningDelta("Hm"), textDelta("then")];

    const parts = partsOf(encoderWith({ includesReasoning }), deltas);

    const [first, ...others] = parts;
    expect(first).toMatchObject([{ functionCall: { name: "f" } }]);
    const reasoning = includesReasoning ? [[{ text: "Hm", thought: true }]] : [];
    expect(others).toEqual([...reasoning, [{ text: "then" }]]);
  },
);
