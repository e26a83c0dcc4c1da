// One answer read token by token: which grammar restricts it when, and where it is cut. Every character is a token.

import type { LlamaGrammarEvaluationState } from "node-llama-cpp";
import { expect, test } from "vitest";
import type { OutputPart } from "../../../../src/generation/events.ts";
import { type OutputPlan, PLAIN_OUTPUT } from "../../../../src/generation/request.ts";
import { AnswerReader } from "../../../../src/worker/output/answer-reader.ts";

type FakeState = { readonly grammar: string; readonly fed: string };

/** Fake grammars that record their text and the tokens fed to them. */
function open(output: Partial<OutputPlan>, options: { stop?: string[]; takes?: boolean } = {}) {
  const states: { grammar: string; fed: string }[] = [];
  const reader = new AnswerReader({
    output: { ...PLAIN_OUTPUT, ...output },
    stop: options.stop ?? [],
    promptTokens: [],
    detokenize: (tokens) => String.fromCodePoint(...tokens),
    controlTokens: () => new Map([[1, "<tool_call>"]]),
    grammars: {
      begin: (grammar) => {
        states.push({ grammar, fed: "" });
        return states.at(-1) as unknown as LlamaGrammarEvaluationState; // the reader never looks inside
      },
      feed: (state, tokens) => {
        const texts = tokens.map((token) =>
          token === 1 ? "<tool_call>" : String.fromCodePoint(token),
        );
        (state as unknown as { fed: string }).fed = texts.join("");
        return options.takes ?? true;
      },
    },
  });
  /** Reads up to a stop string. */
  const push = (text: string) => {
    const all = [];
    for (const char of text) {
      const { parts, stopString } = reader.push(char.codePointAt(0) ?? 0);
      all.push(...parts);
      if (stopString !== null) break;
    }
    return all;
  };
  const state = () => reader.grammarState as unknown as FakeState | undefined;
  return { reader, push, state };
}

const CALLS = { toolFormat: "hermes", toolNames: ["f"], callGrammar: "root ::= calls" };

test("restricts nothing without a grammar", () => {
  const { state, push } = open({});
  push("anything");

  expect(state()).toBeUndefined();
});

test("restricts an answer from its first token", () => {
  const { state } = open({ answerGrammar: { text: "root ::= x", appliesFrom: "text" } });

  expect(state()).toEqual({ grammar: "root ::= x", fed: "" });
});

test.each(["start", "text"] as const)(
  "restricts the text after the reasoning (%s), not the reasoning",
  (appliesFrom) => {
    const { state, push } = open({
      reasoningFormat: "think",
      startsInReasoning: true,
      answerGrammar: { text: "root ::= x", appliesFrom },
    });
    expect(state()).toBeUndefined();

    push("hm</think>");

    expect(state()).toMatchObject({ grammar: "root ::= x" });
  },
);

test("restricts a call from its start, including the tokens that started it", () => {
  const { state, push } = open(CALLS);
  push("Let me see. <tool_call");
  expect(state()).toBeUndefined();

  push(">");

  expect(state()).toEqual({ grammar: "root ::= calls", fed: "<tool_call>" });
});

test("recognizes a control token as the start of a call", () => {
  const { state, push, reader } = open(CALLS);
  push("a");

  reader.push(1);

  expect(state()).toEqual({ grammar: "root ::= calls", fed: "<tool_call>" });
});

test("leaves a call unrestricted when the grammar does not allow the tokens that started it", () => {
  const { state, push } = open(CALLS, { takes: false });

  push("<tool_call>");

  expect(state()).toBeUndefined();
});

test("applies stop strings to text, but not to reasoning or arguments", () => {
  const output = { ...CALLS, reasoningFormat: "think" } as const;
  const { push } = open(output, { stop: ["END", "}"] });

  const parts = push(
    '<think>END</think>Hi <tool_call>{"name": "f", "arguments": {"a": {}}}</tool_call>',
  );

  const textOf = (of: readonly OutputPart[], type: OutputPart["type"]) =>
    of.map((part) => (part.type === type ? part.text : "")).join("");
  expect(textOf(parts, "reasoning-delta")).toBe("END");
  expect(textOf(parts, "text-delta")).toBe("Hi");
  expect(textOf(parts, "tool-call-delta")).toBe('{"a": {}}');
  const stopped = open(output, { stop: ["END"] }).push("one END two");
  expect(textOf(stopped, "text-delta")).toBe("one ");
});
