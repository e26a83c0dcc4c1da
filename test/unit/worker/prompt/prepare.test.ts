// Preparing a request: whether its prompt fits, how it starts, and that no more of it is read than necessary.

import type { LlamaModel } from "node-llama-cpp";
import { expect, test } from "vitest";
import { ServiceError } from "../../../../src/errors.ts";
import type { GenerateRequest, Message } from "../../../../src/generation/request.ts";
import { ChatTemplate } from "../../../../src/worker/prompt/chat-template.ts";
import { type PrepareDeps, prepare } from "../../../../src/worker/prompt/prepare.ts";
import { messagesPrompt, PLAIN_REQUEST } from "../../../support/clients/requests.ts";

const BOS = 1;
const EOS = 2;
type ModelTokens = { bos: number | null; eos: number | null; shouldPrependBosToken: boolean };

/** One token per character, its code; `^` is BOS where control tokens are read. Records its calls. */
function fakeModel(tokens: Partial<ModelTokens> = {}) {
  const calls: [text: string, readsControlTokens: boolean, options: string | undefined][] = [];
  const model = {
    tokens: { bos: BOS, eos: EOS, shouldPrependBosToken: false, ...tokens },
    tokenize(text: string, readsControlTokens: boolean, options?: string) {
      calls.push([text, readsControlTokens, options]);
      const isBos = (char: string) => readsControlTokens && char === "^";
      return Array.from(text, (char) => (isBos(char) ? BOS : char.charCodeAt(0)));
    },
  } as unknown as LlamaModel; // the two members that prepare() uses
  return { model, calls };
}

function deps(options: Partial<PrepareDeps> = {}): PrepareDeps {
  return {
    model: fakeModel().model,
    grammars: { check: () => {} },
    template: null,
    templateProblem: null,
    reasoningFormat: null,
    contextTokens: 10,
    controlTokens: { tokenize: (text, begin) => begin(text, true) },
    vocabularySize: 50,
    messageTokens: 1,
    longestTokenChars: 1_000_000, // no bound before tokenizing, unless a test sets one
    ...options,
  };
}

function text(prompt: string): GenerateRequest {
  return { ...PLAIN_REQUEST, prompt: { type: "text", text: prompt } };
}

function chat(...contents: string[]): GenerateRequest {
  const messages: Message[] = contents.map((content) => ({ role: "user", content }));
  return { ...PLAIN_REQUEST, prompt: messagesPrompt(messages) };
}

function biased(token: number): GenerateRequest {
  const request = text("a");
  return { ...request, sampling: { ...request.sampling, logitBias: [[token, 5]] } };
}

function template(source: string, controlTexts: readonly string[] = ["^"]): ChatTemplate {
  return new ChatTemplate({
    source,
    controlTexts,
    bosText: "^",
    eosText: null,
    reasoningInstruction: null,
  });
}

function refusalOf(request: GenerateRequest, options: PrepareDeps): ServiceError {
  try {
    prepare(request, options);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

test("tokenizes the prompt, and leaves the rest of the context for the answer", () => {
  const prepared = prepare(text("abc"), deps());

  expect(prepared.promptTokens).toEqual(Uint32Array.of(97, 98, 99));
  expect(prepared.maxTokens).toBe(7);
  expect("prompt" in prepared).toBe(false);
});

test.each([
  [5, 5],
  [100, 7],
])("allows %i tokens as %i where 7 are left", (wanted, allowed) => {
  expect(prepare({ ...text("abc"), maxTokens: wanted }, deps()).maxTokens).toBe(allowed);
});

test("accepts a prompt that leaves room for one token, and rejects one that leaves none", () => {
  expect(prepare(text("123456789"), deps()).maxTokens).toBe(1);

  const refusal = refusalOf(text("1234567890"), deps());

  expect(refusal.code).toBe("context_length_exceeded");
  expect(refusal.field).toBe("prompt");
  expect(refusal.message).toContain("the prompt has 10 tokens");
  expect(refusal.message).toContain("context holds 10 tokens");
});

test("names messages as the invalid field when a chat is too long", () => {
  const options = deps({ template: template("{{ messages[0].content }}") });

  expect(refusalOf(chat("12345678901"), options).field).toBe("messages");
});

test("puts BOS before a prompt for a model that requires it", () => {
  const { model } = fakeModel({ shouldPrependBosToken: true });

  expect([...prepare(text("a"), deps({ model })).promptTokens]).toEqual([BOS, 97]);
});

test("adds no second BOS if the template has written one", () => {
  const { model } = fakeModel({ shouldPrependBosToken: true });
  const options = deps({ model, template: template("{{ bos_token }}{{ messages[0].content }}") });

  expect([...prepare(chat("a"), options).promptTokens]).toEqual([BOS, 97]);
});

test("does not accept a BOS that a client wrote as the prompt's BOS", () => {
  const { model } = fakeModel({ shouldPrependBosToken: true });
  const options = deps({ model, template: template("{{ messages[0].content }}") });

  expect([...prepare(chat("^a"), options).promptTokens]).toEqual([BOS, "^".charCodeAt(0), 97]);
});

test.each([
  [{ bos: BOS, eos: EOS, shouldPrependBosToken: false }, BOS],
  [{ bos: null, eos: EOS, shouldPrependBosToken: true }, EOS],
  [{ bos: null, eos: null, shouldPrependBosToken: true }, 0],
])("starts an empty prompt somewhere, with %j at %i", (tokens, start) => {
  const { model } = fakeModel(tokens);

  expect([...prepare(text(""), deps({ model })).promptTokens]).toEqual([start]);
});

test("rejects a biased token outside the vocabulary, naming it and the allowed range", () => {
  const refusal = refusalOf(biased(50), deps());

  expect(refusal.code).toBe("invalid_value");
  expect(refusal.field).toBe("logitBias");
  expect(refusal.message).toBe("logitBias has the token 50; this model's tokens are 0 to 49");
});

test("accepts a bias on the last token of the vocabulary", () => {
  expect(prepare(biased(49), deps()).sampling.logitBias).toEqual([[49, 5]]);
});

test("rejects a chat with a model without a template, and says what to use", () => {
  const refusal = refusalOf(chat("Hi"), deps());

  expect(refusal.code).toBe("template_error");
  expect(refusal.message).toContain("/v1/completions");
});

test("reads no control tokens in client text, and adds a leading space only at the start", () => {
  const { model, calls } = fakeModel();
  const options = deps({ model, template: template("^{{ messages[0].content }}!") });

  prepare(chat("a^b"), options);

  expect(calls).toEqual([
    ["^a", true, undefined],
    ["^", false, "trimLeadingSpace"],
    ["b!", true, "trimLeadingSpace"],
  ]);
});

test("reads only the first piece of a long text that cannot fit", () => {
  const { model, calls } = fakeModel();

  const refusal = refusalOf(text("x".repeat(1_000_000)), deps({ model }));

  expect(calls.map(([piece]) => piece.length)).toEqual([1_024]);
  expect(refusal.code).toBe("context_length_exceeded");
  expect(refusal.message).toContain("at least 1008 tokens");
});

test("counts a long text piece by piece until it is certain that it cannot fit", () => {
  const { model, calls } = fakeModel();

  refusalOf(text("x".repeat(1_000_000)), deps({ model, contextTokens: 60_000 }));

  expect(calls.map(([piece]) => piece.length)).toEqual([32_768, 32_768]);
});

test("tokenizes a long text that fits as a whole, not in pieces", () => {
  const { model, calls } = fakeModel();

  const prepared = prepare(text("x".repeat(40_000)), deps({ model, contextTokens: 50_000 }));

  expect(calls.map(([piece]) => piece.length)).toEqual([40_000]);
  expect(prepared.promptTokens).toHaveLength(40_000);
  expect(prepared.maxTokens).toBe(10_000);
});

// The bug tokenized every piece between control tokens, however far the prompt was over the limit.
test("stops reading a message full of control tokens once it is over the limit", () => {
  const { model, calls } = fakeModel();
  const options = deps({ model, template: template("{{ messages[0].content }}") });

  refusalOf(chat("^".repeat(5_000)), options);

  expect(calls.length).toBeLessThan(100);
});

test("rejects a prompt that cannot fit by its length alone, before anything is rendered or tokenized", () => {
  const { model, calls } = fakeModel();

  const tooLong = () => prepare(text("x".repeat(101)), deps({ model, longestTokenChars: 10 }));

  expect(tooLong).toThrow("the prompt has at least 10 tokens, but the context holds 10 tokens");
  expect(calls).toEqual([]);
});

test("rejects more messages than the context has tokens, before anything is rendered", () => {
  const messages = Array.from({ length: 11 }, () => ({ role: "user" as const, content: "" }));
  const request: GenerateRequest = { ...PLAIN_REQUEST, prompt: messagesPrompt(messages) };

  expect(() => prepare(request, deps())).toThrow("at least 10 tokens");
});
